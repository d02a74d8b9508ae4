"""TaskTree: siblings live on, failures are told, cancelling the waiter does not cancel the work."""

import asyncio

import pytest

from berth.base.tasks import TaskTree


def test_a_failure_is_reported_and_the_neighbour_lives() -> None:
    failures: list[tuple[str, str]] = []

    async def scenario() -> str:
        tree = TaskTree(lambda name, error: failures.append((name, str(error))))
        gate = asyncio.Event()

        async def fails() -> None:
            raise ValueError("broken")

        async def lives() -> str:
            await gate.wait()
            return "alive"

        failing = tree.spawn("bad", fails())
        living = tree.spawn("good", lives())
        await asyncio.wait([failing])
        gate.set()
        result = await living
        await tree.close()
        return result

    assert asyncio.run(scenario()) == "alive"
    assert failures == [("bad", "broken")]


def test_close_ends_everything_and_waits_for_it() -> None:
    ended: list[str] = []

    async def scenario() -> int:
        tree = TaskTree(lambda name, error: ended.append(f"failed {name}"))
        started = asyncio.Event()

        async def runs() -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("cleaned")

        tree.spawn("forever", runs())
        await started.wait()
        assert len(tree) == 1
        await tree.close()
        return len(tree)

    assert asyncio.run(scenario()) == 0
    assert ended == ["cleaned"]


@pytest.mark.parametrize("fails", [False, True])
def test_finish_goes_on_when_the_caller_is_cancelled(fails: bool) -> None:
    told: list[str] = []
    done: list[str] = []

    async def scenario() -> None:
        tree = TaskTree(lambda name, error: told.append(name))
        gate, started, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def work() -> None:
            started.set()
            await gate.wait()
            done.append("work")
            asyncio.get_running_loop().call_soon(over.set)
            if fails:
                raise ValueError("late")

        async def caller() -> None:
            await tree.finish("change", work())

        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(caller())
            await started.wait()
            waiting.cancel()
        assert done == []
        gate.set()
        await over.wait()
        await tree.close()

    asyncio.run(scenario())
    assert done == ["work"]
    assert told == (["change"] if fails else [])


def test_finish_hands_result_and_failure_to_a_waiting_caller() -> None:
    told: list[str] = []

    async def scenario() -> None:
        tree = TaskTree(lambda name, error: told.append(name))

        async def good() -> int:
            return 3

        async def bad() -> int:
            raise ValueError("broken")

        assert await tree.finish("good", good()) == 3
        with pytest.raises(ValueError, match="broken"):
            await tree.finish("bad", bad())
        await tree.close()

    asyncio.run(scenario())
    assert told == []
