"""Control groups on this host's layout, whatever it is."""

import asyncio
import os
import subprocess

import pytest

from berth.kernel.capabilities import effective_capabilities
from berth.kernel.cgroup import CgroupMode, OomWatch, children, detect, own_group
from berth.kernel.cgroup_stats import read_stats, system_cpu_ns
from berth.kernel.cgroup_warmup import CgroupWarmUp
from berth.kernel.pidfd import PidFd

pytestmark = pytest.mark.root


@pytest.fixture
def group():
    if os.geteuid() != 0 or "CAP_SYS_ADMIN" not in effective_capabilities():
        pytest.skip("needs root with CAP_SYS_ADMIN")
    layout = detect()
    name = f"berth-test-{os.getpid()}"
    made = layout.group(f"{name}/inner")
    try:
        made.create()
    except OSError as error:
        pytest.skip(f"cannot make control groups here: {error}")
    yield made
    made.kill()
    asyncio.run(_wait_gone(made))
    assert made.remove()
    assert layout.group(name).remove()
    assert not made.exists()


async def _wait_gone(group):
    for pid in group.processes():
        try:
            with PidFd.open(pid) as process:
                await process.wait_exit()
        except ProcessLookupError:
            continue


@pytest.fixture
def sleeper(group):
    process = subprocess.Popen(["sleep", "1000"])
    group.add(process.pid)
    yield process
    process.kill()
    process.wait()


def test_processes_are_counted_and_killed(group, sleeper):
    assert group.processes() == {sleeper.pid}
    assert list(children(group.layout, group.path.partition("/")[0])) == ["inner"]
    assert not group.remove()
    group.kill()
    assert sleeper.wait() == -9
    assert group.processes() == frozenset()


def test_freeze_and_thaw(group, sleeper):
    if group.directory("freezer") is None and group.layout.mode is not CgroupMode.V2:
        pytest.skip("this host has no freezer")
    group.freeze()
    # The state file turns on reading, once every process has stopped.
    while not group.frozen():
        pass
    group.thaw()
    assert not group.frozen()


def test_stats_of_a_living_group(group, sleeper):
    stats = read_stats(group)
    if "pids" in group.layout.roots:
        assert stats.pids.current == 1
        assert stats.pids.limit is None
    assert stats.memory.limit is None
    assert system_cpu_ns() > 0


def test_oom_is_seen(group):
    directory = group.directory("memory")
    if directory is None:
        pytest.skip("this host has no memory controller")
    limit = "memory.max" if group.layout.mode is CgroupMode.V2 else "memory.limit_in_bytes"
    (directory / limit).write_text(str(8 << 20))
    program = "import os; open(0).read(); x = bytearray(64 << 20)"

    process = subprocess.Popen(["python3", "-c", program], stdin=subprocess.PIPE)
    group.add(process.pid)

    async def main():
        with OomWatch(group) as watch:
            process.stdin.close()
            return await watch.wait_oom()

    assert asyncio.run(main()) is True
    assert process.wait() == -9
    assert group.oom_kills() >= 1


def test_warm_up_leaves_the_process_where_it_is(group):
    layout = group.layout
    before = own_group(layout)
    warm = CgroupWarmUp(layout)
    try:
        assert warm.active == (layout.mode is not CgroupMode.V2)
        warm.begin()
        warm.end()
    finally:
        warm.close()
    assert own_group(layout) == before
