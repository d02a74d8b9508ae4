"""Progress messages: the bar, and what is printed without a terminal."""

import tempfile
from typing import Any

import pytest

from berth.base.errors import BerthError
from berth.cli.cli import Cli
from berth.cli.progress import progress_bar, show_progress
from berth.cli.streams import Writer


@pytest.mark.parametrize(
    ("detail", "wanted"),
    [
        ({}, ""),
        ({"current": 512}, "    512B"),
        (
            {"current": 50, "total": 100},
            f"[{'=' * 25}>{' ' * 25}]      50B/100B",
        ),
        ({"current": 100, "total": 100}, f"[{'=' * 50}>]     100B/100B"),
        ({"current": 150, "total": 100}, f"[{'=' * 50}>]     150B"),
        ({"current": 3, "units": "files"}, "3 files"),
        ({"current": 1, "total": 2, "hidecounts": True}, f"[{'=' * 25}>{' ' * 25}] "),
    ],
)
def test_bar(detail: dict[str, Any], wanted: str) -> None:
    assert progress_bar(detail, 200) == wanted


def test_narrow_terminals_get_no_bar() -> None:
    assert progress_bar({"current": 1000, "total": 2000}, 80) == "     1kB/2kB"


def _shown(messages: list[dict[str, Any]]) -> str:
    cli = Cli("docker", {})
    with tempfile.TemporaryFile() as out:
        cli.out = Writer(out.fileno())
        show_progress(messages, cli.out)
        cli.flush()
        out.seek(0)
        return out.read().decode()


def test_plain_output_leaves_bars_out() -> None:
    messages: list[dict[str, Any]] = [
        {"status": "Pulling from x", "id": "latest"},
        {"status": "Downloading", "id": "aa", "progressDetail": {"current": 1, "total": 2}},
        {"status": "Pull complete", "id": "aa", "progressDetail": {}},
        {"stream": "Loaded image: bb\n"},
        {"aux": {"ID": "x"}},
        {"status": "done"},
    ]
    assert _shown(messages) == "latest: Pulling from x\naa: Pull complete\nLoaded image: bb\ndone\n"


def test_an_error_in_the_stream_ends_it() -> None:
    with pytest.raises(BerthError, match=r"^it broke$"):
        _shown([{"errorDetail": {"message": "it broke"}, "error": "it broke"}])
