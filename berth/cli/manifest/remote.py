"""Manifests in registries, through the daemon: it has the certificates, proxies and patience for them."""

import base64

from berth.base.errors import NotFound
from berth.cli.auth import registry_auth
from berth.cli.manifest.record import Record, received
from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.container.spec.image import ImageName

_ABSENT = 404


def fetch(cli: "Cli", name: "ImageName", *, insecure: bool) -> "tuple[bool, list[Record]]":
    """What a registry has under a name: whether it is a list, and its manifests.

    NotFound, in Docker's words, when the registry has nothing there.
    """
    query = {"insecure": insecure or None}
    path = f"/berth/manifests/{quote_path(name.full)}"
    headers = {"X-Registry-Auth": registry_auth(cli.config, name.domain, cli.env)}
    try:
        answer = cli.client.request("GET", path, query, headers=headers).json()
    except ApiError as error:
        if error.status == _ABSENT and error.detail.startswith("no such manifest"):
            raise NotFound(error.detail) from None
        raise _explained(error) from None
    if "Manifests" in answer:
        children = answer["Manifests"] or ()
        return True, [received(f"{name.full}@{child['Digest']}", child) for child in children]
    return False, [received(name.full, answer)]


def publish(cli: "Cli", name: "ImageName", kind: str, document: bytes, *, source: str, insecure: bool) -> str:
    """Put a manifest or a list into a registry; its digest.

    ``source``: the repository of that registry from where what it names is to be brought, empty for none.
    """
    body: dict[str, Any] = {
        "MediaType": kind,
        "Raw": base64.b64encode(document).decode(),
        "Source": source,
    }
    query = {"insecure": insecure or None}
    path = f"/berth/manifests/{quote_path(name.full)}"
    headers = {"X-Registry-Auth": registry_auth(cli.config, name.domain, cli.env)}
    try:
        answer = cli.client.request("PUT", path, query, body=body, headers=headers).json()
    except ApiError as error:
        raise _explained(error) from None
    return str(answer["Digest"])


def _explained(error: ApiError) -> ApiError:
    """Another engine does not know these requests."""
    if error.status == _ABSENT and "page not found" in error.detail:
        hint = "this engine is not berthd: 'manifest' talks to registries through the daemon"
        return ApiError(error.status, error.detail, hint=hint)
    return error
