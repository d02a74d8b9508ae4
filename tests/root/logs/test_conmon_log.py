"""The log as conmon really writes it: read, followed and rotated while a container talks."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from berth.logs.entry import LogQuery
from berth.logs.file import FileLog, Rotation
from berth.logs.keeper import LogKeeper
from berth.wire.stdcopy import STDERR, STDOUT
from tests.contract.monitor_stages import ConmonStage, conmon_stage, missing

pytestmark = pytest.mark.root


def on_stage(case: Callable[[ConmonStage], Awaitable[None]]) -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)

    async def run() -> None:
        async with conmon_stage() as stage:
            await case(stage)

    asyncio.run(run())


def test_streams_times_and_unfinished_lines() -> None:
    async def case(stage: ConmonStage) -> None:
        process = await stage.create("sh", "-c", "echo out; echo err >&2; echo -n open")
        await process.start()
        ended = await process.wait()
        log = FileLog(stage.place / "log", Rotation())
        found = [entry async for entry in log.read(LogQuery())]
        assert {(e.stream, e.data) for e in found} == {
            (STDOUT, b"out\n"), (STDERR, b"err\n"), (STDOUT, b"open"),
        }  # fmt: skip
        assert all(0 < e.time_ns <= ended.at_ns for e in found)

    on_stage(case)


def test_long_lines_are_whole_again() -> None:
    async def case(stage: ConmonStage) -> None:
        script = "head -c 300000 /dev/zero | tr '\\0' x; echo; head -c 10000 /dev/zero | tr '\\0' y"
        process = await stage.create("sh", "-c", script)
        await process.start()
        await process.wait()
        log = FileLog(stage.place / "log", Rotation())
        assert [e.data async for e in log.read(LogQuery())] == [b"x" * 300_000 + b"\n", b"y" * 10_000]
        assert [e.data async for e in log.read(LogQuery(tail=2))] == [
            b"x" * 300_000 + b"\n", b"y" * 10_000,
        ]  # fmt: skip

    on_stage(case)


def test_rotation_under_load_loses_no_line() -> None:
    """A follower and a later reader both see every line, through every rotation."""
    lines = 200_000

    async def case(stage: ConmonStage) -> None:
        script = f"i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo line $i; done"
        process = await stage.create("sh", "-c", script)
        log = FileLog(stage.place / "log", Rotation(max_size=200_000, max_files=1000))
        ended = asyncio.get_running_loop().create_future()
        keeper = LogKeeper()
        keeper.keep("log", log, process.reopen_log)

        async def keep() -> None:
            while True:  # far more often than in life
                keeper.look(1)
                await asyncio.sleep(0)

        keeping = asyncio.ensure_future(keep())

        async def follow() -> bytes:
            query = LogQuery(follow=True, joined=True)
            return b"".join([entry.data async for entry in log.read(query, ended)])

        following = asyncio.ensure_future(follow())
        await process.start()
        await process.wait()
        ended.set_result(None)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        expected = b"".join(b"line %d\n" % n for n in range(1, lines + 1))
        assert await following == expected
        assert b"".join([e.data async for e in log.read(LogQuery(joined=True))]) == expected
        assert len(list(stage.place.glob("log.*"))) > 1

    on_stage(case)
