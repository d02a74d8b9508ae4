"""What a build is made of, as it arrives: a tar in the body, a remote context, or berth's own requests.

berth's clients send a context in two requests and then the build, so that files which the engine has are not
sent again:

``POST /berth/contexts?key=K``
    Lines of JSON, one array for each file and directory, sorted by path: ``[path, kind, mode, uid, gid, size,
    mtime_ns, ctime_ns, inode, link]``; ``kind`` is ``f``, ``d`` or ``l``. ``K`` names the directory: the
    same K means the same directory at another time. Answer: ``{"id": ..., "wanted": [index, ...]}``.
``POST /berth/contexts/ID/files``
    A tar of the wanted files under their paths. Answer 204.
``POST /build?context=ID&events=1&...``
    The parameters of ``POST /build``, and a JSON object in the body (see ``_Body``), every field optional.
    Without ``context`` there is none: ``dockerfile`` then holds the text.
``GET /berth/images/NAME/files``
    A tar of the image's files.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import msgspec

from berth.api.answers import TAR, json_answer, no_content, stream
from berth.api.build.parameters import build_arguments
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.base.tasks import Stop, in_thread
from berth.build.listing import Listing
from berth.build.request import BuildRequest
from berth.engine.build.export import image_files
from berth.engine.build.fetch import fetch_context
from berth.engine.build.locate import DEFAULT_NAME, check_not_empty, find_dockerfile, without_ignored
from berth.engine.build.session import Given
from berth.registry.credentials import Credentials, complete
from berth.server.message import Answer

T = TypeVar("T")

_LIST_LIMIT = 64 << 20
"""Bytes of a list: about half a million files."""
_SECRET_LIMIT = 500 << 10
"""Bytes of one secret, as with BuildKit."""
_CONTEXT = "context:"
_JSON = "application/json"
_IMAGES = ("image:", "docker-image://")
_REGISTRIES = "x-registry-config"
_SECRETS = "x-berth-build-secrets"


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    """What berth's clients add. ``dockerfile``: the text where it is not in the context. ``secrets``: base64
    by id. ``ssh``: paths of agent sockets by id; an agent must belong to the caller. ``named``: further
    contexts, ``context:ID``, ``image:REF`` or a URL. ``ignore``: the rules by which the client has left files
    out."""

    dockerfile: str | None = None
    source: str = ""
    secrets: dict[str, str] = {}
    ssh: dict[str, str] = {}
    named: dict[str, str] = {}
    check: bool = False
    dry_run: bool = False
    no_cache_filter: tuple[str, ...] = ()
    source_date_epoch: int | None = None
    devices: tuple[str, ...] = ()
    gpus: str = ""
    allow: tuple[str, ...] = ()
    shell_on_fail: bool = False
    ignore: str = ""
    ignore_name: str = ".dockerignore"


class Inputs(NamedTuple):
    """Everything that is not in the query."""

    dockerfile: bytes
    dockerfile_name: str
    context: Listing | None
    named: Mapping[str, Listing]
    given: Given
    body: _Body

    def complete(self, request: BuildRequest) -> BuildRequest:
        """The request with what the body says."""
        body = self.body
        return msgspec.structs.replace(
            request,
            source=body.source or request.source,
            no_cache_stages=frozenset(body.no_cache_filter),
            named=body.named,
            devices=body.devices,
            gpus=body.gpus,
            entitlements=frozenset(body.allow),
            secrets=frozenset(self.given.secrets),
            ssh=frozenset(self.given.ssh),
            source_date_epoch=body.source_date_epoch,
            check=body.check,
            dry_run=body.dry_run,
            shell_on_fail=body.shell_on_fail,
            ignore=body.ignore.encode(),
            ignore_name=body.ignore_name,
        )


async def read_inputs(call: Call) -> Inputs:
    """Receive them. InvalidArgument for what is no context, or one without the Dockerfile."""
    if call.text("context") or (_is_json(call) and not call.text("remote")):
        return await _own(call)
    contexts, remote = call.engine.builds.contexts, call.text("remote")
    if remote:
        listing = await _fetched(call, remote)
    else:
        listing = contexts.get(await contexts.receive(call.request.body))
    name = call.text("dockerfile")
    seen = await in_thread(Stop(), without_ignored, listing, name)
    body = _Body(ignore=seen.rules.decode("utf-8", "replace"), ignore_name=seen.name)
    dockerfile = find_dockerfile(listing, name)
    return Inputs(dockerfile, name or DEFAULT_NAME, seen.listing, {}, _given(call, body), body)


async def _fetched(call: Call, url: str) -> Listing:
    return (await fetch_context(call.engine, url, build_arguments(call), lambda _record: None)).listing


def _is_json(call: Call) -> bool:
    kind = call.request.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == _JSON


async def _own(call: Call) -> Inputs:
    body = _decoded(await call.request.body.read())
    contexts = call.engine.builds.contexts
    context_id, name = call.text("context"), call.text("dockerfile")
    listing = contexts.get(context_id, call.request.caller) if context_id else None
    if body.dockerfile is not None:
        dockerfile = body.dockerfile.encode("utf-8", "surrogateescape")
        check_not_empty(dockerfile, name or DEFAULT_NAME)
    elif listing is not None:
        dockerfile = find_dockerfile(listing, name)
    else:
        raise InvalidArgument("there is neither a context nor a Dockerfile")
    named: dict[str, Listing] = {}
    for key, value in body.named.items():
        if value.startswith(_CONTEXT):
            named[key] = contexts.get(value.removeprefix(_CONTEXT), call.request.caller)
        elif not value.startswith(_IMAGES):
            named[key] = await _fetched(call, value)
    return Inputs(dockerfile, name or DEFAULT_NAME, listing, named, _given(call, body), body)


def _decoded(data: bytes) -> _Body:
    try:
        return msgspec.json.decode(data, type=_Body) if data.strip() else _Body()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid build request: {error}") from None


def _given(call: Call, body: _Body) -> Given:
    headers = call.request.headers
    secrets = {**_header(headers.get(_SECRETS, ""), str, "secrets"), **body.secrets}
    registries = _header(headers.get(_REGISTRIES, ""), Credentials, "registry configuration")
    return Given(
        caller=call.request.caller,
        secrets={name: _unpacked(name, value) for name, value in secrets.items()},
        ssh=body.ssh,
        credentials={name: complete(value) for name, value in registries.items()},
    )


def _unpacked(name: str, value: str) -> bytes:
    try:
        secret = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise InvalidArgument(f"the secret {name} is not base64") from None
    if len(secret) > _SECRET_LIMIT:
        raise InvalidArgument(f"invalid secret {name}: it has more than {_SECRET_LIMIT} bytes")
    return secret


def _header(text: str, kind: type[T], what: str) -> dict[str, T]:
    """A header that is base64 (of either alphabet) of a JSON object; empty without it."""
    if not text:
        return {}
    try:
        padded = text + "=" * (-len(text) % 4)
        data = base64.b64decode(padded.replace("-", "+").replace("_", "/"))
        return msgspec.json.decode(data, type=dict[str, kind])  # type: ignore[valid-type]
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise InvalidArgument(f"invalid {what}: it must be base64 of a JSON object") from None


async def offer(call: Call) -> Answer:
    """``POST /berth/contexts``."""
    offered = await call.engine.builds.contexts.offer(
        call.text("key"), await call.request.body.read(_LIST_LIMIT), call.request.caller
    )
    return json_answer({"id": offered.id, "wanted": offered.wanted})


async def fill(call: Call) -> Answer:
    """``POST /berth/contexts/ID/files``."""
    await call.engine.builds.contexts.fill(call.name, call.request.body, call.request.caller)
    return no_content()


async def files(call: Call) -> Answer:
    """``GET /berth/images/NAME/files``."""
    return stream(await image_files(call.engine, call.name, call.number("latest")), TAR)
