"""``berth manifest rm``."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.manifest import store
from berth.cli.manifest.names import normalise

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "MANIFEST_LIST [MANIFEST_LIST...]",
    min_args=1,
    max_args=UNLIMITED,
)


def run(cli: "Cli", options: "Options") -> int:
    """Forget lists in the making; registries are not asked. Silent."""
    errors: list[BerthError] = []
    for text in options.args:
        try:
            target = normalise(text)
            store.get_list(cli, target)
            store.remove(cli, target)
        except BerthError as error:
            errors.append(error)
    if errors:
        hint = next((error.hint for error in errors if error.hint), None)
        raise Exit(1, "\n".join(str(error) for error in errors), hint=hint)
    return 0
