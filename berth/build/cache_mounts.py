"""Directories that RUN --mount=type=cache shows: they outlive builds, and are no part of any image.

On disk::

    <root>/<key>            shared and locked use this one
    <root>/<key>.1, .2 ...  further ones, for ``private`` users at the same time
    <root>/<key>...new      one that is being made or removed

The key is made of everything that decides what an empty one looks like, as in BuildKit: the id, what it is
seeded from, mode and owner. A row tells people what a directory is for; one without a row is still found,
and one that is half seeded has another name and goes at the next start.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from berth.build.cache_policy import MOUNT, CacheEntry
from berth.image.size import tree_size
from berth.kernel.removal import remove_tree
from berth.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS build_cache_mounts (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    used_ns INTEGER NOT NULL,
    uses INTEGER NOT NULL
) WITHOUT ROWID;
"""
_UNFINISHED = ".new"
Seed = Callable[[Path], Awaitable[None]]


class CacheMount(NamedTuple):
    """What a step asks for. ``sharing`` is shared, private or locked; ``seed`` names what a new one is filled
    from, empty for nothing."""

    id: str
    sharing: str = "shared"
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    seed: str = ""


class _Use:
    """Who works in one directory now."""

    def __init__(self) -> None:
        self.users = 0
        self.locked = False


class CacheMounts:
    """All of them. One event loop uses it."""

    def __init__(self, root: Path, database: Database) -> None:
        """Half-made directories of an earlier daemon are removed."""
        self._root = root
        self._database = database
        self._uses: dict[str, _Use] = {}
        self._changed = asyncio.Condition()
        self._making: dict[str, asyncio.Lock] = {}
        self._noted: asyncio.Future[Any] | None = None
        root.mkdir(mode=0o710, parents=True, exist_ok=True)
        for name in os.listdir(root):
            if name.endswith(_UNFINISHED):
                remove_tree(root / name)

    @contextlib.asynccontextmanager
    async def take(self, wanted: CacheMount, seed: Seed | None = None) -> AsyncIterator[Path]:
        """The directory, for as long as the block runs; ``locked`` waits until nobody else has it.

        ``seed`` fills a directory that is new.
        """
        name = await self._enter(wanted)
        try:
            path = self._root / name
            # Of several who share a new one, the first makes it and the others wait.
            async with self._making.setdefault(name, asyncio.Lock()):
                if not path.exists():
                    await self._make(path, wanted, seed)
            self._note(name, wanted)
            yield path
        finally:
            await asyncio.shield(self._leave(name))

    async def _enter(self, wanted: CacheMount) -> str:
        key = _key(wanted)
        alone = wanted.sharing == "locked"
        async with self._changed:
            if wanted.sharing == "private":
                number = 0
                while (name := f"{key}.{number}" if number else key) in self._uses:
                    number += 1
            else:
                name = key
                await self._changed.wait_for(lambda: self._is_free(name, alone=alone))
            use = self._uses.setdefault(name, _Use())
            use.users += 1
            use.locked = alone
        return name

    def _is_free(self, name: str, *, alone: bool) -> bool:
        use = self._uses.get(name)
        return use is None or not (alone or use.locked)

    async def _leave(self, name: str) -> None:
        async with self._changed:
            use = self._uses[name]
            use.users -= 1
            if not use.users:
                del self._uses[name]
                self._making.pop(name, None)
            self._changed.notify_all()

    async def _make(self, path: Path, wanted: CacheMount, seed: Seed | None) -> None:
        fresh = self._unfinished(path.name)
        fresh.mkdir(mode=0o700)
        try:
            if seed is not None:
                await seed(fresh)
            os.chown(fresh, wanted.uid, wanted.gid)
            fresh.chmod(wanted.mode)
            fresh.rename(path)
        except BaseException:
            remove_tree(fresh)
            raise

    def _unfinished(self, name: str) -> Path:
        """A name that nothing has had yet, for what is not there yet or is going."""
        return self._root / f"{name}.{secrets.token_hex(4)}{_UNFINISHED}"

    def _note(self, name: str, wanted: CacheMount) -> None:
        now = time.time_ns()
        self._noted = self._database.submit(
            lambda c: c.execute(
                "INSERT INTO build_cache_mounts VALUES (?, ?, ?, ?, 1) "
                "ON CONFLICT (name) DO UPDATE SET used_ns = excluded.used_ns, uses = uses + 1",
                (name, wanted.id, now, now),
            )
        )

    async def entries(self) -> list[CacheEntry]:
        """What there is, for listings and for pruning."""
        if self._noted is not None:
            await asyncio.wait([self._noted])
        rows = {row[0]: row[1:] for row in self._database.read("SELECT * FROM build_cache_mounts")}
        found: list[CacheEntry] = []
        for name in sorted(os.listdir(self._root)):
            if name.endswith(_UNFINISHED):
                continue
            path = self._root / name
            try:
                known = rows.get(name, ("", int(path.stat().st_ctime_ns), 0, 0))
                size = await asyncio.to_thread(tree_size, path)
            except FileNotFoundError:
                continue  # removed meanwhile
            found.append(
                CacheEntry(
                    id=name,
                    type=MOUNT,
                    description=f"cached mount {known[0]}".rstrip(),
                    size=size,
                    created_ns=known[1],
                    used_ns=known[2],
                    uses=known[3],
                    in_use=name in self._uses,
                )
            )
        return found

    async def remove(self, names: list[str]) -> list[str]:
        """Remove those that nobody uses; returns what went."""
        hidden: dict[str, Path] = {}
        for name in names:
            # Nothing is awaited between the look and the renaming: nobody can begin to use it meanwhile.
            if name not in self._uses and (self._root / name).is_dir():
                hidden[name] = self._unfinished(name)
                os.rename(self._root / name, hidden[name])
        gone = list(hidden)
        rows = [(name,) for name in gone]
        await self._database.write(
            lambda c: c.executemany("DELETE FROM build_cache_mounts WHERE name = ?", rows)
        )
        for path in hidden.values():
            await asyncio.to_thread(remove_tree, path)
        return gone


def _key(wanted: CacheMount) -> str:
    parts = (wanted.id, wanted.seed, f"{wanted.mode:o}", str(wanted.uid), str(wanted.gid))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:25]
