"""Real containers: terminals, users, limits, filters, and clients that stall."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from berth.kernel.cgroup import CgroupMode
from berth.runtime.filters import ANNOTATION, FilterCache
from berth.runtime.monitor import Process
from berth.runtime.programs import find_init
from berth.runtime.spec.options import Limits, MountSpec, Rlimit, UserIds
from berth.runtime.stdio import BUFFER_LIMIT
from berth.wire.stdcopy import STDERR, STDOUT
from tests.contract.monitor_stages import ConmonStage, conmon_stage, missing
from tests.contract.monitor_suite import gather

pytestmark = pytest.mark.root

kinds = pytest.mark.parametrize("kind", ["crun", "runc"])


def on_stage(case: Callable[[ConmonStage], Awaitable[None]], kind: str = "") -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)

    async def run() -> None:
        async with conmon_stage(kind) as stage:
            await case(stage)

    asyncio.run(run())


async def output_of(process: Process) -> bytes:
    attachment = process.io.attach()
    await process.start()
    data = await gather(attachment)
    await process.wait()
    return data


@kinds
def test_streams_are_kept_apart(kind: str) -> None:
    async def case(stage: ConmonStage) -> None:
        process = await stage.create("sh", "-c", "echo out; echo err >&2")
        everything, errors = process.io.attach(), process.io.attach(stdout=False)
        await process.start()
        assert {tuple(chunk) async for chunk in everything} == {(STDOUT, b"out\n"), (STDERR, b"err\n")}
        assert await gather(errors) == b"err\n"
        await process.wait()

    on_stage(case, kind)


@kinds
def test_terminal_has_its_size_before_the_first_command(kind: str) -> None:
    async def case(stage: ConmonStage) -> None:
        process = await stage.create("stty", "size", terminal=True, console_size=(33, 77))
        assert await output_of(process) == b"33 77\r\n"

    on_stage(case, kind)


def test_terminal_is_resized() -> None:
    async def case(stage: ConmonStage) -> None:
        process = await stage.create("sh", "-c", "read x; stty size", terminal=True, stdin=True)
        attachment = process.io.attach(stdin=True)
        await process.start()
        await process.io.resize(40, 5000)
        await attachment.write(b"\n")
        assert await gather(attachment) == b"\r\n40 1000\r\n"  # conmon knows no more columns
        await process.wait()

    on_stage(case)


@kinds
def test_user_groups_and_workdir(kind: str) -> None:
    async def case(stage: ConmonStage) -> None:
        user = UserIds(uid=1000, gid=1001, groups=(7, 8))
        process = await stage.create("sh", "-c", "id -u; id -G; pwd", user=user, cwd="/bin")
        assert await output_of(process) == b"1000\n1001 7 8\n/bin\n"

    on_stage(case, kind)


@kinds
def test_init_is_process_one_and_the_command_is_named_in_errors(kind: str) -> None:
    async def case(stage: ConmonStage) -> None:
        init = find_init()
        (stage.rootfs / "sbin").mkdir()
        process = await stage.create("sh", "-c", "echo $$", init_path=str(init))
        assert await output_of(process) != b"1\n"

    on_stage(case, kind)


@kinds
def test_mounts_and_limits(kind: str) -> None:
    async def case(stage: ConmonStage) -> None:
        source = stage.place / "source"
        source.mkdir()
        (source / "file").write_text("bound\n")
        process = await stage.create(
            "sh", "-c",
            "cat /data/file /one; echo x 2>/dev/null > /data/file || echo refused; ulimit -n; "
            "echo y > /scratch/y && cat /scratch/y; echo z 2>/dev/null > /z || echo read-only",
            mounts=(
                MountSpec(kind="bind", source=str(source), destination="/data", writable=False),
                MountSpec(kind="bind", source=str(source / "file"), destination="/one", writable=False),
                MountSpec(kind="tmpfs", destination="/scratch", options=("size=1m",)),
            ),
            rlimits=(Rlimit(name="nofile", soft=99, hard=99),),
            readonly_rootfs=True,
        )  # fmt: skip
        (stage.rootfs / "data").mkdir(exist_ok=True)
        (stage.rootfs / "scratch").mkdir(exist_ok=True)
        assert await output_of(process) == b"bound\nbound\nrefused\n99\ny\nread-only\n"

    on_stage(case, kind)


def test_memory_running_out_is_reported() -> None:
    async def case(stage: ConmonStage) -> None:
        if stage.layout.mode is not CgroupMode.V2 and "memory" not in stage.layout.roots:
            pytest.skip("this host has no memory controller")
        limits = Limits(memory=16 << 20, memory_swap=16 << 20)
        # tr holds one line in memory; dd's buffer is what grows.
        process = await stage.create("dd", "if=/dev/zero", "of=/dev/null", "bs=64M", limits=limits)
        await process.start()
        ended = await process.wait()
        assert (ended.code, ended.oom) == (137, True)

    on_stage(case)


def test_the_second_container_reuses_the_compiled_filter() -> None:
    async def case(stage: ConmonStage) -> None:
        if not stage.runtime.is_crun:
            pytest.skip("only crun takes compiled filters")
        status = "cat /proc/self/status"
        texts = []
        for _ in range(2):
            process = await stage.create("sh", "-c", status)
            _, run_dir = stage.place_of(process)
            texts.append((run_dir / "config.json").read_text())
            assert b"Seccomp:\t2\n" in await output_of(process)
        assert [ANNOTATION in text for text in texts] == [False, True]
        cache = FilterCache(stage.place / "conmon" / "seccomp")
        assert len(list((stage.place / "conmon" / "seccomp").iterdir())) == 1
        assert cache.get("0" * 64) is None

    on_stage(case)


def test_a_client_that_stalls_holds_the_container_back_but_loses_nothing() -> None:
    async def case(stage: ConmonStage) -> None:
        size = 3 * BUFFER_LIMIT
        process = await stage.create("sh", "-c", f"yes | head -c {size}")
        stalled, quick = process.io.attach(), process.io.attach()
        await process.start()
        received = 0
        while received < BUFFER_LIMIT:
            received += len((await anext(quick)).data)
        waiting = asyncio.ensure_future(process.wait())
        assert stalled.buffered <= BUFFER_LIMIT + (64 << 10)
        rest = await asyncio.gather(gather(stalled), gather(quick))
        assert [len(rest[0]), received + len(rest[1])] == [size, size]
        assert (await waiting).code == 0

    on_stage(case)


def test_a_client_that_leaves_lets_the_container_go_on() -> None:
    async def case(stage: ConmonStage) -> None:
        process = await stage.create("sh", "-c", f"yes | head -c {2 * BUFFER_LIMIT}")
        stalled = process.io.attach()
        await process.start()
        await anext(stalled)
        with contextlib.closing(stalled):
            pass
        assert (await process.wait()).code == 0

    on_stage(case)
