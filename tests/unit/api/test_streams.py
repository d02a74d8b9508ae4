"""Streams of answers: the first item before the head, progress, splices."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from berth.api.answers import begun, json_lines
from berth.api.progress import ProgressLines, told
from berth.base.errors import InvalidArgument, NotFound
from berth.base.tasks import TaskTree
from berth.engine.engine import Engine


async def collect(items) -> list[Any]:
    return [item async for item in items]


def test_begun_gives_everything_back():
    async def source(count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    async def main() -> None:
        assert await collect(await begun(source(3))) == [0, 1, 2]
        assert await collect(await begun(source(0))) == []

    asyncio.run(main())


def test_begun_raises_before_the_head_is_sent():
    async def source() -> AsyncIterator[int]:
        raise NotFound("no")
        yield 1

    async def main() -> None:
        with pytest.raises(NotFound):
            await begun(source())

    asyncio.run(main())


def test_closing_a_begun_stream_closes_its_source():
    closed: list[bool] = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    async def main() -> None:
        items = json_lines(await begun(source()), lambda number: number)
        assert await anext(items) == b"1\n"
        await cast(Any, items).aclose()
        assert closed == [True]

    asyncio.run(main())


def run_told(work, result=lambda value: [{"value": value}], *, quiet=False) -> list[dict[str, Any]]:
    """The lines that ``told`` streams for ``work``."""

    async def main() -> list[bytes]:
        failures: list[str] = []
        tree = TaskTree(lambda name, error: failures.append(name))
        # ``told`` needs nothing of an engine but its task tree.
        engine = cast(Engine, SimpleNamespace(tasks=tree))
        lines = await collect(told(engine, "work", work, result, quiet=quiet))
        await tree.close()
        assert failures == []
        return lines

    lines = asyncio.run(main())
    assert all(line.endswith(b"\r\n") for line in lines)
    return [json.loads(line) for line in lines]


def test_progress_then_result():
    async def work(progress: ProgressLines) -> int:
        progress.update("layer", "Loading layer", 5, 10)
        progress.update("", "nearly there")
        return 7

    assert run_told(work) == [
        {"status": "Loading layer", "progressDetail": {"current": 5, "total": 10}, "id": "layer"},
        {"status": "nearly there"},
        {"value": 7},
    ]
    assert run_told(work, quiet=True) == [{"value": 7}]


def test_progress_from_threads_collapses_but_keeps_the_last_word():
    async def work(progress: ProgressLines) -> int:
        def report() -> None:
            for number in range(1, 1001):
                progress.update("layer", "Loading", number, 1000)

        threads = [threading.Thread(target=report) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        return 1

    lines = run_told(work)
    assert lines[-1] == {"value": 1}
    assert lines[-2]["progressDetail"] == {"current": 1000, "total": 1000}
    assert len(lines) < 2000


def test_failure_is_the_last_line():
    async def work(progress: ProgressLines) -> int:
        progress.update("", "trying")
        raise InvalidArgument("broken archive")

    assert run_told(work) == [
        {"status": "trying"},
        {"errorDetail": {"message": "broken archive"}, "error": "broken archive"},
    ]


def test_unforeseen_failure_is_told_by_an_id(caplog):
    async def work(progress: ProgressLines) -> int:
        raise ZeroDivisionError

    (line,) = run_told(work)
    assert line["error"].startswith("unexpected internal error ")
    assert "ZeroDivisionError" in caplog.text


def test_leaving_cancels_the_work():
    ended: list[bool] = []

    async def work(progress: ProgressLines) -> int:
        progress.update("", "begun")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return 1

    async def main() -> None:
        tree = TaskTree(lambda name, error: None)
        lines = told(cast(Engine, SimpleNamespace(tasks=tree)), "work", work, lambda value: [])
        assert await anext(lines) == b'{"status":"begun"}\r\n'
        await cast(Any, lines).aclose()
        assert ended == [True]
        await tree.close()

    asyncio.run(main())
