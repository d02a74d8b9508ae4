"""What every ``Monitor`` promises, whatever it is made of. Each check gets a fresh ``Stage``."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import pytest

from berth.runtime.errors import LaunchError
from berth.runtime.monitor import Monitor, Process
from berth.runtime.oci import OciRuntime
from berth.runtime.stdio import Attachment
from berth.wire.stdcopy import STDOUT


class Stage(Protocol):
    """A monitor with its runtime, and a way to create containers; ``reborn`` is the next daemon's monitor."""

    monitor: Monitor
    runtime: OciRuntime

    async def create(self, *args: str, stdin: bool = False, stdin_once: bool = False) -> Process: ...
    def place_of(self, process: Process) -> tuple[str, Path]: ...
    async def reborn(self) -> Monitor: ...
    def leftovers(self) -> list[str]: ...


MakeStage = Callable[[Path], AbstractAsyncContextManager[Stage]]


async def gather(attachment: Attachment) -> bytes:
    """Everything that arrives until the end of output."""
    return b"".join([chunk.data async for chunk in attachment])


async def output_and_exit_arrive(stage: Stage) -> None:
    process = await stage.create("echo", "hello")
    attachment = process.io.attach()
    await process.start()
    assert [tuple(chunk) async for chunk in attachment] == [(STDOUT, b"hello\n")]
    ended = await process.wait()
    assert (ended.code, ended.oom) == (0, False)
    assert ended.at_ns > 0


