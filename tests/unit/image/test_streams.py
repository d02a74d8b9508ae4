"""The bridge between the loop and threads, in both directions."""

import asyncio
import threading

import pytest

from berth.image.feed import run_fed
from berth.image.outflow import stream


def _read_all(next_chunk) -> bytes:
    data = b""
    while chunk := next_chunk():
        data += chunk
    return data


async def _chunks(*parts: bytes):
    for part in parts:
        yield part


def test_everything_arrives_in_order() -> None:
    parts = [bytes([n % 256]) * (n * 10) for n in range(500)]
    assert asyncio.run(run_fed(_chunks(*parts), _read_all)) == b"".join(parts)


def test_more_than_the_buffer_waits_for_the_reader() -> None:
    async def many():
        for _ in range(64):
            yield bytes(1 << 20)

    assert len(asyncio.run(run_fed(many(), _read_all))) == 64 << 20


def test_the_worker_may_stop_early() -> None:
    async def endless():
        while True:
            yield bytes(1 << 20)

    assert asyncio.run(run_fed(endless(), lambda next_chunk: len(next_chunk()))) > 0


def test_an_error_of_the_worker_is_raised() -> None:
    def fail(next_chunk):
        next_chunk()
        raise ValueError("bad archive")

    async def endless():
        while True:
            yield bytes(1 << 20)

    with pytest.raises(ValueError, match="bad archive"):
        asyncio.run(run_fed(endless(), fail))


def test_an_error_of_the_source_is_raised_though_the_worker_sees_it_first() -> None:
    async def broken():
        yield b"1"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        asyncio.run(run_fed(broken(), _read_all))


def test_cancelling_ends_the_thread_first() -> None:
    ended = threading.Event()

    def work(next_chunk):
        try:
            _read_all(next_chunk)
        finally:
            ended.set()

    async def scenario() -> None:
        started = asyncio.Event()

        async def silent():
            yield b"1"
            started.set()
            await asyncio.Event().wait()

        task = asyncio.get_running_loop().create_task(run_fed(silent(), work))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(scenario())


def test_pieces_are_joined_and_closed() -> None:
    closed = []

    def pieces():
        try:
            for _ in range(3000):
                yield b"x" * 1000
        finally:
            closed.append(True)

    async def all_of_it() -> list[int]:
        return [len(chunk) async for chunk in stream(pieces())]

    async def first_of_it() -> None:
        chunks = stream(pieces())
        await anext(chunks)
        await chunks.aclose()

    sizes = asyncio.run(all_of_it())
    assert sum(sizes) == 3_000_000
    assert len(sizes) == 3
    asyncio.run(first_of_it())
    assert closed == [True, True]
