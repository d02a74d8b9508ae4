"""Layers from registries to disk, several at a time, each once however many pulls want it.

A layer's bytes are appended to its part (``partial``) as they come, and are unpacked from there by another
process (``workers``) at its own pace, which computes both digests on the way. So a slow disk does not hold
up the network, a slow network does not hold a thread of the common pool, and a pull that ends early leaves
its part behind.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from berth.base.digest import Digest
from berth.base.errors import InvalidArgument
from berth.base.ids import short_id
from berth.base.tasks import TaskTree
from berth.image.growing import GrowingFile
from berth.image.layers import StagedLayer, Staging
from berth.image.model import Progress
from berth.image.partial import Partials
from berth.image.remote import ImageSource

T = TypeVar("T")

_WRITE = 1 << 20
_TOLD_EVERY_S = 0.1


class LayerJob(NamedTuple):
    """A layer to fetch: the blob ``digest`` of ``size`` bytes must unpack to the archive ``diff_id``."""

    source: ImageSource
    digest: Digest
    size: int
    diff_id: Digest


class _Audience:
    """Everybody who watches a layer; late comers are told the last word first."""

    def __init__(self) -> None:
        self.members: list[Progress] = []
        self._last: tuple[str, int, int] | None = None
        self._told_at = 0.0

    def add(self, member: Progress, item: str) -> None:
        self.members.append(member)
        if self._last is not None:
            member.update(item, *self._last)

    def tell(self, item: str, action: str, current: int = 0, total: int = 0) -> None:
        self._last = (action, current, total)
        for member in self.members:
            member.update(item, action, current, total)

    def tell_sometimes(self, item: str, action: str, current: int, total: int, now: float) -> None:
        """As ``tell``, but no more often than a person can read."""
        if now - self._told_at >= _TOLD_EVERY_S or current >= total:
            self._told_at = now
            self.tell(item, action, current, total)


class Fetched(NamedTuple):
    """A layer on disk, and the staging that holds it until it is published."""

    staged: StagedLayer
    staging: Staging


class Transfer:
    """One layer in progress or done, for everybody who has joined it."""

    def __init__(
        self, digest: Digest, task: "asyncio.Task[Fetched | Exception]", audience: _Audience
    ) -> None:
        self.digest = digest
        self.audience = audience
        self._task = task
        self.users = 0

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._task.done()

    async def wait(self) -> StagedLayer:
        """The layer, when it is there; raises what went wrong."""
        outcome = await asyncio.shield(self._task)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.staged

    async def end(self) -> None:
        """Stop it if it is under way, and remove what it staged and nobody published."""
        self._task.cancel()
        await asyncio.wait([self._task])
        outcome = None if self._task.cancelled() else self._task.result()
        if isinstance(outcome, Fetched):
            await asyncio.to_thread(outcome.staging.close)


class Transfers:
    """See the module. ``downloads`` is how many layers travel at a time, over all pulls."""

    def __init__(
        self, open_staging: Callable[[], Staging], partials: Partials, tasks: TaskTree, downloads: int
    ) -> None:
        self._open_staging = open_staging
        self._partials = partials
        self._tasks = tasks
        self._slots = asyncio.Semaphore(max(1, downloads))
        # One thread for each layer that travels, and one for each processor to unpack what has arrived. They
        # wait for the network and for processes, so they must not be those that everything else runs in.
        threads = max(1, downloads) + (os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="unpack")
        self._running: dict[Digest, Transfer] = {}

    def join(self, job: LayerJob, progress: Progress) -> Transfer:
        """Start the layer, or watch it if it is under way. ``leave`` must follow."""
        transfer = self._running.get(job.digest)
        if transfer is None or transfer.done:
            audience = _Audience()
            task = self._tasks.spawn(f"layer {job.digest}", self._outcome(job, audience))
            transfer = self._running[job.digest] = Transfer(job.digest, task, audience)
        transfer.users += 1
        transfer.audience.add(progress, short_id(job.digest))
        return transfer

    async def leave(self, transfer: Transfer, progress: Progress) -> None:
        """No longer need a transfer. What it staged goes with the last user; its part stays."""
        transfer.users -= 1
        transfer.audience.members.remove(progress)
        if transfer.users == 0:
            if self._running.get(transfer.digest) is transfer:
                del self._running[transfer.digest]
            await asyncio.shield(transfer.end())

    def close(self) -> None:
        """No more transfers. Those under way are ended by the task tree."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _outcome(self, job: LayerJob, audience: _Audience) -> Fetched | Exception:
        """The layer or its failure, which the pulls are told, and not the log."""
        try:
            return await self._run(job, audience)
        except Exception as error:  # noqa: BLE001  # handed on to those who wait
            return error

    async def _run(self, job: LayerJob, audience: _Audience) -> Fetched:
        if self._slots.locked():
            audience.tell(short_id(job.digest), "Waiting")
        staging = await _made(self._open_staging, Staging.close)
        try:
            return Fetched(await self._fetch(job, staging, audience), staging)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(staging.close))
            raise

    async def _fetch(self, job: LayerJob, staging: Staging, audience: _Audience) -> StagedLayer:
        """Fetch and unpack; once more from the beginning when what an earlier pull left was no good."""
        partial = await _made(lambda: self._partials.open(job.digest, job.size), GrowingFile.close)
        try:
            resumed = partial.written > 0
            try:
                return _checked(job, await self._attempt(job, partial, staging, audience))
            except InvalidArgument:
                if not resumed:
                    await asyncio.to_thread(self._partials.discard, job.digest)
                    raise
            await asyncio.to_thread(partial.restart)
            try:
                return _checked(job, await self._attempt(job, partial, staging, audience))
            except InvalidArgument:
                await asyncio.to_thread(self._partials.discard, job.digest)
                raise
        finally:
            partial.close()

    async def _attempt(
        self, job: LayerJob, partial: GrowingFile, staging: Staging, audience: _Audience
    ) -> StagedLayer:
        item = short_id(job.digest)
        loop = asyncio.get_running_loop()

        arrived = False

        def seen(count: int) -> None:
            if arrived:
                audience.tell_sometimes(item, "Extracting", count, job.size, time.monotonic())

        await self._slots.acquire()
        reading = loop.run_in_executor(self._threads, staging.follow, partial, seen)
        try:
            try:
                await _download(job, partial, audience, reading)
            finally:
                self._slots.release()
            audience.tell(item, "Verifying Checksum")
            audience.tell(item, "Download complete")
            arrived = True
            return await asyncio.shield(reading)
        finally:
            partial.abort()
            await _ended(reading)


