"""Credentials of registries from config.json, in the form of the ``X-Registry-Auth`` header."""

from berth.wire.json import dumps

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.config import ConfigFile

_HUB_KEY = "https://index.docker.io/v1/"


def registry_auth(config: "ConfigFile", domain: str) -> str:
    """The header's value for a registry; that of an empty object when no credentials are stored."""
    import base64

    return base64.urlsafe_b64encode(dumps(_stored(config, domain)).encode()).decode()


def _stored(config: "ConfigFile", domain: str) -> "dict[str, Any]":
    import base64

    key = _HUB_KEY if domain == "docker.io" else domain
    entries = config.mapping("auths")
    entry = entries.get(key)
    if entry is None:
        wanted = _host(key)
        entry = next((entries[name] for name in entries if _host(name) == wanted), None)
    if not isinstance(entry, dict):
        return {}
    found = {"serveraddress": key}
    try:
        user, _, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
    except ValueError:
        return {}
    if user:
        found |= {"username": user, "password": password.rstrip("\0")}
    for name in ("identitytoken", "registrytoken"):
        if entry.get(name):
            found[name] = entry[name]
    return found if len(found) > 1 else {}


def _host(key: str) -> str:
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]
