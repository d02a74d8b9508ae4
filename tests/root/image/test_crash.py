"""A daemon killed in the middle of a load: afterwards the image is there whole, or nothing is."""

import asyncio
import signal
import subprocess
import sys

import pytest

from tests.contract.snapshotter_stage import Item, archive
from tests.root.image.image_archives import Made, chunks, docker

pytestmark = pytest.mark.root

PIECE = 8192
LOADER = """
import asyncio, os, sys
from pathlib import Path
from berth.image.store import SCHEMA, ImageStore
from berth.state.database import Database

async def pieces():
    while data := os.read(0, 8192):
        print("got", flush=True)
        yield data
    print("end", flush=True)

async def main(root, form):
    database = Database.open(root / "state.db", [SCHEMA])
    store = await ImageStore.open(root / "image", root / "run", database, layer_form=form)
    await store.load(pieces())
    print("loaded", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""
LAYERS = [archive([Item(f"{n}/{i}", bytes([i]) * 3000) for i in range(30)]) for n in range(3)]
IMAGE = Made(LAYERS)
DATA = docker((IMAGE, ["x:1"]))
LAST = -(-len(DATA) // PIECE)


@pytest.mark.parametrize(
    ("word", "count"),
    [("got", 1), ("got", LAST // 3), ("got", LAST // 2), ("got", LAST - 2), ("end", 1), ("loaded", 1)],
)
def test_a_load_that_is_killed(open_store, leftovers, tmp_path, request, word, count) -> None:
    form = request.node.callspec.params["open_store"]
    child = subprocess.Popen(
        [sys.executable, "-c", LOADER, tmp_path, form],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    said = 0
    for at in range(0, len(DATA), PIECE):
        child.stdin.write(DATA[at : at + PIECE])
        said += _heard(child, "got") == "got"
        if word == "got" and said >= count:
            break
    else:
        child.stdin.close()
        while _heard(child, word) != word:
            pass
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    if not child.stdin.closed:
        child.stdin.close()

    async def afterwards() -> None:
        async with open_store() as store:
            found = [image.id for image in store.list()]
            assert found in ([], [IMAGE.id])
            assert word != "loaded" or found
            assert len(store.layers.known()) == (len(LAYERS) if found else 0)
            await store.load(chunks(DATA))
            for layer in store.get(IMAGE.id).layers:
                assert b"".join(store.layers.archive(layer)) in LAYERS
            await store.remove(IMAGE.id)

    asyncio.run(afterwards())
    assert leftovers() == []


def _heard(child: subprocess.Popen, wanted: str) -> str:
    line = child.stdout.readline().decode().strip()
    assert line, f"the loader ended before it said {wanted}"
    return line
