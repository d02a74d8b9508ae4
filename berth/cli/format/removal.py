"""One DELETE for each of several objects, as ``volume rm`` and ``network rm`` need."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from berth.cli.cli import Cli


def remove_each(cli: "Cli", names: "Iterable[str]", remove: "Callable[[str], None]") -> int:
    """Call ``remove`` for every name and print those that went; the errors follow together, exit code 1."""
    errors: list[BerthError] = []
    for name in names:
        try:
            remove(name)
        except BerthError as error:
            errors.append(error)
        else:
            cli.out.line(name)
    if errors:
        hint = next((error.hint for error in errors if error.hint), None)
        raise Exit(1, "\n".join(str(error) for error in errors), hint=hint)
    return 0
