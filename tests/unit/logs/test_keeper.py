"""Keeping logs within their bounds."""

from pathlib import Path

from berth.logs.file import FileLog, Rotation
from berth.logs.keeper import LogKeeper


def kept(path: Path, rotation: Rotation) -> tuple[LogKeeper, list[str]]:
    keeper, told = LogKeeper(), []
    keeper.keep("c", FileLog(path, rotation), lambda: told.append("reopen"))
    return keeper, told


def test_a_full_file_is_put_aside_and_the_writer_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 10)
    keeper, told = kept(path, Rotation(max_size=100, max_files=2))
    keeper.look(1)
    assert told == []
    path.write_bytes(b"x" * 110)
    keeper.look(1)
    assert told == ["reopen"]
    assert not path.exists()
    assert (tmp_path / "log.1").stat().st_size == 110


def test_a_single_file_is_left_to_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 200)
    keeper, told = kept(path, Rotation(max_size=100, max_files=1))
    keeper.look(1)
    assert told == ["reopen"]
    assert path.stat().st_size == 200


def test_a_fast_log_is_looked_at_sooner(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    keeper, _ = kept(path, Rotation(max_size=1000, max_files=2))
    idle = keeper.look(1)
    path.write_bytes(b"x" * 900)
    assert 0 < keeper.look(1) < idle


def test_what_is_let_go_or_has_no_bounds_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 200)
    keeper, told = kept(path, Rotation())
    keeper.look(1)
    keeper, more = kept(path, Rotation(max_size=100, max_files=2))
    keeper.let_go("c")
    keeper.look(1)
    assert told == more == []
