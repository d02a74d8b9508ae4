"""Layers assembled in processes of their own: the same result, the same errors, and nobody left behind."""

import contextlib
import gzip
import io
import os
import signal
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.base.errors import Internal, InvalidArgument
from berth.image.growing import Aborted, GrowingFile
from berth.image.layer.erofs_form import ErofsForm
from berth.image.layers import StagedLayer, Staging
from berth.image.limits import DEFAULT_LIMITS
from berth.image.workers import Workers


def _archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number in range(20):
            entry = tarfile.TarInfo(f"folder/{number}")
            entry.size = 200_000
            tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    return out.getvalue()


@pytest.fixture
def workers() -> Iterator[Workers]:
    before = _children()
    found = Workers()
    found.enter()
    yield found
    found.leave()
    assert _children() == before


def _children(pid: str = "self") -> set[str]:
    found: set[str] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found.update((task / "children").read_text().split())
    return found


@pytest.fixture
def staging(tmp_path: Path, workers: Workers) -> Iterator[Staging]:
    made = Staging(tmp_path / "staging", ErofsForm(), DEFAULT_LIMITS, workers)
    yield made
    made.close()
    assert not (tmp_path / "staging").exists()


def _follow(staging: Staging, path: Path, data: bytes) -> StagedLayer:
    blob = GrowingFile(path, len(data))
    try:
        blob.append(data)
        return staging.follow(blob)
    finally:
        blob.close()


def test_a_process_makes_the_same_of_a_blob_as_a_thread(staging: Staging, tmp_path: Path) -> None:
    data = gzip.compress(_archive(), 1)
    pieces = [data, b""]
    here = staging.write(lambda: pieces.pop(0))
    there = _follow(staging, tmp_path / "blob", data)
    assert there.info == here.info
    assert (there.blob_digest, there.blob_size) == (here.blob_digest, here.blob_size)
    start = slice(4096, 4096 + there.info.tar_size)
    files = [(staged.directory / "layer.erofs").read_bytes() for staged in (here, there)]
    assert files[0][start] == files[1][start]
    assert len(files[0]) == len(files[1])


def test_a_plain_archive_stays_where_it_has_landed(staging: Staging) -> None:
    data = _archive()
    landing = staging.landing(len(data), plain=True)
    assert landing.in_place
    threading.Thread(target=landing.blob.append, args=(data,)).start()
    staged = staging.follow_landing(landing, lambda _: None)
    landing.close()
    pieces = [data, b""]
    assert staged.info == staging.write(lambda: pieces.pop(0)).info
    assert (staged.directory / "layer.erofs").read_bytes()[4096 : 4096 + len(data)] == data


def test_a_compressed_one_is_gone_when_it_is_unpacked(staging: Staging) -> None:
    data = gzip.compress(_archive(), 1)
    landing = staging.landing(len(data), plain=False)
    landing.blob.append(data)
    staged = staging.follow_landing(landing, lambda _: None)
    assert landing.blob.path.stat().st_size == 0
    landing.close()
    assert sorted(os.listdir(staging.directory)) == [staged.directory.name]


def test_a_bad_archive_is_refused_in_the_same_words(staging: Staging, tmp_path: Path) -> None:
    data = gzip.compress(_archive(), 1)[:2_000_000]
    pieces = [data, b""]
    with pytest.raises(InvalidArgument) as here:
        staging.write(lambda: pieces.pop(0))
    with pytest.raises(InvalidArgument) as there:
        _follow(staging, tmp_path / "blob", data)
    assert str(there.value) == str(here.value) != ""
    assert os.listdir(staging.directory) == []


def test_a_blob_that_does_not_come_ends_the_process(staging: Staging, tmp_path: Path) -> None:
    data = gzip.compress(_archive(), 1)
    blob = GrowingFile(tmp_path / "blob", len(data))
    blob.append(data[:1_500_000])
    with pytest.raises(Aborted):
        staging.follow(blob, lambda position: blob.abort() if position else None)
    blob.close()
    assert os.listdir(staging.directory) == []


def test_a_process_that_is_killed_fails_the_layer_and_not_the_next_one(
    staging: Staging, tmp_path: Path
) -> None:
    data = gzip.compress(_archive(), 1)

    def kill(_position: int) -> None:
        for nursery in _children():
            for worker in _children(nursery):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(worker), signal.SIGKILL)

    blob = GrowingFile(tmp_path / "blob", len(data))
    blob.append(data)
    with pytest.raises(Internal, match="ended before its time"):
        staging.follow(blob, kill)
    blob.close()
    assert os.listdir(staging.directory) == []
    assert _follow(staging, tmp_path / "again", data).info.tar_size > 0


def test_the_processes_stand_back_behind_the_daemon(staging: Staging, tmp_path: Path) -> None:
    data = gzip.compress(_archive(), 1)
    found: set[tuple[bool, int]] = set()

    def look(_position: int) -> None:
        for nursery in _children():
            for worker in _children(nursery):
                with contextlib.suppress(ProcessLookupError):  # it has said its last word
                    session = os.getsid(int(worker)) == os.getsid(0)
                    found.add((session, os.getpriority(os.PRIO_PROCESS, int(worker))))

    blob = GrowingFile(tmp_path / "blob", len(data))
    blob.append(data)
    staging.follow(blob, look)
    blob.close()
    assert found == {(False, min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10))}
