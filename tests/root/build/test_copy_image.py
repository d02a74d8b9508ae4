"""COPY between stored images: from a view of one, onto a view of another, into a layer of both forms."""

import asyncio
import contextlib
import io
import os
import stat
import tarfile

import msgspec
import pytest

from berth.base.errors import NotFound
from berth.build.copy import CopyLayer, CopySource, CopySpec
from berth.build.outputs import files_archive
from berth.build.select import Selection
from berth.build.tree import DirectoryTree
from berth.image.config import decode_config, encode_config
from berth.image.core import NewImage
from berth.image.store import SCHEMA, ImageStore
from berth.kernel.mount import mounts_below, umount_if_mounted
from berth.state.database import Database
from tests.contract.snapshotter_stage import FORMS, Item, archive, directory, missing, symlink
from tests.root.image.image_archives import Made, chunks, docker

pytestmark = pytest.mark.root


@pytest.fixture(params=sorted(FORMS))
def opened(request, tmp_path):
    if reason := missing(request.param, tmp_path):
        pytest.skip(reason)

    @contextlib.asynccontextmanager
    async def open_store():
        database = Database.open(tmp_path / "state.db", [SCHEMA])
        store = await ImageStore.open(
            tmp_path / "image", tmp_path / "run", database, layer_form=request.param
        )
        try:
            yield store
        finally:
            await store.close()
            database.close()

    yield open_store
    for mounted in mounts_below(tmp_path):
        umount_if_mounted(mounted, detach=True)


BASE = Made(
    [
        archive([directory("real", mode=0o700), Item("real/old", b"old"), Item("gone", b"x")]),
        archive([Item(".wh.gone", b""), symlink("lnk", "/real")]),
    ]
)


async def load(store, made):
    (loaded,) = await store.load(chunks(docker((made, ["base:1"]))))
    return loaded.id


async def copy(store, base, spec):
    """The image with one layer more, published as a build does."""
    staging = store.open_staging()
    async with store.lease(), store.view(base) as view:
        with DirectoryTree(view) as tree:
            made = CopyLayer(spec, tree)
            staged = await asyncio.to_thread(staging.write, made.next_chunk)
        config = decode_config(store.raw_config(base))
        layers = (*config.rootfs.diff_ids, staged.info.diff_id)
        new = msgspec.structs.replace(
            config, rootfs=msgspec.structs.replace(config.rootfs, diff_ids=layers), history=None
        )
        published = await store.publish([NewImage(encode_config(new))], [staged])
    await asyncio.to_thread(staging.close)
    return published[0].image.id


def test_a_copy_onto_an_image_changes_nothing_else(opened, tmp_path) -> None:
    stage = tmp_path / "stage"
    (stage / "d").mkdir(parents=True)
    (stage / "d/f").write_bytes(b"f" * 3_000_000)
    os.link(stage / "d/f", stage / "d/same")
    os.mknod(stage / "d/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.mkfifo(stage / "d/pipe")
    os.chown(stage / "d/f", 5, 6)
    os.setxattr(stage / "d/f", "user.note", b"kept")
    os.setxattr(
        stage / "d/f", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000")
    )

    async def scenario():
        async with opened() as store:
            base = await load(store, BASE)
            with DirectoryTree(stage) as source:
                spec = CopySpec(
                    "/lnk/new", (CopySource(source, Selection(("d",), context=False), True),), now=1
                )
                image = await copy(store, base, spec)
            async with store.view(image) as root:
                seen = {p.relative_to(root).as_posix(): p.lstat() for p in root.rglob("*")}
                assert set(seen) == {
                    "lnk", "real", "real/old", "real/new", "real/new/f", "real/new/same", "real/new/null",
                    "real/new/pipe",
                }  # fmt: skip
                assert stat.S_IMODE(seen["real"].st_mode) == 0o700
                assert stat.S_IMODE(seen["real/new"].st_mode) == 0o755
                assert (seen["real/new/f"].st_uid, seen["real/new/f"].st_gid) == (5, 6)
                assert seen["real/new/f"].st_ino == seen["real/new/same"].st_ino
                assert seen["real/new/null"].st_rdev == os.makedev(1, 3)
                assert stat.S_ISFIFO(seen["real/new/pipe"].st_mode)
                assert (root / "real/new/f").read_bytes() == b"f" * 3_000_000
                assert os.getxattr(root / "real/new/f", "user.note") == b"kept"
                assert os.getxattr(root / "real/new/f", "security.capability")[:4] == b"\1\0\0\2"
            # And once more from the view of what was made.
            async with store.view(image) as root:
                with DirectoryTree(root) as source:
                    spec = CopySpec(
                        "/", (CopySource(source, Selection(("/real/new",), context=False)),), now=1
                    )
                    again = await copy(store, base, spec)
            async with store.view(again) as root:
                assert (root / "same").stat().st_ino == (root / "f").stat().st_ino
                assert (root / "f").stat().st_uid == 0

    asyncio.run(scenario())


def test_a_view_is_read_only_and_leaves_nothing(opened, tmp_path) -> None:
    async def scenario():
        async with opened() as store:
            base = await load(store, BASE)
            async with store.view(base) as root, store.view(base) as other:
                assert root != other
                assert sorted(os.listdir(root)) == ["lnk", "real"]
                with pytest.raises(OSError, match="Read-only"):
                    (root / "new").touch()
                with pytest.raises(OSError, match="Read-only"):
                    (root / "real/old").unlink()
            assert os.listdir(tmp_path / "run/views") == ["empty"]
            assert not mounts_below(tmp_path / "run/views")
            with pytest.raises(NotFound):
                async with store.view("sha256:" + "0" * 64):
                    pass
            # As after kill -9: nobody leaves the block.
            abandoned = store.view(base)
            await abandoned.__aenter__()
            assert mounts_below(tmp_path / "run/views")
            second = Database.open(tmp_path / "state.db", [SCHEMA])
            again = await ImageStore.open(tmp_path / "image", tmp_path / "run", second)
            assert not mounts_below(tmp_path / "run/views")
            assert os.listdir(tmp_path / "run/views") == ["empty"]
            await again.close()
            second.close()
            await abandoned.__aexit__(None, None, None)

    asyncio.run(scenario())


def test_an_image_keeps_its_layers_while_somebody_looks(opened) -> None:
    async def scenario():
        async with opened() as store:
            base = await load(store, BASE)
            async with store.view(base) as root:
                await store.remove(base)
                assert (root / "real/old").read_bytes() == b"old"
            assert not store.layers.known()

    asyncio.run(scenario())


def test_the_root_file_system_as_an_archive(opened) -> None:
    async def scenario():
        async with opened() as store:
            base = await load(store, BASE)
            return b"".join([chunk async for chunk in files_archive(store, base, latest=7)])

    with tarfile.open(fileobj=io.BytesIO(asyncio.run(scenario()))) as tar:
        found = {info.name: info for info in tar}
    assert sorted(found) == ["lnk", "real", "real/old"]
    assert found["lnk"].linkname == "/real"
    assert found["real"].mode == 0o700
    assert max(info.mtime for info in found.values()) <= 7
