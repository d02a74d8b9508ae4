"""Work in threads, and work that is seen through, whoever is cancelled."""

import asyncio
import threading

import pytest

from berth.base.tasks import Stop, Stopped, TaskTree, in_thread


def test_the_result_comes_back() -> None:
    assert asyncio.run(in_thread(Stop(), lambda: 3)) == 3


def test_an_error_comes_back() -> None:
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(in_thread(Stop(), fails))


def test_a_cancelled_caller_asks_the_thread_to_stop_and_waits_for_its_end() -> None:
    begun, order = threading.Event(), []

    def work(stop: Stop) -> None:
        begun.set()
        try:
            while True:
                stop.check()
        except Stopped:
            order.append("thread")

    async def main() -> None:
        stop = Stop()
        task = asyncio.create_task(in_thread(stop, work, stop))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        order.append("caller")

    asyncio.run(main())
    assert order == ["thread", "caller"]


@pytest.mark.parametrize(("waits", "expected"), [(True, ["work", "caller"]), (False, ["caller", "work"])])
def test_a_cancelled_caller_of_finish(waits: bool, expected: list[str]) -> None:
    order = []

    async def main() -> None:
        tree = TaskTree(lambda _name, _error: None)
        going, gate = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            going.set()
            await gate.wait()
            order.append("work")

        async def caller() -> None:
            try:
                await tree.finish("work", work(), waits=waits)
            finally:
                order.append("caller")

        task = asyncio.create_task(caller())
        await going.wait()
        task.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(task, return_exceptions=True)
        await tree.close(10)

    asyncio.run(main())
    assert order == expected
