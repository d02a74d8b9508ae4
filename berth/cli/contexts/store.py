"""Contexts on disk, in Docker's own layout so that both clients share them.

::

    CONFIG/config.json                        "currentContext"
    CONFIG/contexts/meta/SHA256(name)/meta.json
    CONFIG/contexts/tls/SHA256(name)/docker/{ca,cert,key}.pem
"""

import os
import shutil

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.config import read_file
from berth.cli.context import context_directory, read_context
from berth.cli.format.files import write_whole
from berth.cli.format.gojson import encode
from berth.client.endpoint import DEFAULT_SOCKET
from berth.wire.json import loads

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli

DEFAULT = "default"
IN_MEMORY = "<IN MEMORY>"
_DEFAULT_DESCRIPTION = "Current DOCKER_HOST based configuration"
_PATTERN = "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"


def check_name(name: str) -> None:
    """InvalidArgument with Docker's text for what cannot be a context's name."""
    if not name:
        raise InvalidArgument("context name cannot be empty")
    if name == DEFAULT:
        raise InvalidArgument('"default" is a reserved context name')
    legal = all(char.isascii() and (char.isalnum() or char in "_.+-") for char in name)
    if len(name) < 2 or not legal or not name[0].isalnum():
        problem = f'names are validated against regexp "{_PATTERN}"'
        raise InvalidArgument(f'context name "{name}" is invalid, {problem}')


def default_context(cli: "Cli") -> "dict[str, Any]":
    """The context that is not stored: what flags and environment say, else the default socket."""
    hosts = cli.globals.host if cli.globals is not None else []
    host = hosts[0] if hosts else cli.env.get("BERTH_HOST") or cli.env.get("DOCKER_HOST")
    return _description(DEFAULT, {"Host": host or f"unix://{DEFAULT_SOCKET}", "SkipTLSVerify": False})


def _description(name: str, docker: "dict[str, Any]", text: str = "") -> "dict[str, Any]":
    metadata = {"Description": text} if text else {}
    return {"Name": name, "Metadata": metadata, "Endpoints": {"docker": docker}}


def get(cli: "Cli", name: str) -> "dict[str, Any]":
    """The description of a context; BerthError with Docker's text when there is none."""
    return default_context(cli) if name == DEFAULT else read_context(cli, name)


def stored(cli: "Cli") -> "list[dict[str, Any]]":
    """All descriptions on disk."""
    root = f"{cli.config.directory}/contexts/meta"
    found = []
    for folder in sorted(os.listdir(root)) if os.path.isdir(root) else ():
        data = read_file(f"{root}/{folder}/meta.json")
        if data:
            found.append(loads(data))
    return found


def summary(cli: "Cli", context: "dict[str, Any]") -> "tuple[str, str]":
    """A context's description and its daemon's address, for the listing."""
    docker = (context.get("Endpoints") or {}).get("docker") or {}
    if context.get("Name") == DEFAULT:
        return _DEFAULT_DESCRIPTION, docker.get("Host", "")
    return (context.get("Metadata") or {}).get("Description", ""), docker.get("Host", "")


def exists(cli: "Cli", name: str) -> bool:
    """Whether a context of that name is stored."""
    return os.path.isdir(context_directory(cli.config.directory, name)[0])


def create(cli: "Cli", context: "dict[str, Any]", files: "dict[str, bytes]") -> None:
    """Store a context and its TLS files (by name: ``ca.pem``)."""
    meta, tls = context_directory(cli.config.directory, context["Name"])
    os.makedirs(meta, mode=0o755, exist_ok=True)
    write_whole(f"{meta}/meta.json", [ordered_json(context).encode()])
    shutil.rmtree(tls, ignore_errors=True)
    for name, data in files.items():
        os.makedirs(f"{tls}/docker", mode=0o700, exist_ok=True)
        write_whole(f"{tls}/docker/{name}", [data])


def ordered_json(context: "dict[str, Any]") -> str:
    """A description as JSON in Docker's order of fields."""
    parts = (f'"{name}":{encode(context[name])}' for name in ("Name", "Metadata", "Endpoints"))
    return "{" + ",".join(parts) + "}"


def tls_files(cli: "Cli", name: str) -> "dict[str, bytes]":
    """The TLS files of a stored context."""
    folder = f"{context_directory(cli.config.directory, name)[1]}/docker"
    found = {}
    for file in sorted(os.listdir(folder)) if name != DEFAULT and os.path.isdir(folder) else ():
        found[file] = read_file(f"{folder}/{file}") or b""
    return found


def remove(cli: "Cli", name: str) -> None:
    """Delete what is stored of a context."""
    for folder in context_directory(cli.config.directory, name):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise BerthError(f"failed to remove context {name}: {error}") from None


def make_current(cli: "Cli", name: str) -> None:
    """Write ``currentContext`` to config.json, with everything else in it as it was."""
    config = cli.config
    wanted = "" if name == DEFAULT else name
    if config.text("currentContext") == wanted:
        return
    values = {"auths": {}, **config.values}
    values.pop("currentContext", None)
    if wanted:
        values["currentContext"] = wanted
    os.makedirs(config.directory, mode=0o700, exist_ok=True)
    write_whole(f"{config.directory}/config.json", [encode(values, indent="\t").encode()])
