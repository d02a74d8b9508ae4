"""A file followed by one thread while another one appends to it."""

import threading
from pathlib import Path

import pytest

from berth.image.growing import ENOUGH, Aborted, GrowingFile


def _read_all(file: GrowingFile, into: list[bytes]) -> None:
    while chunk := file.next_chunk():
        into.append(chunk)


def test_the_follower_gets_what_is_appended_in_order(tmp_path: Path) -> None:
    parts = [bytes([n]) * (300_000 + n) for n in range(20)]
    file = GrowingFile(tmp_path / "f", sum(map(len, parts)), offset=4096)
    got: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(file, got))
    reader.start()
    for part in parts:
        file.append(part)
    reader.join(30)
    assert b"".join(got) == b"".join(parts)
    assert (tmp_path / "f").read_bytes()[4096:] == b"".join(parts)
    file.close()


def test_it_is_not_woken_for_crumbs(tmp_path: Path) -> None:
    file = GrowingFile(tmp_path / "f", 2 * ENOUGH + 7)
    file.append(bytes(ENOUGH - 1))
    seen: list[int] = []
    reader = threading.Thread(target=lambda: seen.append(file.wait(0)))
    reader.start()
    file.append(b"12")
    reader.join(30)
    assert seen == [ENOUGH + 1]
    file.append(bytes(ENOUGH + 6))
    assert file.wait(2 * ENOUGH) == file.size
    file.close()


def test_abort_wakes_the_follower(tmp_path: Path) -> None:
    file = GrowingFile(tmp_path / "f", 10)
    ended = threading.Event()

    def follow() -> None:
        with pytest.raises(Aborted):
            file.next_chunk()
        ended.set()

    reader = threading.Thread(target=follow)
    reader.start()
    file.abort()
    reader.join(30)
    assert ended.is_set()
    file.close()


def test_what_is_there_already_counts_unless_it_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"head" + b"123")
    file = GrowingFile(tmp_path / "f", 5, offset=4)
    assert file.written == 3
    file.append(b"45")
    assert file.next_chunk() == b"12345"
    file.close()
    longer = GrowingFile(tmp_path / "f", 2, offset=4)
    assert longer.written == 0
    assert (tmp_path / "f").read_bytes() == b"head"
    longer.close()
