"""The local driver's mounts, and copies that only root can make."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from berth.base.errors import Internal
from berth.kernel.mount import is_mount_point, mount_tmpfs, umount_if_mounted
from berth.state.database import Database
from berth.volume.record import SCHEMA
from berth.volume.store import VolumeStore

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting and owners need root"),
]

Case = Callable[[VolumeStore], Awaitable[None]]


def with_store(place: Path, case: Case) -> None:
    async def run() -> None:
        database = Database.open(place / "state.db", [SCHEMA])
        try:
            await case(await VolumeStore.open(place, database))
        finally:
            database.close()
            for data in (place / "volumes").glob("*/_data"):
                umount_if_mounted(data, detach=True)

    asyncio.run(run())


def test_tmpfs_lives_as_long_as_its_users(tmp_path: Path) -> None:
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,mode=750,nosuid"}

    async def case(store: VolumeStore) -> None:
        await store.create("data", driver_opts=options)
        assert not is_mount_point(store.mountpoint("data"))
        data = await store.mount("data", "c1")
        assert await store.mount("data", "c2") == data
        assert is_mount_point(data)
        assert stat.S_IMODE(data.stat().st_mode) == 0o750
        assert os.statvfs(data).f_blocks * os.statvfs(data).f_frsize == 1 << 20
        (data / "file").touch()
        await store.unmount("data", "c1")
        assert (data / "file").exists()
        await store.unmount("data", "c2")
        assert not is_mount_point(data)
        assert not (data / "file").exists()
        await store.remove("data")

    with_store(tmp_path, case)


def test_bind_shows_a_directory_of_the_host_and_survives_removal(tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "file").touch()

    async def case(store: VolumeStore) -> None:
        await store.create("data", driver_opts={"type": "none", "device": str(host), "o": "bind"})
        data = await store.mount("data", "c1")
        assert os.listdir(data) == ["file"]
        await store.unmount("data", "c1")
        await store.remove("data")

    with_store(tmp_path, case)
    assert os.listdir(host) == ["file"]


def test_populate_goes_through_the_drivers_mount(tmp_path: Path) -> None:
    host, image = tmp_path / "host", tmp_path / "image"
    host.mkdir()
    image.mkdir()
    (image / "file").touch()
    os.chown(image, 1000, 1001)

    async def case(store: VolumeStore) -> None:
        await store.create("data", driver_opts={"type": "none", "device": str(host), "o": "bind"})
        await store.mount("data", "c1")
        assert await store.populate("data", image)
        await store.unmount("data", "c1")

    with_store(tmp_path, case)
    assert os.listdir(host) == ["file"]
    assert (host.stat().st_uid, host.stat().st_gid) == (1000, 1001)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"type": "none", "device": "/nonexistent", "o": "bind"},
            "error while mounting volume '{data}': failed to mount local volume: "
            "mount /nonexistent:{data}, flags: 0x1000: no such file or directory",
        ),
        (
            {"type": "tmpfs", "device": "tmpfs", "o": "foo=1"},
            "error while mounting volume '{data}': failed to mount local volume: "
            "mount tmpfs:{data}, data: foo=1: invalid argument",
        ),
    ],
)
def test_a_refused_mount_is_told_as_docker_tells_it(
    tmp_path: Path, options: dict[str, str], text: str
) -> None:
    async def case(store: VolumeStore) -> None:
        await store.create("data", driver_opts=options)
        with pytest.raises(Internal) as caught:
            await store.mount("data", "c1")
        assert str(caught.value) == text.format(data=store.mountpoint("data"))
        await store.remove("data")

    with_store(tmp_path, case)


def test_after_a_restart_only_used_mounts_stay(tmp_path: Path) -> None:
    options = {"type": "tmpfs", "device": "tmpfs"}

    async def first(store: VolumeStore) -> None:
        for name in ("kept", "gone"):
            await store.create(name, driver_opts=options)
            data = await store.mount(name, "c1")
            (data / "file").touch()

    async def second(store: VolumeStore) -> None:
        kept = await store.mount("kept", "c1")
        await store.unmount_unused()
        assert (kept / "file").exists()
        assert not is_mount_point(store.mountpoint("gone"))

    async def run() -> None:
        database = Database.open(tmp_path / "state.db", [SCHEMA])
        try:
            await first(await VolumeStore.open(tmp_path, database))
            await second(await VolumeStore.open(tmp_path, database))
        finally:
            database.close()
            for data in (tmp_path / "volumes").glob("*/_data"):
                umount_if_mounted(data, detach=True)

    asyncio.run(run())


def test_owners_devices_and_attributes_are_kept(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.mkdir()
    (image / "file").write_text("x")
    os.chown(image / "file", 1234, 4321)
    (image / "file").chmod(0o6755)
    os.mknod(image / "null", stat.S_IFCHR, os.makedev(1, 3))
    (image / "null").chmod(0o666)
    (image / "link").symlink_to("file")
    os.chown(image / "link", 7, 8, follow_symlinks=False)
    os.setxattr(image / "file", "trusted.note", b"kept")
    os.setxattr(image, "trusted.overlay.opaque", b"y")

    async def case(store: VolumeStore) -> None:
        await store.create("data")
        await store.populate("data", image)

    with_store(tmp_path, case)
    data = tmp_path / "volumes/data/_data"
    info = (data / "file").stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (1234, 4321, 0o6755)
    assert os.getxattr(data / "file", "trusted.note") == b"kept"
    assert (data / "null").stat().st_rdev == os.makedev(1, 3)
    assert (data / "null").stat().st_mode == stat.S_IFCHR | 0o666
    assert ((data / "link").lstat().st_uid, (data / "link").lstat().st_gid) == (7, 8)
    assert os.listxattr(data) == []


def test_copies_cross_file_systems(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.mkdir()
    mount_tmpfs(image, "size=32m")
    try:
        content = os.urandom(3 << 20)
        (image / "file").write_bytes(content)

        async def case(store: VolumeStore) -> None:
            await store.create("data")
            await store.populate("data", image)

        with_store(tmp_path, case)
    finally:
        umount_if_mounted(image)
    assert (tmp_path / "volumes/data/_data/file").read_bytes() == content
