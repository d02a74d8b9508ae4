"""Build contexts: received once, kept as contents and listings, and not sent again while they are the same.

A client that builds from a directory first offers a list of what is there (one JSON array a line, see
``Row``) and then sends only the files that the store does not know from the last time. For each directory
the store remembers the last list with the digests of its files; a file whose size, times and inode are as
they were is taken to be the same file. What one user has sent is never taken for another's, since who knows
the times of a file may still not be allowed to read it.

On disk, below the store's root, beside what ``files`` has::

    listings/<64 hex>        the last list of one directory: msgpack of ``_Saved``; the name hashes its key

Contexts themselves have an id and live in memory, as builds do.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
import weakref
from collections.abc import AsyncIterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from berth.base.caller import Caller
from berth.base.errors import InvalidArgument, NotFound
from berth.base.tasks import Stop, in_thread
from berth.build.context_tar import contents, member_path, metered, read_context
from berth.build.files import FileStore
from berth.build.http import Downloads
from berth.build.listing import Listing, Pin, complete
from berth.build.tree import DIRECTORY, FILE, LINK, Entry
from berth.image.feed import run_fed
from berth.image.tar.reader import TarReader
from berth.image.tar.source import ChunkSource, NextChunk

_IDLE_S = 3600.0
_REMEMBERED = 32
_RACE_NS = 20_000_000
"""Times of files are as coarse as a tick of the kernel's clock: what changed this short a time before it was
looked at may change once more and look the same."""
_EMPTY = "sha256:" + hashlib.sha256(b"").hexdigest()


class Row(NamedTuple):
    """One line of an offer. ``kind`` is ``f``, ``d`` or ``l``; ``mode`` has permission bits; times are
    nanoseconds; ``link`` is where a link points to. Further fields are ignored."""

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    link: str = ""

    @property
    def signature(self) -> tuple[int, int, int, int]:
        """What is the same as long as nobody writes to the file."""
        return self.size, self.mtime_ns, self.ctime_ns, self.inode


class Offer(NamedTuple):
    """The answer: the context's id, and the positions of the rows whose contents are to be sent."""

    id: str
    wanted: tuple[int, ...]


class _Saved(msgspec.Struct, array_like=True):
    """A list as it came, and for each row the content that it stood for, empty for none."""

    key: str
    offered_ns: int
    body: bytes
    digests: list[str]


class _Known:
    """The last list of a directory. ``listing`` is complete."""

    def __init__(self, saved: _Saved, rows: list[Row], listing: Listing) -> None:
        self.saved = saved
        self.rows = rows
        self.listing = listing
        newest = max((max(row.mtime_ns, row.ctime_ns) for row in rows), default=0)
        self.settled = newest < saved.offered_ns - _RACE_NS
        """Whether an equal list means equal files."""


class _Pending:
    """An offer of which files are still missing: path -> position in the rows."""

    def __init__(self, saved: _Saved, rows: list[Row], wanted: dict[str, int]) -> None:
        self.saved = saved
        self.rows = rows
        self.sizes: dict[str, int] = {}
        self.wanted = wanted


class _Context:
    """``owner`` None: whoever knows the id."""

    def __init__(self, content: Listing | _Pending, owner: Caller | None) -> None:
        self.content: Listing | _Pending | weakref.ref[Listing] = content
        self.owner = owner
        self.used = time.monotonic()
        self.holds = 0


