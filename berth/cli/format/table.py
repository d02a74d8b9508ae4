"""Columns aligned with blanks, as Docker's tables are.

The rule is that of elastic tab stops: a column is a block of consecutive lines that all have a cell
there *followed by another cell*; its width is the widest cell plus padding, at least ``min_width``. The
last cell of a line belongs to no column. On the client's start path: no imports but ``text``.
"""

from berth.cli.format.text import display_width

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIST_WIDTH, LIST_PADDING = 10, 3
"""Smallest column and gap of ``ps``, ``images`` and their like."""


def align(lines: "Sequence[Sequence[str]]", min_width: int = LIST_WIDTH, padding: int = LIST_PADDING) -> str:
    """Lines of cells to text; each line ends with a newline, no trailing blanks are removed."""
    if not lines:
        return ""
    count = len(lines[0])
    if all(len(line) == count for line in lines):
        return _align_even(lines, count, min_width, padding)
    return _align_uneven(lines, min_width, padding)


def align_text(text: str, min_width: int = LIST_WIDTH, padding: int = LIST_PADDING) -> str:
    """The same for text whose cells end with tabs and lines with newlines; a last line without newline
    gets none."""
    lines = [line.split("\t") for line in text.split("\n")]
    return align(lines, min_width, padding)[:-1]


def _align_even(lines: "Sequence[Sequence[str]]", count: int, min_width: int, padding: int) -> str:
    """The usual case: one block per column, padded column by column."""
    columns: list[Iterable[str]] = []
    for column in range(count - 1):
        cells = [line[column] for line in lines]
        if all(map(str.isascii, cells)) and all(map(str.isprintable, cells)):
            width = max(min_width, max(map(len, cells)) + padding)
            columns.append([cell.ljust(width) for cell in cells])
        else:
            widths = [display_width(cell) for cell in cells]
            width = max(min_width, max(widths) + padding)
            columns.append([cell + " " * (width - used) for cell, used in zip(cells, widths, strict=True)])
    columns.append([line[-1] for line in lines])
    return "".join(["".join(row) + "\n" for row in zip(*columns, strict=True)])


def _align_uneven(lines: "Sequence[Sequence[str]]", min_width: int, padding: int) -> str:
    """Lines with differing numbers of cells: widths per block of consecutive lines."""
    widths = [[0] * (len(line) - 1) for line in lines]
    most = max(len(line) for line in lines) - 1
    for column in range(most):
        start = 0
        while start < len(lines):
            end = start
            widest = 0
            while end < len(lines) and len(lines[end]) - 1 > column:
                widest = max(widest, display_width(lines[end][column]))
                end += 1
            for index in range(start, end):
                widths[index][column] = max(min_width, widest + padding)
            start = end + 1
    out = []
    for line, line_widths in zip(lines, widths, strict=True):
        for cell, width in zip(line, line_widths, strict=False):
            out.append(cell + " " * (width - display_width(cell)))
        out.append(line[-1] + "\n")
    return "".join(out)
