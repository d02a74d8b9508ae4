"""Pulls and pushes told line by line, in the messages that Docker's clients know.

Unlike other long work these are answered with a status of their own when they fail before there is
anything to tell, as dockerd does: clients look at the status to find out that an image does not exist.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import msgspec

from berth.api.answers import begun, error_line, stream
from berth.api.shape.wire import Json
from berth.base.units import human_size
from berth.engine.engine import Engine
from berth.server.message import Answer

_encode = msgspec.json.Encoder().encode
_BAR = 50
_DIGITS = 4


class TransferLines:
    """A ``TransferProgress`` whose news can be awaited. A slow client gets each layer's newest word only;
    lines that concern no layer are never lost."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._news: dict[tuple[str, str], Json] = {}
        self._said = 0
        self._woken = asyncio.Event()

    def update(self, item: str, action: str, current: int = 0, total: int = 0) -> None:
        """See Progress."""
        message: Json = {"status": action, "progressDetail": {}, "id": item}
        if current or total:
            message["progressDetail"] = {"current": current, "total": total}
            message["progress"] = _bar(current, total)
        self._add((item, action), message)

    def say(self, text: str, item: str = "") -> None:
        """See TransferProgress."""
        self._said += 1
        self._add(("", str(self._said)), {"status": text, **({"id": item} if item else {})})

    def aux(self, value: Json) -> None:
        """A result for programs, which people are not shown."""
        self._said += 1
        self._add(("", str(self._said)), {"progressDetail": {}, "aux": value})

    def _add(self, key: tuple[str, str], message: Json) -> None:
        with self._lock:
            known = bool(self._news)
            self._news.pop(key, None)
            self._news[key] = message
        if not known:
            self._loop.call_soon_threadsafe(self._woken.set)

    def wake(self) -> None:
        """End a wait, with or without news."""
        self._woken.set()

    async def wait_news(self) -> None:
        """Return when there may be news."""
        await self._woken.wait()
        self._woken.clear()

    def take(self) -> list[Json]:
        """The news since the last call."""
        with self._lock:
            news, self._news = self._news, {}
        return list(news.values())


def _bar(current: int, total: int) -> str:
    """The bar that clients before 2014 printed as it comes, and programs still look for."""
    if total <= 0 or current > total:
        numbers = f"{human_size(current, _DIGITS):>8}"
        return f"[{'=' * _BAR}>]  {numbers.strip()}" if total > 0 else numbers
    filled = min(_BAR, current * _BAR // total)
    shown = f"{human_size(current, _DIGITS):>8}/{human_size(total, _DIGITS)}"
    return f"[{'=' * filled}>{' ' * (_BAR - filled)}] {shown}"


async def answer_transfer(
    engine: Engine, what: str, work: Callable[[TransferLines], Coroutine[Any, Any, None]]
) -> Answer:
    """Run ``work`` and stream what it tells; it is cancelled when the client goes away."""
    return stream(await begun(_told(engine, what, work)))


async def _told(
    engine: Engine, what: str, work: Callable[[TransferLines], Coroutine[Any, Any, None]]
) -> AsyncIterator[bytes]:
    lines = TransferLines()
    task = engine.tasks.spawn(what, _outcome(work(lines), lines))
    told = False
    try:
        while True:
            ended = task.done()
            for message in lines.take():
                told = True
                yield _encode(message) + b"\r\n"
            if ended:
                break
            await lines.wait_news()
        error = task.result()
        if error is None:
            return
        if not told:
            raise error
        yield error_line(error, what)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])


async def _outcome(work: Coroutine[Any, Any, None], lines: TransferLines) -> Exception | None:
    """The failure of ``work``, so that it is told to the client and not to the log."""
    try:
        await work
    except Exception as error:  # noqa: BLE001  # handed on to the client
        return error
    finally:
        lines.wake()
    return None
