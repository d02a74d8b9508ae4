"""The store on the disk: what a crash may leave, and filling from an image's directory."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from berth.base.errors import Internal, NotFound
from berth.kernel.removal import remove_tree
from berth.state.database import Database
from berth.volume.record import SCHEMA, Volume
from berth.volume.store import VolumeStore

Case = Callable[[VolumeStore], Awaitable[None]]


async def nothing(store: VolumeStore) -> None:
    """For opening alone."""


def with_store(place: Path, case: Case) -> None:
    """Open the store below ``place``, as a daemon would at its start, run ``case``, close."""

    async def run() -> None:
        database = Database.open(place / "state.db", [SCHEMA])
        try:
            await case(await VolumeStore.open(place, database))
        finally:
            database.close()

    asyncio.run(run())


def names(place: Path) -> list[str]:
    """What a restarted daemon knows."""
    found: list[Volume] = []

    async def look(store: VolumeStore) -> None:
        found.extend(store.list())

    with_store(place, look)
    return [volume.name for volume in found]


def test_volumes_survive_a_restart(tmp_path: Path) -> None:
    made: list[Volume] = []

    async def make(store: VolumeStore) -> None:
        made.append(await store.create("data", labels={"a": "b"}, driver_opts={"type": "t", "device": "d"}))

    async def look(store: VolumeStore) -> None:
        assert store.get("data") == made[0]

    with_store(tmp_path, make)
    with_store(tmp_path, look)


def test_directories_have_dockers_modes(tmp_path: Path) -> None:
    async def case(store: VolumeStore) -> None:
        await store.create("data")
        assert store.mountpoint("data") == tmp_path / "volumes/data/_data"

    with_store(tmp_path, case)
    assert (tmp_path / "volumes/data").stat().st_mode & 0o7777 == 0o701
    assert (tmp_path / "volumes/data/_data").stat().st_mode & 0o7777 == 0o755


def test_a_crash_between_directory_and_row_of_a_create_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "volumes/data/_data").mkdir(parents=True)
    assert names(tmp_path) == []
    assert os.listdir(tmp_path / "volumes") == []


def test_a_crash_between_trash_and_row_of_a_remove_ends_the_removal(tmp_path: Path) -> None:
    async def make(store: VolumeStore) -> None:
        await store.create("data")
        (store.mountpoint("data") / "file").write_text("x")

    with_store(tmp_path, make)
    volumes = tmp_path / "volumes"
    (volumes / ".trash/0").mkdir(parents=True)
    (volumes / "data").rename(volumes / ".trash/0/data")
    assert names(tmp_path) == []
    assert os.listdir(volumes / ".trash") == []


def test_a_name_in_the_trash_and_in_use_again_is_kept(tmp_path: Path) -> None:
    async def make(store: VolumeStore) -> None:
        await store.create("data")

    with_store(tmp_path, make)
    (tmp_path / "volumes/.trash/0/data/_data").mkdir(parents=True)
    assert names(tmp_path) == ["data"]


def test_content_without_a_row_is_adopted_and_never_deleted(tmp_path: Path) -> None:
    for name in ("data", "f" * 64):
        (tmp_path / "volumes" / name / "_data").mkdir(parents=True)
        (tmp_path / "volumes" / name / "_data/file").write_text("precious")
    assert names(tmp_path) == ["data", "f" * 64]

    async def look(store: VolumeStore) -> None:
        assert [volume.anonymous for volume in store.list()] == [False, True]

    with_store(tmp_path, look)
    assert (tmp_path / "volumes/data/_data/file").read_text() == "precious"


def test_other_files_below_the_root_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "volumes").mkdir()
    (tmp_path / "volumes/note").write_text("mine")
    assert names(tmp_path) == []
    assert (tmp_path / "volumes/note").read_text() == "mine"


def test_remove_deletes_the_content(tmp_path: Path) -> None:
    async def case(store: VolumeStore) -> None:
        await store.create("data")
        (store.mountpoint("data") / "deep/er").mkdir(parents=True)
        outside = tmp_path / "outside"
        outside.write_text("x")
        (store.mountpoint("data") / "link").symlink_to(outside)
        await store.remove("data")

    with_store(tmp_path, case)
    assert os.listdir(tmp_path / "volumes/.trash") == []
    assert (tmp_path / "outside").exists()
    assert names(tmp_path) == []


def test_a_name_too_long_for_the_disk_makes_nothing(tmp_path: Path) -> None:
    async def case(store: VolumeStore) -> None:
        with pytest.raises(Internal, match=r"error while creating volume root path .*: file name too long$"):
            await store.create("x" * 300)
        assert store.list() == ()

    with_store(tmp_path, case)


def filled(tmp_path: Path, source: Path, *, users: tuple[str, ...] = ("c1",)) -> Path:
    """A volume filled from ``source`` while ``users`` have it mounted; its content."""

    async def case(store: VolumeStore) -> None:
        await store.create("data")
        for user in users:
            await store.mount("data", user)
        assert await store.populate("data", source)
        for user in users:
            await store.unmount("data", user)

    with_store(tmp_path, case)
    return tmp_path / "volumes/data/_data"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    place = tmp_path / "image"
    place.mkdir()
    return place


@pytest.mark.parametrize("users", [("c1",), ("c1", "c2")])
def test_populate_keeps_what_a_tree_is(tmp_path: Path, source: Path, users: tuple[str, ...]) -> None:
    (source / "dir").mkdir()
    (source / "dir/file").write_bytes(b"content")
    (source / "dir/file").chmod(0o4750)
    os.utime(source / "dir/file", ns=(1_000_000_001, 2_000_000_002))
    os.link(source / "dir/file", source / "twin")
    (source / "link").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe", 0o622)
    (source / "dir").chmod(0o1700)
    os.utime(source / "dir", ns=(3, 4))
    source.chmod(0o2711)
    data = filled(tmp_path, source, users=users)
    assert sorted(os.listdir(data)) == ["dir", "link", "pipe", "twin"]
    copied = (data / "dir/file").stat()
    assert (data / "dir/file").read_bytes() == b"content"
    assert copied.st_mode & 0o7777 == 0o4750
    assert copied.st_mtime_ns == 2_000_000_002
    assert copied.st_ino == (data / "twin").stat().st_ino
    assert os.readlink(data / "link") == "/etc/passwd"
    assert (data / "pipe").is_fifo()
    assert (data / "dir").stat().st_mode & 0o7777 == 0o1700
    assert (data / "dir").stat().st_mtime_ns == 4
    assert data.stat().st_mode & 0o7777 == 0o2711
    assert not (data.parent / "_filling").exists()


def test_populate_leaves_out_sockets(tmp_path: Path, source: Path) -> None:
    import socket

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(source / "sock"))
    listener.close()
    (source / "file").touch()
    assert os.listdir(filled(tmp_path, source)) == ["file"]


def test_populate_keeps_holes(tmp_path: Path, source: Path) -> None:
    with open(source / "sparse", "wb") as file:
        file.write(b"head")
        file.seek(64 << 20)
        file.write(b"tail")
        file.truncate(128 << 20)
    copied = filled(tmp_path, source) / "sparse"
    assert copied.stat().st_size == 128 << 20
    assert copied.stat().st_blocks * 512 < 1 << 20
    with open(copied, "rb") as file:
        assert file.read(4) == b"head"
        file.seek(64 << 20)
        assert file.read(5) == b"tail\0"


def test_populate_from_an_empty_directory_takes_its_mode(tmp_path: Path, source: Path) -> None:
    source.chmod(0o1777)
    data = filled(tmp_path, source)
    assert os.listdir(data) == []
    assert data.stat().st_mode & 0o7777 == 0o1777


def test_populate_takes_a_path_descriptor(tmp_path: Path, source: Path) -> None:
    (source / "file").touch()

    async def case(store: VolumeStore) -> None:
        await store.create("data")
        fd = os.open(source, os.O_PATH | os.O_DIRECTORY)
        try:
            assert await store.populate("data", fd)
        finally:
            os.close(fd)

    with_store(tmp_path, case)
    assert os.listdir(tmp_path / "volumes/data/_data") == ["file"]


def test_populate_does_not_touch_a_volume_with_content(tmp_path: Path, source: Path) -> None:
    (source / "file").touch()
    source.chmod(0o700)

    async def case(store: VolumeStore) -> None:
        await store.create("data")
        (store.mountpoint("data") / "own").touch()
        assert not await store.populate("data", source)

    with_store(tmp_path, case)
    assert os.listdir(tmp_path / "volumes/data/_data") == ["own"]
    assert (tmp_path / "volumes/data/_data").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("kind", ["file", "link"])
def test_populate_from_what_is_no_directory_fails(tmp_path: Path, source: Path, kind: str) -> None:
    if kind == "file":
        (source / "x").touch()
    else:
        (source / "x").symlink_to("/etc")

    async def case(store: VolumeStore) -> None:
        await store.create("data")
        with pytest.raises(Internal, match=r"^source .*/x is not directory$"):
            await store.populate("data", source / "x")

    with_store(tmp_path, case)
    assert os.listdir(tmp_path / "volumes/data/_data") == []


def test_what_an_interrupted_filling_left_is_replaced(tmp_path: Path, source: Path) -> None:
    (source / "file").touch()

    async def case(store: VolumeStore) -> None:
        await store.create("data")
        rest = store.mountpoint("data").with_name("_filling")
        rest.mkdir()
        (rest / "half").touch()
        assert await store.populate("data", source)

    with_store(tmp_path, case)
    assert os.listdir(tmp_path / "volumes/data/_data") == ["file"]


def test_very_deep_trees_are_copied_and_removed(tmp_path: Path, source: Path) -> None:
    depth = 1200
    fd = os.open(source, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=fd)
        deeper = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    os.close(os.open("end", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    assert (filled(tmp_path, source) / "/".join(["d"] * depth) / "end").exists()

    async def remove(store: VolumeStore) -> None:
        await store.remove("data")

    with_store(tmp_path, remove)
    assert os.listdir(tmp_path / "volumes/.trash") == []
    remove_tree(source)


def test_usage_counts_each_inode_once(tmp_path: Path) -> None:
    async def case(store: VolumeStore) -> None:
        await store.create("data")
        data = store.mountpoint("data")
        (data / "dir").mkdir()
        (data / "dir/a").write_bytes(b"x" * 1000)
        os.link(data / "dir/a", data / "b")
        (data / "c").write_bytes(b"x" * 10)
        assert await store.usage("data") == 1010

    with_store(tmp_path, case)


def test_opening_an_empty_root(tmp_path: Path) -> None:
    with_store(tmp_path, nothing)
    assert (tmp_path / "volumes").stat().st_mode & 0o7777 == 0o701


def test_a_volume_that_is_on_its_way_out_is_not_measured(tmp_path: Path) -> None:
    """A removal moves the directory away before the name is free."""

    async def look(store: VolumeStore) -> None:
        await store.create("data")
        (store.root / "data").rename(tmp_path / "moved")
        with pytest.raises(NotFound, match="get data: no such volume"):
            await store.usage("data")

    with_store(tmp_path, look)
