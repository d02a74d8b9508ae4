"""The only place that makes asyncio tasks without waiting for them.

Siblings that must not share a fate (one supervisor per container) live in a ``TaskTree``: a failure is
reported to one callback and the neighbours live on. Where a failure should bring all down, use
``asyncio.TaskGroup`` instead.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Stopped(Exception):
    """Raised in a thread by ``Stop.check``: nobody waits for its work any longer."""


class Stop:
    """How a thread learns that its work is not wanted any more: it calls ``check`` between two pieces."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """Stopped, once it was asked for."""
        if self.asked:
            raise Stopped


async def in_thread(stop: Stop, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run ``work`` in a thread and return what it returns.

    When this is cancelled, ``stop`` is asked for, and the end of the thread is awaited before the
    cancellation goes on: what the work uses (an open directory, a mount) is not taken away under it.
    """
    task = asyncio.get_running_loop().create_task(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.asked = True
        await _ended(task)
        raise


async def _ended(task: "asyncio.Task[Any]") -> None:
    """Wait for the end of a task, whoever wants to cancel that, and whatever comes of it."""
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue
    if not task.cancelled():
        task.exception()


class TaskTree:
    """Named background tasks with one owner, who ends them all."""

    def __init__(self, on_failure: Callable[[str, BaseException], None]) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._whole: set[asyncio.Task[Any]] = set()
        self._on_failure = on_failure
        self._closed = False

    def spawn(self, name: str, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start ``coro``; the tree keeps it alive until it ends and reports its failure."""
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def finish(self, name: str, coro: Coroutine[Any, Any, T], *, waits: bool = False) -> T:
        """Run ``coro`` to its end even when the caller is cancelled meanwhile, and return its result.

        With ``waits`` the cancelled caller goes on only after that end: when it holds what ``coro`` uses.
        A failure is the caller's to see; it is reported only when the caller has gone.
        """
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._whole.add(task)
        task.add_done_callback(self._whole.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._done)
            if waits:
                await _ended(task)
            raise

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(task.get_name(), error)

    def __len__(self) -> int:
        return len(self._tasks) + len(self._whole)

    @property
    def closed(self) -> bool:
        """Whether the owner has begun to end them all."""
        return self._closed

    async def close(self, grace_s: float = 0.0) -> None:
        """Cancel the background tasks; give what runs in ``finish`` ``grace_s`` seconds to its end first.

        Returns when every task has ended.
        """
        self._closed = True
        background = list(self._tasks)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        if self._whole and grace_s > 0:
            await asyncio.wait(list(self._whole), timeout=grace_s)
        rest = list(self._whole)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
