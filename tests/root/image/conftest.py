"""A store of each form, opened on fresh directories, with nothing left mounted."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from berth.image.store import SCHEMA, ImageStore
from berth.kernel.mount import mounts_below, umount_if_mounted
from berth.state.database import Database
from tests.contract.snapshotter_stage import FORMS, missing

Opener = Callable[[], contextlib.AbstractAsyncContextManager[ImageStore]]


@pytest.fixture(params=sorted(FORMS))
def open_store(request: pytest.FixtureRequest, tmp_path: Path):
    """A function that opens the test's store; it may be used again to see what a restart finds."""
    if reason := missing(request.param, tmp_path):
        pytest.skip(reason)

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[ImageStore]:
        database = Database.open(tmp_path / "state.db", [SCHEMA])
        store = await ImageStore.open(
            tmp_path / "image", tmp_path / "run", database, layer_form=request.param
        )
        try:
            yield store
        finally:
            await store.close()
            database.close()

    yield opened
    for mounted in mounts_below(tmp_path):
        umount_if_mounted(mounted, detach=True)


@pytest.fixture
def leftovers(tmp_path: Path) -> Callable[[], list[str]]:
    """Every file and directory below the store that is not part of an empty one."""

    def look() -> list[str]:
        root = tmp_path / "image"
        frame = {"blobs", "blobs/sha256", "ingest", "layers", "trash", "snapshots", "empty"}
        names = {str(path.relative_to(root)) for path in root.rglob("*")}
        return sorted(name for name in names - frame if name.partition("/")[0] != "ground")

    return look
