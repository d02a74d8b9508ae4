"""The table that people read and the JSON that programs read."""

from collections.abc import Sequence
from typing import Any

from bench.measure import Result

BASE = "berthd"


def table(results: Sequence[Result], columns: Sequence[str]) -> str:
    """Medians by column, and beside each other column how many times berthd's figure it is."""
    heads = ["", *(cell for column in columns for cell in ((column, "x") if column != BASE else (column,)))]
    lines = [heads]
    for result in results:
        base = result.median(BASE)
        cells = [f"{result.title} [{result.unit}]"]
        for column in columns:
            median = result.median(column)
            cells.append(_figure(median, column in result.failures))
            if column != BASE:
                cells.append(f"{median / base:.2f}" if median is not None and base else "")
        lines.append(cells)
    widths = [max(len(line[index]) for line in lines) for index in range(len(heads))]
    rows = [_line(line, widths) for line in lines]
    return "\n".join(row.rstrip() for row in (rows[0], "-" * len(rows[0]), *rows[1:]))


def _figure(median: float | None, failed: bool) -> str:
    if median is None:
        return "failed" if failed else "-"
    text = f"{median:.0f}" if median >= 100 else f"{median:.1f}" if median >= 10 else f"{median:.2f}"
    return f"{text}!" if failed else text


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, figures to the right."""
    first = cells[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))])


def failures(results: Sequence[Result]) -> str:
    """One line for every cell without a figure that should have one."""
    return "\n".join(
        f"{result.name}, {column}: {' '.join(reason.split())[:400]}"
        for result in results
        for column, reason in result.failures.items()
    )


def document(results: Sequence[Result], machine: dict[str, str], versions: dict[str, str]) -> dict[str, Any]:
    """Everything, for a file."""
    return {
        "machine": machine,
        "versions": versions,
        "rows": [
            {
                "name": result.name,
                "title": result.title,
                "unit": result.unit,
                "higher_is_better": result.higher_is_better,
                "samples": result.samples,
                "medians": {column: result.median(column) for column in result.samples},
                "failures": result.failures,
            }
            for result in results
        ],
    }
