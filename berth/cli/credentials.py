"""Passwords of registries: in config.json, or with a helper program, as Docker's client keeps them.

A helper is a program ``docker-credential-NAME`` that is called with ``get``, ``store`` or ``erase`` and
speaks JSON (docker-credential-helpers' protocol). Which one keeps what stands in config.json:
``credHelpers`` by registry, ``credsStore`` for all others.
"""

import base64
import os
import signal
import subprocess

from berth.base.errors import BerthError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from berth.cli.config import ConfigFile

HUB = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"
_NOT_FOUND = "credentials not found in native keychain"


def server_key(text: str) -> str:
    """How a registry is named in the file: Hub by its old URL, any other by host and port."""
    if not text or text == HUB:
        return HUB
    host = text.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return HUB if host in ("docker.io", "index.docker.io") else host


def helper_for(config: "ConfigFile", server: str) -> str:
    """The name of the helper that keeps a registry's credentials; empty when the file does."""
    name = config.mapping("credHelpers").get(server)
    return name if isinstance(name, str) and name else config.text("credsStore")


def find(config: "ConfigFile", server: str, env: "Mapping[str, str]") -> "dict[str, str]":
    """What is known for a registry, as Docker's AuthConfig; empty when nothing is."""
    helper = helper_for(config, server)
    if not helper:
        return _from_file(config, server)
    try:
        answer = _call(helper, "get", server, env)
    except BerthError:
        return {}
    from berth.wire.json import loads

    try:
        found = loads(answer)
        user, secret = str(found["Username"]), str(found["Secret"])
    except (ValueError, KeyError, TypeError):
        return {}
    if user == _TOKEN_USER:
        return {"serveraddress": server, "identitytoken": secret}
    return {"serveraddress": server, "username": user, "password": secret}


def store(config: "ConfigFile", entry: "dict[str, str]", env: "Mapping[str, str]") -> bool:
    """Keep credentials; True when they are now in a file that anybody with the user's rights can read.

    BerthError when that fails.
    """
    server = entry["serveraddress"]
    helper = helper_for(config, server)
    auths = dict(config.mapping("auths"))
    if helper:
        token = entry.get("identitytoken")
        secret = {
            "ServerURL": server,
            "Username": _TOKEN_USER if token else entry["username"],
            "Secret": token or entry["password"],
        }
        from berth.wire.json import dumps

        _call(helper, "store", dumps(secret), env)
        auths[server] = {}
        save(config, {**config.values, "auths": auths})
        return False
    pair = f"{entry['username']}:{entry.get('password', '')}".encode()
    kept = {"auth": base64.b64encode(pair).decode()}
    if entry.get("identitytoken"):
        kept["identitytoken"] = entry["identitytoken"]
    if auths.get(server) == kept:
        return False
    auths[server] = kept
    save(config, {**config.values, "auths": auths})
    return not entry.get("identitytoken")


def erase(config: "ConfigFile", server: str, env: "Mapping[str, str]") -> None:
    """Forget what is kept for a registry, under every spelling. BerthError when a helper fails."""
    spellings = [server] if server == HUB else [server, f"http://{server}", f"https://{server}"]
    helper = helper_for(config, server)
    auths = dict(config.mapping("auths"))
    known = [name for name in spellings if name in auths]
    for name in known:
        del auths[name]
    if known:
        save(config, {**config.values, "auths": auths})
    if helper:
        _call(helper, "erase", server, env)


def save(config: "ConfigFile", values: "dict[str, Any]") -> None:
    """Write config.json as a whole or not at all, readable for its owner only."""
    import json

    path = os.path.realpath(os.path.join(config.directory, "config.json"))
    temporary = f"{path}.{os.getpid()}.tmp"
    text = json.dumps(values, indent="\t", ensure_ascii=False)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise BerthError(f"open {path}: {(error.strerror or str(error)).lower()}") from None
    config.values = values


def _from_file(config: "ConfigFile", server: str) -> "dict[str, str]":
    entries = config.mapping("auths")
    entry = entries.get(server)
    if entry is None:
        entry = next((entries[name] for name in entries if server_key(name) == server_key(server)), None)
    if not isinstance(entry, dict):
        return {}
    found = {"serveraddress": server}
    try:
        user, _, password = base64.b64decode(str(entry.get("auth") or "")).decode().partition(":")
    except ValueError:
        return {}
    if user:
        found |= {"username": user, "password": password.rstrip("\0")}
    for name in ("identitytoken", "registrytoken"):
        if entry.get(name):
            found[name] = str(entry[name])
    return found if len(found) > 1 else {}


def _call(helper: str, action: str, text: str, env: "Mapping[str, str]") -> str:
    """Run a helper; its output. BerthError, in Docker's words, when it fails or is not there."""
    program = f"docker-credential-{helper}"
    done = None
    # A helper may end without having read its input; this process dies of that by default (see __main__).
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        done = subprocess.run([program, action], input=text.encode(), capture_output=True, env=dict(env))
        out, problem = done.stdout.decode("utf-8", "replace").strip(), f"exit status {done.returncode}"
    except FileNotFoundError:
        out, problem = "", f'exec: "{program}": executable file not found in $PATH'
    except OSError as error:
        out, problem = "", f'exec: "{program}": {(error.strerror or "").lower()}'
    finally:
        signal.signal(signal.SIGPIPE, before)
    if done is not None and done.returncode == 0:
        return out
    if action == "erase" and out == _NOT_FOUND:
        return ""
    verbs = {"get": "getting", "store": "storing", "erase": "erasing"}
    raise BerthError(f"error {verbs[action]} credentials - err: {problem}, out: `{out}`")
