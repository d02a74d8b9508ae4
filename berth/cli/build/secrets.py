"""``--secret`` and ``--ssh``: what a build may see and never keeps."""

import posix

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.container.spec.csvline import split_record

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 500 * 1024


def read_secrets(given: "list[str]", env: "Mapping[str, str]") -> "dict[str, bytes]":
    """The secrets by their id; BerthError for one that cannot be read."""
    found = {}
    for text in given:
        name, content = _secret(text, env)
        found[name] = content
    return found


def _secret(text: str, env: "Mapping[str, str]") -> "tuple[str, bytes]":
    fields = {"type": "", "id": "", "src": "", "env": ""}
    for field in split_record(text):
        key, equals, value = field.partition("=")
        if not equals:
            raise InvalidArgument(f"invalid field '{field}' must be a key=value pair")
        key = {"source": "src"}.get(key.lower(), key.lower())
        if key not in fields:
            raise InvalidArgument(f"unexpected key '{key}' in '{field}'")
        fields[key] = value
    if fields["type"] not in ("", "file", "env"):
        raise InvalidArgument(f'unsupported secret type "{fields["type"]}"')
    name, path, variable = fields["id"], fields["src"], fields["env"]
    if not name:
        raise InvalidArgument("secret missing ID")
    if fields["type"] == "env" and not variable:
        variable, path = path, ""
    if not path and not variable:
        # Only an id: the variable of that name, else the file of that name.
        variable, path = (name, "") if name in env else ("", name)
    if variable:
        if variable not in env:
            raise BerthError(f"secret {name}: the environment has no variable {variable}")
        content = env[variable].encode("utf-8", "surrogateescape")
    else:
        content = _read(name, path)
    if len(content) > _LARGEST:
        raise BerthError(f"secret {name} too big. max size 500KB")
    return name, content


def _read(name: str, path: str) -> bytes:
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise BerthError(f"failed to stat {path}: stat {path}: {reason}", hint=f"secret {name}") from None
    try:
        pieces, size = [], 0
        while size <= _LARGEST and (piece := posix.read(fd, 64 * 1024)):
            pieces.append(piece)
            size += len(piece)
    except OSError as error:
        raise BerthError(f"read {path}: {(error.strerror or '').lower()}") from None
    finally:
        posix.close(fd)
    return b"".join(pieces)


class Agents:
    """The sockets of SSH agents by id: the caller's own, others, or one made here for key files.

    ``close`` ends the agents that were made here.
    """

    def __init__(self, given: "list[str]", env: "Mapping[str, str]") -> None:
        self.sockets: dict[str, str] = {}
        self._started: list[int] = []
        try:
            for text in given:
                name, equals, value = text.partition("=")
                self.sockets[name or "default"] = self._socket(name, value if equals else "", env)
        except BaseException:
            self.close()
            raise

    def _socket(self, name: str, value: str, env: "Mapping[str, str]") -> str:
        if not value:
            socket = env.get("SSH_AUTH_SOCK", "")
            if not socket:
                raise BerthError("invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set")
            return socket
        paths = value.split(",")
        try:
            modes = [posix.stat(path).st_mode & 0o170000 for path in paths]
        except OSError as error:
            reason = (error.strerror or "").lower()
            raise BerthError(f"failed to open {error.filename}: {reason}") from None
        if 0o140000 in modes:
            if len(paths) > 1:
                raise BerthError("only single socket allowed")
            return paths[0]
        return self._start(paths, env)

    def _start(self, keys: "list[str]", env: "Mapping[str, str]") -> str:
        """Start an agent that has the keys; its socket."""
        import subprocess

        try:
            said = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
            lines = [line.partition(";")[0].partition("=") for line in said.splitlines()]
            values = {name: value for name, _, value in lines}
            self._started.append(int(values["SSH_AGENT_PID"]))
            socket = values["SSH_AUTH_SOCK"]
            own = {**env, "SSH_AUTH_SOCK": socket}
            subprocess.run(["ssh-add", "-q", *keys], env=own, check=True)
        except FileNotFoundError as error:
            raise BerthError(f"--ssh with key files needs the program {error.filename}") from None
        except (subprocess.CalledProcessError, KeyError, ValueError):
            raise BerthError(f"failed to parse {','.join(keys)}: no agent would take these keys") from None
        return socket

    def close(self) -> None:
        """End what was started."""
        for pid in self._started:
            try:
                posix.kill(pid, 15)
            except ProcessLookupError:
                continue
        self._started.clear()
