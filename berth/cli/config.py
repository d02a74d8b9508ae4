"""The client's configuration directory, shared with Docker's client: ``config.json`` and contexts."""

import posix

from berth.wire.json import loads

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from berth.cli.flags import Options


class ConfigFile:
    """``config.json`` as a dict, with the directory it lies in."""

    __slots__ = ("directory", "values")

    def __init__(self, directory: str, values: "dict[str, Any]") -> None:
        self.directory = directory
        self.values = values

    def text(self, name: str) -> str:
        """A string setting; empty when absent or of another type."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def mapping(self, name: str) -> "dict[str, Any]":
        """An object setting; empty when absent or of another type."""
        value = self.values.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def http_headers(self) -> dict[str, str]:
        """Extra headers for every request (``HttpHeaders``)."""
        return {str(name): str(value) for name, value in self.mapping("HttpHeaders").items()}


def config_dir(env: "Mapping[str, str]", options: "Options | None") -> str:
    """``--config``, else BERTH_CONFIG, DOCKER_CONFIG, else ``~/.docker``."""
    if options is not None and options.config:
        return str(options.config)
    return env.get("BERTH_CONFIG") or env.get("DOCKER_CONFIG") or f"{home(env)}/.docker"


def home(env: "Mapping[str, str]") -> str:
    """The caller's home directory."""
    if env.get("HOME"):
        return env["HOME"]
    import pwd

    try:
        return pwd.getpwuid(posix.getuid()).pw_dir
    except KeyError:
        return "/"


def read_file(path: str) -> bytes | None:
    """The content of a file, or None when it does not exist; OSError else."""
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        data = b""
        while piece := posix.read(fd, 65536):
            data += piece
        return data
    finally:
        posix.close(fd)


def load_config(directory: str, warn: "Callable[[str], None]") -> ConfigFile:
    """Read ``config.json``; a file that cannot be read is a warning, not a failure, as in Docker's client."""
    path = f"{directory}/config.json"
    try:
        data = read_file(path)
        values = loads(data) if data and data.strip() else {}
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
    except OSError as error:
        warn(f"WARNING: Error loading config file: open {path}: {(error.strerror or '').lower()}")
        values = {}
    except ValueError as error:
        warn(f"WARNING: Error loading config file: {path}: {error}")
        values = {}
    return ConfigFile(directory, values)
