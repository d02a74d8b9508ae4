"""Cutting a log that has ended within its bounds."""

from pathlib import Path

import pytest

from berth.logs.file import FileLog, Rotation, split_records


def _record(text: str, tag: str = "F") -> bytes:
    return f"2026-01-01T00:00:00.000000000+00:00 stdout {tag} {text}\n".encode()


@pytest.mark.parametrize("files", [1, 2, 3])
@pytest.mark.parametrize("limit", [100, 300, 1000])
def test_pieces_are_the_end_of_the_log_in_whole_records(files: int, limit: int) -> None:
    records = [_record(str(n)) for n in range(60)]
    data = b"".join(records)
    pieces = split_records(data, limit, files)
    joined = b"".join(pieces)
    assert data.endswith(joined)
    assert len(pieces) <= files
    assert all(len(piece) <= limit for piece in pieces)
    assert joined.count(b"\n") == len(joined) // len(records[-1]) or joined.startswith(b"2026")


def test_a_long_line_in_parts_is_not_torn() -> None:
    line = _record("a", "P") + _record("b", "P") + _record("c", "F")
    data = _record("first") + line + line
    pieces = split_records(data, len(line) + 10, 2)
    assert pieces == [line, line]


def test_a_cut_inside_a_long_line_goes_on_to_the_next(tmp_path: Path) -> None:
    """Records that end no line, and the torn one that the read begins with, are passed over one by one."""
    long_line = b"".join(_record(str(n), "P") for n in range(20)) + _record("end")
    path = tmp_path / "x.log"
    path.write_bytes(long_line * 3 + _record("torn F") + _record("last"))
    log = FileLog(path, Rotation(max_size=150, max_files=2))
    log.cut()
    assert path.read_bytes() == _record("torn F") + _record("last")


def test_one_line_longer_than_everything_stays_whole() -> None:
    data = b"".join(_record(str(n), "P") for n in range(20))
    assert split_records(data, 100, 2) == [data]


def test_cut_leaves_current_and_rotated_files(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"".join(_record(str(n)) for n in range(100)))
    log = FileLog(path, Rotation(max_size=1000, max_files=2))
    log.cut()
    assert 0 < path.stat().st_size <= 1000
    assert 0 < (tmp_path / "x.log.1").stat().st_size <= 1000
    assert path.read_bytes().endswith(_record("99"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.log", "x.log.1"]