class ContextStore:
    """See the module. A context that was taken by ``get`` exists as long as anybody has its listing, another
    one for an hour; so do its files."""

    def __init__(self, root: Path, files: FileStore) -> None:
        self.files = files
        self._listings = root / "listings"
        self._listings.mkdir(mode=0o700, exist_ok=True)
        self.downloads = Downloads(root / "downloads", files)
        self._known: dict[str, _Known] = {}
        self._contexts: dict[str, _Context] = {}
        self._alive: weakref.WeakSet[Pin] = weakref.WeakSet()
        """Of listings that somebody still has: what they name is not collected."""
        self._begun: list[float] = []
        """When what is being received now began (seconds since the epoch)."""
        self._lock = asyncio.Lock()
        """Held while lists are compared and while contents are collected, not while they come."""

    @classmethod
    async def open(cls, root: Path, boot: str) -> Self:
        """Open the store below ``root``; ``boot`` identifies this run of the machine's kernel."""
        return await asyncio.to_thread(cls._open, root, boot)

    @classmethod
    def _open(cls, root: Path, boot: str) -> Self:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(root, FileStore(root, boot))

    async def close(self) -> None:
        """Make durable what is kept."""
        await asyncio.to_thread(self.files.close)

    # -- contexts ----------------------------------------------------------------------------------------

    def add(self, listing: Listing) -> str:
        """A context of its own for a listing that came by other ways; returns its id."""
        return self._new(listing)

    def get(self, context_id: str, asker: Caller | None = None) -> Listing:
        """The listing of a complete context. NotFound for an unknown id, and for a context that another than
        ``asker`` has offered; InvalidArgument while files are missing."""
        context = self._find(context_id, asker)
        if isinstance(context.content, _Pending):
            raise InvalidArgument(
                f"the context lacks {len(context.content.wanted)} files that it was to bring"
            )
        listing = context.content() if isinstance(context.content, weakref.ref) else context.content
        if listing is None:
            del self._contexts[context_id]
            raise _unknown(context_id)
        context.content = weakref.ref(listing)
        return listing

    def keep(self, listing: Listing) -> Listing:
        """Leave alone what a listing names for as long as the object exists; returns it."""
        self._alive.add(listing.pin)
        return listing

    def _new(self, content: Listing | _Pending, owner: Caller | None = None) -> str:
        now = time.monotonic()
        if isinstance(content, Listing):
            self.keep(content)
        for old in [i for i, c in self._contexts.items() if not c.holds and now - c.used > _IDLE_S]:
            del self._contexts[old]
        context_id = secrets.token_hex(16)
        self._contexts[context_id] = _Context(content, owner)
        return context_id

    def _find(self, context_id: str, asker: Caller | None) -> _Context:
        context = self._contexts.get(context_id)
        if context is None or _is_foreign(context.owner, asker):
            raise _unknown(context_id)
        context.used = time.monotonic()
        return context

    # -- receiving ---------------------------------------------------------------------------------------

    async def receive(self, chunks: AsyncIterable[bytes]) -> str:
        """A whole context as a tar, compressed or not; returns its id. InvalidArgument for a bad one."""
        with self.receiving():
            return self._new(await run_fed(chunks, lambda next_chunk: read_context(self.files, next_chunk)))

    async def offer(self, key: str, body: bytes, owner: Caller) -> Offer:
        """A list of what a directory of ``owner`` has; ``key`` says which directory.

        InvalidArgument for a bad list.
        """
        key = f"{owner.uid} {owner.subject} {key}"
        async with self._lock:
            known = self._known.get(key)
            content: Listing | _Pending
            if known is not None and known.settled and known.saved.body == body:
                content = self._remember(key, known).listing
            else:
                content = await in_thread(Stop(), self._compare, key, body, time.time_ns())
            wanted = () if isinstance(content, Listing) else tuple(content.wanted.values())
            return Offer(self._new(content, owner), wanted)

    @contextlib.contextmanager
    def receiving(self) -> Iterator[None]:
        """While this is open, nothing that is stored meanwhile is collected."""
        begun = time.time() - 1
        self._begun.append(begun)
        try:
            yield
        finally:
            self._begun.remove(begun)

    def _compare(self, key: str, body: bytes, now: int) -> Listing | _Pending:
        known = self._known.get(key) or self._load(key)
        if known is not None and known.settled and known.saved.body == body:
            return self._remember(key, known).listing
        rows = decode_rows(body)
        saved = _Saved(key, now, body, [""] * len(rows))
        wanted: dict[str, int] = {}
        seen = _digests(known) if known is not None else {}
        for index, row in enumerate(rows):
            if row.kind != FILE:
                continue
            digest = seen.get((row.path, *row.signature), "") if row.size else _EMPTY
            if digest:
                saved.digests[index] = digest
            else:
                wanted[row.path] = index
        if any(row.kind == FILE and not row.size for row in rows):
            self.files.put(())
        pending = _Pending(saved, rows, wanted)
        return pending if wanted else self._finish(pending)

    async def fill(self, context_id: str, chunks: AsyncIterable[bytes], asker: Caller | None = None) -> None:
        """Files that an offer wanted, as a tar. InvalidArgument for one that it did not want; NotFound as
        ``get``."""
        context = self._find(context_id, asker)
        pending = context.content
        if not isinstance(pending, _Pending):
            raise InvalidArgument("the context is complete: nothing was wanted")
        context.holds += 1
        try:
            with self.receiving():
                await run_fed(chunks, lambda next_chunk: self._store(pending, next_chunk))
            async with self._lock:
                if not pending.wanted and context.content is pending:
                    context.content = self.keep(await in_thread(Stop(), self._finish, pending))
        finally:
            context.holds -= 1

    def _store(self, pending: _Pending, next_chunk: NextChunk) -> None:
        meter = self.files.meter()
        source = ChunkSource(metered(next_chunk, meter))
        reader = TarReader(source)
        for member in reader:
            path = member_path(member.name)
            index = pending.wanted.get(path)
            if index is None:
                raise InvalidArgument(f"the context did not want {path!r}")
            stored = self.files.put(contents(member, reader.pieces(), meter))
            pending.saved.digests[index] = stored.digest
            if stored.size != pending.rows[index].size:
                pending.sizes[path] = stored.size  # it changed between the list and now
            pending.wanted.pop(path, None)  # another request may have brought it meanwhile
        source.drain()

    def _finish(self, pending: _Pending) -> Listing:
        listing = _listing(self.files, pending.rows, pending.saved.digests, pending.sizes)
        if not pending.sizes:
            known = _Known(pending.saved, pending.rows, listing)
            self._remember(pending.saved.key, known)
            self._save(pending.saved)
        return listing

    # -- remembering -------------------------------------------------------------------------------------

    def _remember(self, key: str, known: _Known) -> _Known:
        self._known.pop(key, None)
        self._known[key] = known  # the last one used is the last one forgotten
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path(key))
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        return known

    def _path(self, key: str) -> Path:
        return self._listings / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()

    def _save(self, saved: _Saved) -> None:
        path = self._path(saved.key)
        self.files.replace(path, msgspec.msgpack.encode(saved))

    def _load(self, key: str) -> _Known | None:
        saved = self._read(self._path(key))
        if saved is None or saved.key != key:
            return None
        rows = decode_rows(saved.body)
        if not all(self.files.has(digest) for digest in set(saved.digests) if digest):
            return None
        return _Known(saved, rows, _listing(self.files, rows, saved.digests, {}))

    @staticmethod
    def _read(path: Path) -> _Saved | None:
        """None when there is none, or what a crash of the machine has damaged."""
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=_Saved)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    # -- keeping and forgetting --------------------------------------------------------------------------

    async def usage(self) -> int:
        """Bytes of all contents that are kept."""
        return await asyncio.to_thread(self.files.usage)

    async def collect(self, keep_bytes: int, max_age_s: float = float("inf"), idle_s: float = 0.0) -> int:
        """Forget lists and downloads not used for ``max_age_s`` seconds, then the oldest until what is left
        fits; delete the contents that nothing names and that nothing has brought for ``idle_s`` seconds.

        Returns the bytes freed. What somebody has a listing of stays. When everything is still too much,
        contents that nothing names go at once.
        """
        async with self._lock:
            needed = await asyncio.to_thread(self._forget, keep_bytes, max_age_s)
            for pin in list(self._alive):
                needed.update(pin.contents())
            for context in self._contexts.values():
                if isinstance(context.content, _Pending):
                    needed.update(dict.fromkeys(context.content.saved.digests, 0))
            # What is coming now belongs to contexts that this round does not know of.
            now = min((time.time() - 1, *self._begun))
            return await asyncio.to_thread(self._sweep, frozenset(needed), now, idle_s, keep_bytes)

    def _sweep(self, needed: frozenset[str], now: float, idle_s: float, keep_bytes: int) -> int:
        freed = self.files.sweep(needed, now - idle_s)
        if idle_s and self.files.usage() > keep_bytes:
            freed += self.files.sweep(needed, now)
        return freed

    def _forget(self, keep_bytes: int, max_age_s: float) -> dict[str, int]:
        """Drop records that are too old or too many; the contents that the others need, with their sizes."""
        needed: dict[str, int] = {}
        records = [*self._listings.iterdir(), *self.downloads.directory.iterdir()]
        used = {path: path.stat().st_mtime for path in records}
        for path in sorted(records, key=used.__getitem__, reverse=True):
            key, sizes = self._recorded(path)
            total = sum((needed | sizes).values())
            if key is None or time.time() - used[path] > max_age_s or total > keep_bytes:
                self._known.pop(key or "", None)
                path.unlink(missing_ok=True)
            else:
                needed.update(sizes)
        return needed

    def _recorded(self, path: Path) -> tuple[str | None, dict[str, int]]:
        """The key of a remembered list or download, and the contents that it needs with their sizes."""
        if path.parent == self._listings:
            saved = self._read(path)
            if saved is None:
                return None, {}
            return saved.key, dict(zip(saved.digests, decode_sizes(saved.body), strict=True))
        download = self.downloads.read(path)
        return (download.url, {download.digest: download.size}) if download else (None, {})


