"""``berth inspect``: whatever bears the name, looked for kind by kind in Docker's order."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.command import UNLIMITED, Command
from berth.cli.container import inspect as container
from berth.cli.flags import Flag
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.format.inspection import Found, inspect
from berth.cli.image import inspect as image
from berth.cli.network import inspect as network
from berth.cli.volume import inspect as volume
from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] NAME|ID [NAME|ID...]",
    (
        INSPECT_FORMAT,
        Flag("size", "s", "bool", "Display total file sizes if the type is container"),
        Flag("type", "", "string", "Only inspect objects of the given type"),
    ),
    min_args=1,
    max_args=UNLIMITED,
)

_KINDS = (
    "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume",
)  # fmt: skip
_ORDER = (
    "container", "image", "network", "volume", "service", "task", "node", "plugin", "secret", "config",
)  # fmt: skip
_SWARM = {
    "service": "/services/{}?insertDefaults=true",
    "task": "/tasks/{}",
    "node": "/nodes/{}",
    "secret": "/secrets/{}",
    "config": "/configs/{}",
}
_PASSED_OVER = ("not supported", "invalid reference format")
_NOT_FOUND = 404


def run(cli: "Cli", options: "Options") -> int:
    """Show everything about objects of any kind."""
    listed = '", "'.join(_KINDS)
    if options.changed("type") and not options.type:
        raise InvalidArgument(f'type is empty: must be one of "{listed}"')
    if options.type and options.type not in _KINDS:
        raise InvalidArgument(f'unknown type: "{options.type}": must be one of "{listed}"')
    search = _Search(cli, options.type, size=options.size)
    return inspect(cli, options.args, options.format, search.find)


class _Search:
    """Looks for one name after another; asks at most once whether the daemon manages a swarm."""

    def __init__(self, cli: "Cli", kind: str, *, size: bool) -> None:
        self._cli = cli
        self._kind = kind
        self._size = size
        self._swarm: bool | None = None

    def find(self, name: str) -> Found:
        """The first object of that name."""
        for kind in _ORDER:
            if self._kind not in ("", kind) or (not self._kind and kind in _SWARM and not self._in_swarm()):
                continue
            try:
                found = self._ask(kind, name)
            except BerthError as error:
                if not self._kind and _passes(error):
                    continue
                raise
            if self._size and kind != "container":
                self._cli.note(f"WARNING: --size ignored for {kind}")
            return found
        raise BerthError(f"Error: No such object: {name}")

    def _ask(self, kind: str, name: str) -> Found:
        cli = self._cli
        if kind == "container":
            return container.find(cli, name, size=self._size)
        if kind == "image":
            return image.find(cli, name)
        if kind == "network":
            return network.find(cli, name)
        if kind == "volume":
            return volume.find(cli, name)
        path = "/plugins/{}/json" if kind == "plugin" else _SWARM[kind]
        answer = cli.client.request("GET", path.format(quote_path(name)))
        return Found(answer.read().decode("utf-8", "replace"), "any")

    def _in_swarm(self) -> bool:
        if self._swarm is None:
            info = self._cli.client.get("/info")
            self._swarm = bool((info.get("Swarm") or {}).get("ControlAvailable"))
        return self._swarm


def _passes(error: BerthError) -> bool:
    """Whether the search goes on with the next kind."""
    missing = isinstance(error, ApiError) and error.status == _NOT_FOUND
    return missing or any(text in str(error) for text in _PASSED_OVER)
