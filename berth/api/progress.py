"""Long work told line by line: what ``load``, ``import`` and ``bootstrap`` stream to the client.

Workers report from any thread and never wait. What a slow client has not taken yet collapses: only the
newest word of each item and action is kept.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import msgspec

from berth.api.answers import error_line
from berth.api.shape.wire import Json
from berth.engine.engine import Engine

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


class ProgressLines:
    """A ``Progress`` whose news can be awaited."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._news: dict[tuple[str, str], tuple[int, int]] = {}
        self._woken = asyncio.Event()
        self._called = False

    def update(self, item: str, action: str, current: int = 0, total: int = 0) -> None:
        """Note that ``item`` is at ``current`` of ``total`` bytes of ``action``."""
        if self._quiet:
            return
        with self._lock:
            self._news[item, action] = (current, total)
            if self._called:
                return
            self._called = True
        self._loop.call_soon_threadsafe(self._woken.set)

    def wake(self) -> None:
        """End a wait, with or without news."""
        self._woken.set()

    async def wait_news(self) -> None:
        """Return when there may be news."""
        await self._woken.wait()
        self._woken.clear()

    def take(self) -> list[Json]:
        """The news since the last call, as Docker's progress messages."""
        with self._lock:
            news, self._news = self._news, {}
            self._called = False
        return [_message(item, action, *amounts) for (item, action), amounts in news.items()]


def _message(item: str, action: str, current: int, total: int) -> Json:
    shaped: Json = {"status": action}
    detail = {name: value for name, value in (("current", current), ("total", total)) if value}
    if item:
        shaped["progressDetail"] = detail
        shaped["id"] = item
    return shaped


async def told(
    engine: Engine,
    what: str,
    work: Callable[[ProgressLines], Coroutine[Any, Any, T]],
    result: Callable[[T], Iterable[Json]],
    *,
    quiet: bool = False,
) -> AsyncIterator[bytes]:
    """Run ``work`` and stream its progress, then its result, or its failure as Docker's error line.

    When the client goes away the work is cancelled.
    """
    lines = ProgressLines(quiet=quiet)
    task = engine.tasks.spawn(what, _outcome(work(lines), lines))
    try:
        while not task.done():
            await lines.wait_news()
            for message in lines.take():
                yield _encode(message) + b"\r\n"
        value, error = task.result()
        if error is not None:
            yield error_line(error, what)
        elif value is not None:
            for message in result(value):
                yield _encode(message) + b"\r\n"
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])


async def _outcome(work: Coroutine[Any, Any, T], lines: ProgressLines) -> tuple[T | None, Exception | None]:
    """The result of ``work`` or its failure, so that the failure is told to the client and not to the log."""
    try:
        return await work, None
    except Exception as error:  # noqa: BLE001  # handed on to the client
        return None, error
    finally:
        lines.wake()