def _is_foreign(owner: Caller | None, asker: Caller | None) -> bool:
    if owner is None or asker is None:
        return False
    return (owner.uid, owner.subject) != (asker.uid, asker.subject)


def _unknown(context_id: str) -> NotFound:
    return NotFound(f"No such build context: {context_id}")


_decoder = msgspec.json.Decoder(Row)
_KINDS = frozenset((FILE, DIRECTORY, LINK))


def decode_rows(body: bytes) -> list[Row]:
    """The lines of an offer; InvalidArgument for anything else."""
    try:
        rows = _decoder.decode_lines(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"invalid list of a context: {error}") from None
    for row in rows:
        possible = row.kind in _KINDS and (row.path or row.kind == DIRECTORY)
        if not possible or row.size < 0 or not 0 <= row.mode <= 0o7777:
            raise InvalidArgument(f"invalid list of a context: {row.path[:200]!r}")
    if len({row.path for row in rows}) != len(rows):
        raise InvalidArgument("invalid list of a context: a path comes twice")
    return rows


def decode_sizes(body: bytes) -> list[int]:
    """The sizes alone."""
    return [row.size for row in _decoder.decode_lines(body)]


def _digests(known: _Known) -> dict[tuple[str, int, int, int, int], str]:
    """What is known of files that nobody has written to; those that were too young to tell are left out."""
    limit = known.saved.offered_ns - _RACE_NS
    return {
        (row.path, *row.signature): digest
        for row, digest in zip(known.rows, known.saved.digests, strict=True)
        if digest and row.mtime_ns < limit and row.ctime_ns < limit
    }


def _listing(files: FileStore, rows: list[Row], digests: list[str], sizes: dict[str, int]) -> Listing:
    names: dict[int, int] = {}
    for row in rows:
        if row.kind == FILE:
            names[row.inode] = names.get(row.inode, 0) + 1
    entries = [
        Entry(
            row.path,
            row.kind,
            row.mode,
            row.uid,
            row.gid,
            sizes.get(row.path, row.size) if row.kind == FILE else 0,
            row.mtime_ns,
            digest or None,
            row.link if row.kind == LINK else "",
            (0, 0),
            (0, row.inode) if row.kind == FILE and names[row.inode] > 1 else None,
        )
        for row, digest in zip(rows, digests, strict=True)
    ]
    root = next((entry for entry in entries if not entry.path), None)
    return Listing(complete(entry for entry in entries if entry.path), files.files, root)
