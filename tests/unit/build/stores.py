"""A cache over an image store on a fresh directory; images without layers need no privileges."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from berth.base.digest import Digest
from berth.build import cache, cache_trace
from berth.build.cache import BuildCache, Keys, NewResult
from berth.build.keys import derive
from berth.image.config import HistoryItem, ImageConfig, RootFs
from berth.image.derive import Derivation
from berth.image.model import Image
from berth.image.store import SCHEMA, ImageStore
from berth.state.database import Database


class Stage:
    """What a test works with."""

    def __init__(self, database: Database, images: ImageStore) -> None:
        self.database = database
        self.images = images
        self.cache = BuildCache(database, images)

    async def result(self, name: str, parent: Image | None = None, *, keys: Sequence[str] = ()) -> Image:
        """A step called ``name`` with its result, found under ``name`` and ``keys``."""
        made = await self.images.derive(
            parent,
            [Derivation(config(name))],
            also=lambda connection, ids: self.cache.rows(connection, [(ids[0], new(name, *keys))]),
        )
        return made[0]

    def rows(self) -> tuple[int, int]:
        """How many results and keys there are."""
        return tuple(  # type: ignore[return-value]
            self.database.read(f"SELECT COUNT(*) FROM {table}")[0][0]
            for table in ("build_results", "build_keys")
        )

    def find(self, name: str) -> Digest | None:
        """The id of what is found under a name."""
        found = self.cache.find(key(name))
        return found.image.id if found else None


def key(name: str) -> Digest:
    """The key of a name."""
    return derive("test", name)


def new(name: str, *keys: str, layer: str = "", size: int = 0) -> NewResult:
    """A row for a step of this name."""
    names = tuple(map(key, (name, *keys)))
    return NewResult(names, Keys(names[0], key("files")), name, layer, size)


def config(name: str, *layers: Digest) -> ImageConfig:
    """A configuration that is like no other."""
    return ImageConfig(os="linux", rootfs=RootFs(diff_ids=layers), history=(HistoryItem(created_by=name),))


@contextlib.asynccontextmanager
async def opened(root: Path, form: str = "directory") -> AsyncIterator[Stage]:
    """The cache below ``root``, which may have been used before."""
    database = Database.open(root / "state.db", [SCHEMA, cache.SCHEMA, cache_trace.SCHEMA])
    images = await ImageStore.open(root / "image", root / "run", database, layer_form=form)
    try:
        yield Stage(database, images)
    finally:
        await images.close()
        database.close()


def run(root: Path, test: Callable[[Stage], Awaitable[None]]) -> None:
    """Run a test on the cache below ``root``."""

    async def main() -> None:
        async with opened(root) as stage:
            await test(stage)

    asyncio.run(main())
