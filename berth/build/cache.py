"""What earlier builds have made: for the key of a step, the image that was its result.

Rows and images appear in one transaction (``rows`` goes into ``ImageStore.derive``), and a trigger takes the
rows of an image away in the transaction that removes the image: no fault leaves a row without its image, and
``sweep`` removes an image of a build that no row names. So a row that is read can be trusted.

A running build *holds* what it has found: ``Hold.find`` pins the result in the same step of the loop, and
what is being removed is not found any more.
"""

import asyncio
import contextlib
import functools
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from berth.base.digest import Digest
from berth.base.errors import NotFound
from berth.build.cache_policy import CacheEntry, Disk, freed_bytes
from berth.image.core import ImageCore
from berth.image.model import Image
from berth.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS build_results (
    image_id TEXT PRIMARY KEY,
    layer TEXT NOT NULL,
    size INTEGER NOT NULL,
    description TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    used_ns INTEGER NOT NULL,
    uses INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS build_keys (
    key TEXT PRIMARY KEY,
    image_id TEXT NOT NULL,
    next_image TEXT NOT NULL,
    next_files TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS build_keys_by_image ON build_keys (image_id);
CREATE TRIGGER IF NOT EXISTS build_image_gone AFTER DELETE ON image_images BEGIN
    DELETE FROM build_keys WHERE image_id = OLD.id;
    DELETE FROM build_results WHERE image_id = OLD.id;
END;
"""
"""The tables of the cache; those of the image room must be there before."""

_FIND = "SELECT image_id, next_image, next_files FROM build_keys WHERE key = ?"


class Keys(NamedTuple):
    """Where a stage stands: what the keys of its next step are made from.

    ``image`` names everything that led here, ``files`` only what has made the file system what it is.
    """

    image: Digest
    files: Digest


class Found(NamedTuple):
    """A result, and the keys to go on with: those of its content, where the content was looked at."""

    image: Image
    after: Keys


class NewResult(NamedTuple):
    """A result to be recorded under ``keys``, with the keys that a stage goes on with after it.

    ``layer`` is the diff_id of the layer that the step made, empty when it made none, and ``size`` what the
    files of that layer hold. ``description`` is shown to people.
    """

    keys: tuple[Digest, ...]
    after: Keys
    description: str
    layer: str = ""
    size: int = 0


class Hold:
    """What one running build relies on. Ends with the ``with`` block that opened it."""

    def __init__(self, cache: "BuildCache") -> None:
        self._cache = cache
        self.images: set[Digest] = set()

    def find(self, key: Digest) -> Found | None:
        """The result under ``key``, kept until the build ends; one read of an index."""
        found = self._cache.find(key)
        if found is not None:
            self.images.add(found.image.id)
        return found

    def keep(self, image_id: Digest) -> None:
        """The build relies on this image too: a result of its own, or a base."""
        self.images.add(image_id)


class BuildCache:
    """The rows, what running builds hold of them, and their end."""

    def __init__(self, database: Database, images: ImageCore) -> None:
        self._database = database
        self._images = images
        self._holds: list[Hold] = []
        self._going: set[Digest] = set()

    # -- a build ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def hold(self) -> Iterator[Hold]:
        """Keep what a build finds and makes from being pruned while the block runs."""
        hold = Hold(self)
        self._holds.append(hold)
        try:
            yield hold
        finally:
            self._holds.remove(hold)

    def find(self, key: Digest) -> Found | None:
        """The result under ``key``; nothing keeps it from being pruned a moment later: see ``Hold.find``."""
        for image_id, next_image, next_files in self._database.read(_FIND, (key,)):
            image = self._images.find(image_id)
            if image is not None and image_id not in self._going:
                return Found(image, Keys(next_image, next_files))
        return None

    def rows(self, connection: sqlite3.Connection, results: Iterable[tuple[Digest, NewResult]]) -> None:
        """Record the results of images; call it in the transaction that makes these images visible.

        A key that had a result has this one from now on.
        """
        now = time.time_ns()
        for image_id, new in results:
            connection.execute(
                "INSERT OR IGNORE INTO build_results VALUES (?, ?, ?, ?, ?, ?, 0)",
                (image_id, new.layer, new.size, new.description, now, now),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO build_keys VALUES (?, ?, ?, ?)",
                [(key, image_id, new.after.image, new.after.files) for key in new.keys],
            )

    async def add(self, image_id: Digest, new: NewResult) -> None:
        """Let further keys lead to an image that is here already; nothing happens when it is gone by now."""

        def change(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT 1 FROM image_images WHERE id = ?", (image_id,)).fetchone():
                self.rows(connection, [(image_id, new)])

        await self._database.write(change)

    def touch(self, image_ids: Collection[Digest]) -> None:
        """The results were used just now. Nobody waits for the disk: a lost use only makes an entry older."""
        if not image_ids:
            return
        now = time.time_ns()
        rows = [(now, image_id) for image_id in sorted(image_ids)]
        statement = "UPDATE build_results SET used_ns = ?, uses = uses + 1 WHERE image_id = ?"

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(statement, rows)

        self._database.submit(change).add_done_callback(_seen)

    # -- the whole -------------------------------------------------------------------------------------

    def entries(self, used: Collection[str] = ()) -> list[CacheEntry]:
        """Every result, oldest use first; ``used`` are the images that containers are made of."""
        held = self._held()
        shown = {
            layer
            for image in self._images.list()
            if not self._images.is_hidden(image.id)
            for layer in image.layers
        }
        rows = self._database.read("SELECT * FROM build_results ORDER BY used_ns, image_id")
        known = {row[0] for row in rows}
        entries: list[CacheEntry] = []
        for image_id, layer, size, description, created_ns, used_ns, uses in rows:
            image = self._images.find(image_id)
            if image is None:
                continue  # being removed
            parent = image.parent if image.parent in known else None
            entries.append(
                CacheEntry(
                    id=image_id.partition(":")[2],
                    description=description,
                    parents=(parent.partition(":")[2],) if parent else (),
                    size=size,
                    content=layer or image_id,
                    created_ns=created_ns,
                    used_ns=used_ns,
                    uses=uses,
                    in_use=image_id in held or image_id in used,
                    shared=layer in shown or not self._images.is_hidden(image_id),
                    depth=len(image.config.history or ()),
                )
            )
        return entries

    def total(self) -> int:
        """At most so many bytes are kept: the sizes of all results, without looking at what they share.

        One quick question, to see whether ``entries`` have to be looked at at all.
        """
        return int(self._database.read("SELECT COALESCE(SUM(size), 0) FROM build_results")[0][0])

    def disk(self) -> Disk:
        """The file system that the cache is on."""
        status = os.statvfs(self._database.path.parent)
        return Disk(status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize)

    async def remove(self, chosen: Sequence[CacheEntry]) -> list[CacheEntry]:
        """Forget results, and remove their images unless somebody has named them; returns what went.

        What a build has begun to use meanwhile stays.
        """
        gone: list[CacheEntry] = []
        for entry in chosen:
            image_id = Digest(f"sha256:{entry.id}")
            if image_id in self._held() or image_id in self._going:
                continue
            self._going.add(image_id)
            try:
                if await self._images.drop_step(image_id, functools.partial(_forget, image_id)):
                    gone.append(entry)
            finally:
                self._going.discard(image_id)
        return gone

    def freed(self, gone: Sequence[CacheEntry]) -> int:
        """What removing ``gone`` has freed, or would free."""
        ids = {entry.id for entry in gone}
        left = [entry for entry in self.entries() if entry.id not in ids]
        return freed_bytes([*left, *gone], gone)

    async def sweep(self) -> None:
        """Remove hidden images that no row names. Call it at the start, before any build."""
        rows = self._database.read(
            "SELECT image_id FROM image_hidden WHERE shown = 0 "
            "AND image_id NOT IN (SELECT image_id FROM build_results)"
        )
        for (image_id,) in rows:
            with contextlib.suppress(NotFound):
                await self._images.remove(image_id)

    def _held(self) -> Counter[Digest]:
        return Counter(image_id for hold in self._holds for image_id in hold.images)


def _forget(image_id: Digest, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM build_keys WHERE image_id = ?", (image_id,))
    connection.execute("DELETE FROM build_results WHERE image_id = ?", (image_id,))


def _seen(future: "asyncio.Future[None]") -> None:
    if not future.cancelled():
        future.exception()
