"""What a verb's file declares besides its act."""

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Sequence

    from berth.cli.flags import Flag

UNLIMITED = -1


class Command:
    """The outside of one verb.

    ``usage`` is what follows the verb's name in the usage line; ``min_args``/``max_args`` bound the
    arguments (``UNLIMITED`` for no upper bound). ``aliases`` are all its spellings, without the program's
    name, as help lists them. ``interspersed`` false: the first argument ends the flags. ``raw``: no
    word is a flag. ``long`` replaces
    the short description in help.
    """

    __slots__ = ("aliases", "flags", "interspersed", "long", "max_args", "min_args", "raw", "usage")

    def __init__(
        self,
        usage: str,
        flags: "Sequence[Flag]" = (),
        *,
        min_args: int = 0,
        max_args: int = 0,
        aliases: "Sequence[str]" = (),
        interspersed: bool = True,
        long: str = "",
        raw: bool = False,
    ) -> None:
        self.usage = usage
        self.flags = flags
        self.min_args = min_args
        self.max_args = max_args
        self.aliases = aliases
        self.interspersed = interspersed
        self.long = long
        self.raw = raw


def arguments_problem(command: Command, count: int) -> "tuple[str, str] | None":
    """What Docker says about a wrong number of arguments and the word before its pointer to help."""
    low, high = command.min_args, command.max_args
    if low <= count and (high == UNLIMITED or count <= high):
        return None
    if high == 0:
        return "accepts no arguments", "Run"
    if high == UNLIMITED:
        return f"requires at least {low} {_plural(low)}", "See"
    if low == high:
        return f"requires {low} {_plural(low)}", "Run"
    if low == 0:
        return f"requires at most {high} {_plural(high)}", "SRun"
    return f"requires at least {low} and at most {high} {_plural(high)}", "Run"


def _plural(count: int) -> str:
    return "argument" if count == 1 else "arguments"
