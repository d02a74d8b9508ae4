"""What must outlive the daemon: the container, its output, its exit status, its terminal."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from berth.runtime.monitor import Process
from berth.runtime.spec.build import build_spec
from berth.runtime.spec.options import SpecOptions
from berth.runtime.stdio import Attachment
from tests.contract.monitor_stages import CGROUP, ConmonStage, conmon_stage, missing

pytestmark = pytest.mark.root

DAEMON = """
    import asyncio, os, sys
    from pathlib import Path
    from berth.kernel.cgroup import detect
    from berth.runtime.conmon import ConmonMonitor
    from berth.runtime.monitor import Launch
    from berth.runtime.oci import OciRuntime
    import msgspec

    async def main(place, program, state_root, source, container_id, run_dir, spec):
        runtime = OciRuntime("r", Path(program), (), state_root=Path(state_root), source=Path(source))
        monitor = ConmonMonitor(Path("/usr/bin/conmon"), Path(place), detect())
        launch = Launch(
            container_id=container_id, run_dir=Path(run_dir), runtime=runtime,
            spec=msgspec.json.decode(spec), log_path=Path(run_dir).parent / "log", stdin=True,
        )
        process = await monitor.create(launch)
        process.io.attach(stdin=True)
        await process.start()
        print(process.pid, flush=True)
        await asyncio.Event().wait()

    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def able() -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)


async def take(attachment: Attachment, until: bytes) -> bytes:
    data = b""
    while until not in data:
        data += (await anext(attachment)).data
    return data


def spawn_daemon(
    stage: ConmonStage, container_id: str, run_dir: Path, script: str
) -> subprocess.Popen[bytes]:
    spec = build_spec(
        SpecOptions(
            container_id=container_id,
            rootfs=str(stage.rootfs),
            args=("sh", "-c", script),
            env=("PATH=/bin",),
            cgroup_path=f"/{CGROUP}/{container_id}",
        )
    )
    words = [
        str(stage.place / "conmon"), str(stage.runtime.program), str(stage.runtime.state_root),
        str(stage.runtime.source), container_id, str(run_dir), msgspec.json.encode(spec).decode(),
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DAEMON), *words],
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=Path(__file__).parents[3],
    )


@pytest.mark.parametrize("finish_first", [False, True], ids=["taken-up", "ended-meanwhile"])
def test_a_killed_daemon_loses_nothing(finish_first: bool) -> None:
    """Feature table: after kill -9 logs have no gap, and attach, wait and exit codes work."""
    script = 'i=0; while read word; do i=$((i+1)); echo "$i $word"; [ $word = end ] && exit 42; done; exit 1'

    async def run() -> None:
        async with conmon_stage() as stage:
            container_id = "a" * 64
            run_dir = stage.place / "run" / container_id
            run_dir.mkdir(parents=True)
            daemon = spawn_daemon(stage, container_id, run_dir, script)
            assert daemon.stdout is not None
            pid = int(daemon.stdout.readline())
            stage._places[pid] = (container_id, run_dir)
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
            daemon.stdout.close()
            process = await adopt(stage, container_id, run_dir)
            assert process.pid == pid
            attachment = process.io.attach(stdin=True)
            await attachment.write(b"".join(b"word\n" for _ in range(100)) + b"end\n")
            output = await take(attachment, b"101 end\n")
            if finish_first:
                process.release()
                process = await adopt(stage, container_id, run_dir)
            ended = await process.wait()
            assert ended.code == 42
            expected = b"".join(b"%d word\n" % n for n in range(1, 101)) + b"101 end\n"
            assert output == expected
            log = (run_dir.parent / "log").read_bytes()
            assert log.count(b" stdout F ") == 101

    asyncio.run(run())


async def adopt(stage: ConmonStage, container_id: str, run_dir: Path) -> Process:
    process = await (await stage.reborn()).adopt(container_id, run_dir, stage.runtime)
    assert process is not None
    return process


@pytest.mark.parametrize("attached", [True, False])
def test_input_ends_with_the_daemon_only_when_a_client_had_it(attached: bool) -> None:
    async def run() -> None:
        async with conmon_stage() as stage:
            process = await stage.create("cat", stdin=True, stdin_once=True)
            container_id, run_dir = stage.place_of(process)
            if attached:
                process.io.attach(stdin=True)
            await process.start()
            process.release()
            again = await adopt(stage, container_id, run_dir)
            attachment = again.io.attach(stdin=True)
            await attachment.write(b"x" * 1_000_000)
            attachment.close_stdin()
            received = sum([len(chunk.data) async for chunk in attachment])
            assert received == (0 if attached else 1_000_000)
            assert (await again.wait()).code == 0

    asyncio.run(run())


def test_a_killed_monitor_does_not_leave_its_container_alone() -> None:
    async def run() -> None:
        async with conmon_stage() as stage:
            process = await stage.create("sleep", "1000")
            await process.start()
            parent = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(parent, signal.SIGKILL)
            assert (await process.wait()).code == 137
            container_id, _ = stage.place_of(process)
            await stage.runtime.delete(container_id, force=True)
            assert stage.leftovers() == []

    asyncio.run(run())
