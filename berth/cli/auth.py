"""Credentials of registries in the form of the ``X-Registry-Auth`` header."""

from berth.wire.json import dumps

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping

    from berth.cli.config import ConfigFile

_NOBODY = "e30="
"""An empty object: what the engine gets when nothing is known for a registry."""


def registry_auth(config: "ConfigFile", domain: str, env: "Mapping[str, str]") -> str:
    """The header's value for a registry."""
    kept = config.mapping("auths") or config.mapping("credHelpers") or config.text("credsStore")
    if not kept:
        return _NOBODY
    import base64

    from berth.cli.credentials import find, server_key

    found = find(config, server_key(domain), env)
    return base64.urlsafe_b64encode(dumps(found).encode()).decode()
