"""A block of lines at the bottom of a terminal, drawn again in its place."""

from berth.cli.terminal import size

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from berth.cli.streams import Writer

    Draw = Callable[[int, int], Sequence[str]]

_ROWS, _COLUMNS = 24, 80
_NARROWEST = 8


class Screen:
    """Draws with three sequences that every terminal knows: up, column one, and erase downwards."""

    __slots__ = ("_measure", "_out", "_widths")

    def __init__(self, out: "Writer", measure: "Callable[[int], tuple[int, int]]" = size) -> None:
        self._out = out
        self._measure = measure
        self._widths: list[int] = []

    def size(self) -> tuple[int, int]:
        """(rows, columns), as they are now."""
        rows, columns = self._measure(self._out.fd)
        return rows or _ROWS, max(columns or _COLUMNS, _NARROWEST)

    def draw(self, lines: "Sequence[str]", widths: "Sequence[int] | None" = None) -> None:
        """Show ``lines`` in place of those before. Each must be narrower than the terminal."""
        self.clear()
        self._out.write("".join(f"{line}\n" for line in lines))
        self._widths = list(widths) if widths is not None else [visible(line) for line in lines]
        self._out.flush()

    def clear(self) -> None:
        """Take the block away; the cursor stands where it began.

        In a terminal that has become narrower the lines drawn before take several rows each.
        """
        columns = self.size()[1]
        rows = sum(max(1, -(-width // columns)) for width in self._widths)
        if rows:
            # Rows that have scrolled off the top cannot be reached any more.
            self._out.write(f"\x1b[{min(rows, self.size()[0] - 1)}A\r\x1b[J")
        self._widths = []


def visible(line: str) -> int:
    """The columns of a line that may have colours."""
    from berth.cli.build.text import cells, plain

    return cells(plain(line))
