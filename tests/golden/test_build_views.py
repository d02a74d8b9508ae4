"""The live view of a build, from streams of records to lines of a terminal.

``builds/NAME.jsonl`` is a stream, ``builds/NAME.txt`` what is drawn of it: before each picture stands a line
``== columns x rows, records so far, seconds, symbols``. ``python tests/golden/test_build_views.py`` draws the
pictures again, for a person to look at the difference.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from berth.cli.build.state import BuildState
from berth.cli.build.text import cells
from berth.cli.build.view import Look, View

HERE = Path(__file__).parent / "builds"
NAMES = sorted(path.stem for path in HERE.glob("*.jsonl"))
STEP_SECONDS = 0.5
# (columns, rows, share of the records, symbols); no rows: the summary
PICTURES = [
    (79, 23, 0.2, "unicode"), (79, 23, 0.7, "unicode"), (39, 12, 0.7, "ascii"), (20, 6, 0.7, "unicode"),
    (8, 3, 0.7, "ascii"), (79, 0, 1.0, "unicode"), (39, 0, 1.0, "ascii"),
]  # fmt: skip


def records_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text().splitlines()]


def pictures(name: str) -> Iterator[tuple[str, int, int, list[str]]]:
    """(heading, columns, rows, lines) of each picture."""
    records = records_of(name)
    for columns, rows, share, symbols in PICTURES:
        count = round(len(records) * share)
        state = BuildState(0.0)
        state.context = "1 file sent (2.5kB), 3 unchanged"
        for index, record in enumerate(records[:count]):
            state.apply(record, index * STEP_SECONDS)
        view = View(state, "app:latest", Look(colour=False, unicode=symbols == "unicode"))
        now = count * STEP_SECONDS
        lines = view.frame(now, columns, rows) if rows else view.summary(now, columns)
        yield f"== {columns}x{rows}, {count} records, {now}s, {symbols}", columns, rows, lines


def drawn(name: str) -> str:
    return "".join("\n".join([heading, *lines]) + "\n" for heading, _, _, lines in pictures(name))


@pytest.mark.parametrize("name", NAMES)
def test_looks_as_it_did(name: str) -> None:
    assert drawn(name) == (HERE / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_fits_the_terminal(name: str) -> None:
    for heading, columns, rows, lines in pictures(name):
        drawn_again = [line for line in lines if not line.startswith(("warning:", "Built", "Tagged"))]
        assert max(map(cells, drawn_again)) <= columns, heading
        assert not rows or len(lines) <= rows, heading


@pytest.mark.parametrize("name", NAMES)
def test_colours_change_nothing_but_colours(name: str) -> None:
    from berth.cli.build.text import plain

    for share in (0.3, 1.0):
        records = records_of(name)
        state = BuildState(0.0)
        for record in records[: round(len(records) * share)]:
            state.apply(record, 1.0)
        plain_lines = View(state, "x", Look(colour=False, unicode=True)).frame(2.0, 60, 20)
        coloured = View(state, "x", Look(colour=True, unicode=True)).frame(2.0, 60, 20)
        assert [plain(line) for line in coloured] == plain_lines
        assert any("\x1b[" in line for line in coloured)


if __name__ == "__main__":
    for each in NAMES:
        (HERE / f"{each}.txt").write_text(drawn(each))
        print(drawn(each))
