"""A daemon killed while it records results: every row has its image, every image its row, and no more."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from berth.kernel.mount import mounts_below, umount_if_mounted
from tests.contract.snapshotter_stage import FORMS, missing
from tests.unit.build.stores import Stage, opened

pytestmark = pytest.mark.root

BUILDER = """
import asyncio, io, sys
from pathlib import Path
from tests.contract.snapshotter_stage import Item, archive
from tests.unit.build.stores import config, new, opened
from berth.image.derive import Derivation
from berth.image.outflow import gather

async def build(stage, number, parent):
    async with stage.images.lease():
        staging = stage.images.open_staging()
        data = archive([Item(f"f{number}", bytes([number]) * 5000)])
        pieces = iter([data, b""])
        staged = await asyncio.to_thread(staging.write, lambda: next(pieces))
        print("staged", flush=True)
        layers = (*parent.layers, staged.info.diff_id) if parent else (staged.info.diff_id,)
        name = f"step {number}"
        made = await stage.images.derive(
            parent,
            [Derivation(config(name, *layers)), Derivation(config(name + " label", *layers))],
            staged=staged,
            also=lambda c, ids: stage.cache.rows(c, [(i, new(name + i)) for i in ids]),
        )
        await asyncio.to_thread(staging.close)
    print("made", flush=True)
    return made[-1]

async def main(root, form):
    async with opened(root, form) as stage:
        parent = None
        for number in range(1, 9):
            parent = await build(stage, number, parent)
            if number % 3 == 0:
                oldest = stage.cache.entries()[:2]
                await stage.cache.remove(oldest)
                print("removed", flush=True)
        print("done", flush=True)
        await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("staged", 1),
        ("made", 1),
        ("staged", 4),
        ("made", 3),
        ("removed", 1),
        ("staged", 7),
        ("removed", 2),
        ("done", 1),
    ],
)
def test_a_build_that_is_killed(tmp_path: Path, form: str, word: str, count: int) -> None:
    if reason := missing(form, tmp_path):
        pytest.skip(reason)
    child = subprocess.Popen([sys.executable, "-c", BUILDER, tmp_path, form], stdout=subprocess.PIPE)
    heard = 0
    for line in child.stdout:
        heard += line.strip() == word.encode()
        if heard == count:
            break
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert heard == count
    try:
        asyncio.run(afterwards(tmp_path, form))
    finally:
        for mounted in mounts_below(tmp_path):
            umount_if_mounted(mounted, detach=True)


async def afterwards(root: Path, form: str) -> None:
    async with opened(root, form) as stage:
        check(stage)
        before = len(stage.images.list())
        await stage.cache.sweep()
        assert len(stage.images.list()) == before
        await stage.cache.remove(stage.cache.entries())
        check(stage)
        assert stage.images.list() == ()
        assert stage.rows() == (0, 0)
        assert stage.images.layers.known() == frozenset()


def check(stage: Stage) -> None:
    """Rows, images, layers and files belong to one another."""
    images = {image.id: image for image in stage.images.list()}
    results = {row[0] for row in stage.database.read("SELECT image_id FROM build_results")}
    keyed = {row[0] for row in stage.database.read("SELECT image_id FROM build_keys")}
    assert results == keyed == set(images)
    assert all(stage.images.is_hidden(image_id) for image_id in images)
    assert set(stage.images.content) == set(images)
    assert stage.images.layers.known() == {layer for image in images.values() for layer in image.layers}