async def _download(
    job: LayerJob, partial: GrowingFile, audience: _Audience, reading: "asyncio.Future[StagedLayer]"
) -> None:
    item = short_id(job.digest)

    def written() -> None:
        audience.tell_sometimes(item, "Downloading", partial.written, job.size, time.monotonic())

    writer = _Writer(partial, written)
    try:
        async for chunk in job.source.blob(job.digest, job.size, partial.written):
            if reading.done():
                reading.result()  # raises what is wrong with the archive
            await writer.add(chunk)
    finally:
        await writer.finish()  # also when the pull ends here: the next one goes on from what has come


class _Writer:
    """Appends to a part in a thread: at once when the disk is idle, in larger pieces when it is not. So what
    has come is on disk a moment later, however slowly the rest comes."""

    def __init__(self, partial: GrowingFile, written: Callable[[], None]) -> None:
        self._partial = partial
        self._written = written
        self._loop = asyncio.get_running_loop()
        self._pending: list[bytes] = []
        self._size = 0
        self._writing: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._changed = asyncio.Event()

    async def add(self, chunk: bytes) -> None:
        """Take a chunk; waits while too much is pending. Raises what an earlier write has run into."""
        self._pending.append(chunk)
        self._size += len(chunk)
        if self._writing is None:
            self._start()
        while self._size >= _WRITE and self._error is None:
            await self._change()
        if self._error is not None:
            raise self._error

    async def finish(self) -> None:
        """Return when everything is written, even when cancelled meanwhile; raises what went wrong."""
        while self._writing is not None:
            await _ended(self._writing)
            await asyncio.sleep(0)  # the callback of the write comes next
        if self._error is not None:
            raise self._error

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _start(self) -> None:
        data, self._size = b"".join(self._pending), 0
        self._pending.clear()
        self._writing = self._loop.run_in_executor(None, self._partial.append, data)
        self._writing.add_done_callback(self._done)

    def _done(self, writing: "asyncio.Future[None]") -> None:
        self._writing = None
        self._error = self._error or (None if writing.cancelled() else writing.exception())
        if self._error is None:
            self._written()
            if self._pending:
                self._start()
        self._changed.set()


async def _made(make: Callable[[], T], unmake: Callable[[T], None]) -> T:
    """``make()`` in a thread: names on a busy disk may take their time. Undone when cancelled meanwhile."""
    making = asyncio.get_running_loop().run_in_executor(None, make)
    try:
        await _ended(making)
    except asyncio.CancelledError:
        if making.exception() is None:
            await asyncio.shield(asyncio.to_thread(unmake, making.result()))
        raise
    return making.result()


async def _ended(future: "asyncio.Future[T]") -> None:
    """Wait for work in a thread that cannot be interrupted, even when cancelled, and look at no result."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if not future.cancelled():
        future.exception()
    if cancelled is not None:
        raise cancelled


def _checked(job: LayerJob, staged: StagedLayer) -> StagedLayer:
    if staged.blob_digest != job.digest:
        raise InvalidArgument(f"filesystem layer verification failed for digest {job.digest}")
    if staged.info.diff_id != job.diff_id:
        raise InvalidArgument(
            f"layer {job.digest} unpacks to {staged.info.diff_id}, its image says {job.diff_id}"
        )
    return staged
