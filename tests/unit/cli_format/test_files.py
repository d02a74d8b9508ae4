"""Files that appear whole or not at all."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.base.errors import BerthError
from berth.cli.format.files import check_output, open_input, write_whole


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    write_whole(str(path), [b"new ", b"content"])
    assert path.read_bytes() == b"new content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    def cut_short() -> Iterator[bytes]:
        yield b"half"
        raise BerthError("the daemon hung up")

    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(BerthError, match="hung up"):
        write_whole(str(path), cut_short())
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_impossible_outputs_are_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    for path, reason in (
        (tmp_path, "cannot write to a directory"),
        (tmp_path / "link", "cannot write to a symbolic link directly"),
        (tmp_path / "no" / "x", "no such file or directory"),
        (Path("/dev/null"), "cannot write to a character device file"),
    ):
        with pytest.raises(BerthError, match=f"^failed: .*{reason}"):
            check_output(str(path), "failed")


def test_inputs_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BerthError, match=r"^open .*: no such file or directory$"):
        open_input(str(tmp_path / "nope"))
    with pytest.raises(BerthError, match=r"^read .*: is a directory$"):
        open_input(str(tmp_path))
