"""``berth context rm``."""

from berth.base.errors import Conflict, InvalidArgument, NotFound
from berth.cli.command import UNLIMITED, Command
from berth.cli.contexts import store
from berth.cli.flags import Flag
from berth.cli.format.removal import remove_each
from berth.cli.system.identity import context_in_force

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "CONTEXT [CONTEXT...]",
    (Flag("force", "f", "bool", "Force the removal of a context in use"),),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("context rm", "context remove"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Forget contexts; prints their names."""
    current = context_in_force(cli)

    def remove(name: str) -> None:
        if name == store.DEFAULT:
            raise InvalidArgument('context "default" cannot be removed')
        if name == current:
            if not options.force:
                raise Conflict(f'context "{name}" is in use, set -f flag to force remove')
            store.make_current(cli, store.DEFAULT)
        if not options.force and not store.exists(cli, name):
            raise NotFound(f'context "{name}" does not exist')
        store.remove(cli, name)

    return remove_each(cli, options.args, remove)
