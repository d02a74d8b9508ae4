"""``berth context use``."""

from berth.cli.command import Command
from berth.cli.contexts import store

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("CONTEXT", min_args=1, max_args=1)


def run(cli: "Cli", options: "Options") -> int:
    """Make a context the one that commands use from now on."""
    name = options.args[0]
    if name != store.DEFAULT:
        store.check_name(name)
        store.get(cli, name)
    store.make_current(cli, name)
    cli.out.line(name)
    cli.note(f'Current context is now "{name}"')
    if name != store.DEFAULT and cli.env.get("DOCKER_HOST"):
        cli.note(
            "Warning: DOCKER_HOST environment variable overrides the active context. "
            f'To use "{name}", either set the global --context flag, '
            "or unset DOCKER_HOST environment variable."
        )
    return 0
