"""Notes beside the output, set apart as Docker's client does."""

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.streams import Writer

_MARK = " Info -> "
_COLOURED = "\x1b[1m\x1b[106m\x1b[30mi\x1b[0m\x1b[0m \x1b[96mInfo → \x1b[0m\x1b[0m"


def print_note(out: "Writer", text: str) -> None:
    """An empty line, then the lines of ``text`` behind a mark; in colour on a terminal."""
    colour = out.is_terminal()
    first, *rest = text.split("\n")
    out.line()
    out.line(f"{_COLOURED}\x1b[3m{first}\x1b[0m" if colour else f"{_MARK}{first}")
    for line in rest:
        out.line(" " * len(_MARK) + (f"\x1b[3m{line}\x1b[0m" if colour else line))
    out.flush()
