"""Archives put into a tree that somebody else controls."""

import contextlib
import io
import os
import tarfile
import threading
from pathlib import Path

import pytest

from berth.base.errors import InvalidArgument
from berth.image.unpack import UnpackOptions, unpack
from berth.kernel.removal import remove_tree

pytestmark = pytest.mark.root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("owners take root")
    (tmp_path / "outside").mkdir()
    made = tmp_path / "root"
    (made / "target").mkdir(parents=True)
    return made


def archive(*members: tuple[str, bytes, str]) -> bytes:
    """(name, type, content or link target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.uid, info.gid = kind, 1_600_000_000, 7, 8
            if kind == tarfile.REGTYPE:
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                info.mode = 0o755
                tar.addfile(info)
    return buffer.getvalue()


def put(root: Path, data: bytes, options: UnpackOptions = UnpackOptions()) -> None:  # noqa: B008 - immutable
    chunks = iter([data, b""])
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        unpack(fd, "/target", lambda: next(chunks, b""), options)
    finally:
        os.close(fd)


def test_members(root: Path) -> None:
    put(root, archive(
        ("d", tarfile.DIRTYPE, ""), ("d/f", tarfile.REGTYPE, "text"), ("d/hard", tarfile.LNKTYPE, "d/f"),
        ("d/soft", tarfile.SYMTYPE, "f"), ("p/q/r", tarfile.REGTYPE, "deep"), ("pipe", tarfile.FIFOTYPE, ""),
    ))  # fmt: skip
    target = root / "target"
    assert (target / "d/f").read_text() == "text"
    assert (target / "d/hard").stat().st_ino == (target / "d/f").stat().st_ino
    assert os.readlink(target / "d/soft") == "f"
    assert (target / "p/q/r").read_text() == "deep"
    status = (target / "d").stat()
    assert (status.st_uid, status.st_gid, status.st_mtime) == (7, 8, 1_600_000_000)


def test_owner(root: Path) -> None:
    put(root, archive(("f", tarfile.REGTYPE, "x")), UnpackOptions(owner=(5, 6)))
    assert (root / "target/f").stat().st_uid == 5


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/../x"])
def test_names_that_lead_outside(root: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match="outside of"):
        put(root, archive((name, tarfile.REGTYPE, "x")))
    assert not (root / "x").exists()


def test_links_stay_inside(root: Path) -> None:
    """A link out of the root leads to the same path inside of it."""
    outside = root.parent / "outside"
    put(root, archive(("l", tarfile.SYMTYPE, str(outside)), ("l/f", tarfile.REGTYPE, "x")))
    assert not list(outside.iterdir())
    assert (root / str(outside).lstrip("/") / "f").read_text() == "x"
    put(root, archive(("up", tarfile.SYMTYPE, "../../../outside"), ("up/f", tarfile.REGTYPE, "x")))
    assert not list(outside.iterdir())
    (outside / "secret").write_text("s")
    with pytest.raises(InvalidArgument):
        put(root, archive(("hard", tarfile.LNKTYPE, "up/secret")))


def test_kinds_are_kept_when_asked_for(root: Path) -> None:
    (root / "target/d").mkdir()
    (root / "target/f").write_text("old")
    keep = UnpackOptions(keep_kinds=True)
    with pytest.raises(InvalidArgument, match="cannot overwrite directory"):
        put(root, archive(("d", tarfile.REGTYPE, "x")), keep)
    with pytest.raises(InvalidArgument, match="cannot overwrite non-directory"):
        put(root, archive(("f", tarfile.DIRTYPE, "")), keep)
    put(root, archive(("d", tarfile.REGTYPE, "x"), ("f", tarfile.DIRTYPE, "")))
    assert (root / "target/d").read_text() == "x"
    assert (root / "target/f").is_dir()


def test_swapped_links_reach_nothing_outside(root: Path) -> None:
    """A process replaces a directory by a link out of the root and back, as fast as it can."""
    outside = root.parent / "outside"
    place, aside = root / "target/d", root / "target/aside"
    place.mkdir()
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):  # the other side is at work too
                place.rename(aside)
                place.symlink_to(outside)
                place.unlink()
            with contextlib.suppress(OSError):
                remove_tree(aside)
            with contextlib.suppress(OSError):
                place.mkdir()

    data = archive(*((f"d/{number}", tarfile.REGTYPE, "x") for number in range(50)))
    swapper = threading.Thread(target=swap)
    swapper.start()
    failures = 0
    try:
        for _ in range(20):
            try:
                put(root, data)
            except InvalidArgument:
                failures += 1  # what was looked for was just not there
    finally:
        over.set()
        swapper.join()
    assert not list(outside.iterdir())