async def nothing_runs_before_start(stage: Stage) -> None:
    process = await stage.create("echo", "late")
    assert process.pid > 0
    waiting = asyncio.ensure_future(process.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    await process.start()
    assert (await waiting).code == 0


async def exit_codes_pass_through(stage: Stage) -> None:
    process = await stage.create("false")
    await process.start()
    assert (await process.wait()).code == 1


async def everybody_may_wait(stage: Stage) -> None:
    process = await stage.create("true")
    await process.start()
    first, second = await asyncio.gather(process.wait(), process.wait())
    assert first == second == await process.wait()


async def the_end_is_told(stage: Stage) -> None:
    process = await stage.create("false")
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process.when_ended(lambda ended: told.set_result(ended.code))
    await process.start()
    assert await told == 1
    late: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process.when_ended(lambda ended: late.set_result(ended.code))
    assert await late == 1


async def cancelled_waiters_do_not_disturb(stage: Stage) -> None:
    process = await stage.create("sleep", "1000")
    await process.start()
    waiting = asyncio.ensure_future(process.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await stage.runtime.kill(stage.place_of(process)[0], 9)
    assert (await process.wait()).code == 137


async def unknown_command_is_127(stage: Stage) -> None:
    with pytest.raises(LaunchError, match=r'exec: "nope": executable file not found in [$]PATH') as caught:
        await stage.create("nope")
    assert caught.value.exit_code == 127
    assert stage.leftovers() == []


async def signals_end_with_128_and_more(stage: Stage) -> None:
    process = await stage.create("sleep", "1000")
    attachment = process.io.attach()
    await process.start()
    await stage.runtime.kill(stage.place_of(process)[0], 9)
    assert (await process.wait()).code == 137
    assert await gather(attachment) == b""


async def input_reaches_the_command_and_ends_with_its_client(stage: Stage) -> None:
    process = await stage.create("cat", stdin=True, stdin_once=True)
    attachment = process.io.attach(stdin=True)
    await process.start()
    await attachment.write(b"one\n")
    await attachment.write(b"two\n")
    attachment.close_stdin()
    assert await gather(attachment) == b"one\ntwo\n"
    assert (await process.wait()).code == 0


async def input_stays_open_without_stdin_once(stage: Stage) -> None:
    process = await stage.create("cat", stdin=True)
    first = process.io.attach(stdin=True)
    await process.start()
    await first.write(b"one\n")
    assert (await anext(first)).data == b"one\n"
    first.close()
    second = process.io.attach(stdin=True)
    await second.write(b"two\n")
    assert (await anext(second)).data == b"two\n"
    await stage.runtime.kill(stage.place_of(process)[0], 9)
    assert (await process.wait()).code == 137


async def all_clients_see_the_same(stage: Stage) -> None:
    process = await stage.create("cat", stdin=True, stdin_once=True)
    writer, watcher = process.io.attach(stdin=True), process.io.attach()
    await process.start()
    await writer.write(b"both\n")
    writer.close_stdin()
    assert await asyncio.gather(gather(writer), gather(watcher)) == [b"both\n", b"both\n"]
    await process.wait()


async def a_client_that_left_gets_nothing(stage: Stage) -> None:
    process = await stage.create("echo", "x")
    attachment = process.io.attach()
    attachment.close()
    attachment.close()
    await process.start()
    assert await gather(attachment) == b""
    await process.wait()


async def attaching_after_the_end_ends_at_once(stage: Stage) -> None:
    process = await stage.create("true")
    await process.start()
    await process.wait()
    assert await gather(process.io.attach()) == b""


async def a_running_container_is_adopted(stage: Stage) -> None:
    process = await stage.create("cat", stdin=True)
    container_id, run_dir = stage.place_of(process)
    await process.start()
    monitor = await stage.reborn()
    again = await monitor.adopt(container_id, run_dir, stage.runtime)
    assert again is not None
    assert again.pid == process.pid
    attachment = again.io.attach(stdin=True)
    await attachment.write(b"still here\n")
    assert (await anext(attachment)).data == b"still here\n"
    await stage.runtime.kill(container_id, 9)
    assert (await again.wait()).code == 137


async def a_trace_leads_to_the_run_while_it_lives(stage: Stage) -> None:
    process = await stage.create("cat", stdin=True)
    container_id, run_dir = stage.place_of(process)
    trace = process.trace
    await process.start()
    monitor = await stage.reborn()
    again = await monitor.adopt(container_id, run_dir, stage.runtime, trace)
    assert again is not None
    assert (again.pid, again.trace, again.ended) == (process.pid, trace, False)
    await stage.runtime.kill(container_id, 9)
    assert (await again.wait()).code == 137
    late = await (await stage.reborn()).adopt(container_id, run_dir, stage.runtime, trace)
    assert late is not None
    assert (await late.wait()).code == 137


async def a_trace_of_another_run_does_no_harm(stage: Stage) -> None:
    before = await stage.create("true")
    trace = before.trace
    await before.start()
    await before.wait()
    process = await stage.create("cat", stdin=True)
    container_id, run_dir = stage.place_of(process)
    await process.start()
    monitor = await stage.reborn()
    again = await monitor.adopt(container_id, run_dir, stage.runtime, trace)
    assert again is not None
    assert again.pid == process.pid
    await stage.runtime.kill(container_id, 9)
    assert (await again.wait()).code == 137


async def an_exit_while_nobody_looked_is_found(stage: Stage) -> None:
    process = await stage.create("false")
    container_id, run_dir = stage.place_of(process)
    await process.start()
    first = await process.wait()
    monitor = await stage.reborn()
    again = await monitor.adopt(container_id, run_dir, stage.runtime)
    assert again is not None
    assert again.ended
    assert (await again.wait()).code == first.code == 1


async def nothing_is_adopted_from_nothing(stage: Stage) -> None:
    assert await stage.monitor.adopt("f" * 64, Path("/nonexistent/run"), stage.runtime) is None


async def discard_ends_whatever_there_is(stage: Stage) -> None:
    process = await stage.create("sleep", "1000")
    container_id, run_dir = stage.place_of(process)
    await process.start()
    await stage.monitor.discard(container_id, run_dir, stage.runtime)
    await stage.monitor.discard(container_id, run_dir, stage.runtime)
    assert (await process.wait()).code == 137
    assert stage.leftovers() == []


async def discard_ends_what_was_never_started(stage: Stage) -> None:
    process = await stage.create("sleep", "1000")
    container_id, run_dir = stage.place_of(process)
    monitor = await stage.reborn()
    await monitor.discard(container_id, run_dir, stage.runtime)
    assert stage.leftovers() == []


CHECKS: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    output_and_exit_arrive,
    nothing_runs_before_start,
    exit_codes_pass_through,
    everybody_may_wait,
    the_end_is_told,
    cancelled_waiters_do_not_disturb,
    unknown_command_is_127,
    signals_end_with_128_and_more,
    input_reaches_the_command_and_ends_with_its_client,
    input_stays_open_without_stdin_once,
    all_clients_see_the_same,
    a_client_that_left_gets_nothing,
    attaching_after_the_end_ends_at_once,
    a_running_container_is_adopted,
    a_trace_leads_to_the_run_while_it_lives,
    a_trace_of_another_run_does_no_harm,
    an_exit_while_nobody_looked_is_found,
    nothing_is_adopted_from_nothing,
    discard_ends_whatever_there_is,
    discard_ends_what_was_never_started,
)
