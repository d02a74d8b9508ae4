"""Records on their way to a client: none is lost, whoever tells it and however late."""

import asyncio
import threading

from berth.api.build.build import _Records
from berth.build.records import AnyRecord, Built, StepLog


def test_all_that_a_build_told_can_be_taken_when_it_has_ended() -> None:
    async def main() -> list[AnyRecord]:
        records = _Records()

        async def build() -> None:
            records(Built(image="x"))

        task = asyncio.create_task(build())
        while not task.done():
            await asyncio.sleep(0)
        return records.take()

    assert [type(record) for record in asyncio.run(main())] == [Built]


def test_threads_tell_while_the_client_is_told() -> None:
    """Whoever waits for news gets all of it, each once and in order."""
    count = 2000

    async def main() -> list[str]:
        records = _Records()

        def tell() -> None:
            for number in range(count):
                records(StepLog(step=0, stream=1, data=str(number)))

        thread = threading.Thread(target=tell)
        thread.start()
        taken: list[str] = []
        while len(taken) < count:
            await records.wait_news()
            taken += [record.data for record in records.take() if isinstance(record, StepLog)]
        thread.join()
        return taken

    assert asyncio.run(main()) == [str(number) for number in range(count)]


def test_output_waits_for_its_reader() -> None:
    async def main() -> None:
        records = _Records()
        records(StepLog(step=0, stream=1, data="x" * (5 << 20)))
        waiting = asyncio.create_task(records.room())
        for _ in range(3):
            await asyncio.sleep(0)
        assert not waiting.done()
        records.take()
        await waiting

    asyncio.run(main())
