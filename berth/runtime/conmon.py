"""The monitor that the distribution ships: one conmon per container.

conmon starts the runtime's ``create``, becomes the parent of the container's process, holds its streams,
writes the log, and leaves the exit status in the run directory. It knows nothing of the daemon and survives
it.
"""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec

from berth.base.errors import BerthError, Internal
from berth.kernel.cgroup import Cgroup, CgroupLayout
from berth.kernel.cgroup_warmup import CgroupWarmUp
from berth.kernel.pidfd import ExitWatch, process_start_time
from berth.runtime.conmon_process import ConmonProcess, StartedConmon
from berth.runtime.conmon_record import (
    CONTAINER_PID,
    EXIT,
    OOM,
    MonitorRecord,
    find_conmons,
    open_conmon,
    read_number,
    read_record,
    read_trace,
    write_record,
)
from berth.runtime.errors import UNKNOWN_FAILURE, RuntimeFailure
from berth.runtime.filters import ANNOTATION, FilterCache
from berth.runtime.messages import launch_error
from berth.runtime.monitor import Launch
from berth.runtime.oci import OciRuntime
from berth.runtime.quirks import suit_runtime
from berth.runtime.spawn import BASE_ENVIRONMENT, Child, memory_file, read_memory_file
from berth.runtime.spec.mounts import INIT_DESTINATION

_REPORT_LIMIT = 64 << 10
_SOCKET_NAME = len("/conmon-term.XXXXXX")
_SUN_PATH = 107
_KILL = 9


class _Report(msgspec.Struct):
    """conmon's one line about ``create``: a pid, or -1 and what the runtime said."""

    pid: int
    message: str = ""


class ConmonMonitor:
    """``program`` is conmon, ``directory`` a place of our own below the exec root."""

    def __init__(self, program: Path, directory: Path, layout: CgroupLayout) -> None:
        self._program = program
        self._directory = directory
        self._layout = layout
        self._warm_up = CgroupWarmUp(layout)
        self._filters = FilterCache(directory / "seccomp")
        self._processes: set[ConmonProcess] = set()
        self._exits = ExitWatch()

    def prepare(self) -> None:
        """Warm up the lock that the first write to a v1 cgroup waits for."""
        self._warm_up.begin()

    def expect(self) -> None:
        """Take that lock once: its wait begins while the client is still sending its request."""
        self._warm_up.touch()

    async def create(self, launch: Launch) -> ConmonProcess:
        """Create the container (see ``Monitor``)."""
        self._warm_up.begin()
        key = self._write_spec(launch)
        with contextlib.ExitStack() as stack:
            complaints = memory_file(stack, "conmon")
            reader, child = self._spawn(launch, complaints)
            stack.callback(os.close, reader)
            record = _record(launch, child)
            try:
                # Not before conmon runs, but before it can have finished creating anything.
                write_record(launch.run_dir, record)
                report = await _read_report(reader)
            except BaseException:
                child.send_signal(_KILL)
                raise
            if report is None or report.pid <= 0:
                await child.wait()
                output = report.message.encode() if report else read_memory_file(complaints)
                await self._clean(launch.container_id, launch.runtime)
                raise launch_error(launch.runtime.kind, "create", output, _command(launch.spec))
        if key is not None:
            self._filters.learn(key, launch.runtime, launch.container_id)
        process = ConmonProcess(
            launch.container_id,
            launch.run_dir,
            launch.runtime,
            StartedConmon(record, child),
            self._group(record),
            exits=self._exits,
            on_release=self._processes.discard,
            on_started=self._warm_up.end,
        )
        process.adopt_pid(report.pid, _command(launch.spec))
        self._processes.add(process)
        return process

    async def adopt(
        self, container_id: str, run_dir: Path, runtime: OciRuntime, trace: str = ""
    ) -> ConmonProcess | None:
        """Take up an earlier daemon's run (see ``Monitor``)."""
        found = _follow(trace) or _search(run_dir)
        if found is None:
            return None
        conmon, pid = found
        process = ConmonProcess(
            container_id,
            run_dir,
            runtime,
            conmon,
            self._group(conmon.record),
            exits=self._exits,
            on_release=self._processes.discard,
            on_started=self._warm_up.end,
        )
        process.adopt_pid(pid, "")
        self._processes.add(process)
        return process

    async def discard(self, container_id: str, run_dir: Path, runtime: OciRuntime) -> None:
        """Kill conmon first, so that no ``create`` of it finishes behind our back, then the container."""
        for conmon in find_conmons(run_dir):
            with conmon:
                with contextlib.suppress(ProcessLookupError):
                    conmon.send_signal(_KILL)
                await conmon.wait_exit()
        await self._clean(container_id, runtime)
        record = read_record(run_dir)
        if record is not None and (group := self._group(record)) is not None:
            group.kill()
            group.remove()

    async def close(self) -> None:
        """Let go of every run."""
        for process in tuple(self._processes):
            process.release()
        self._exits.close()
        self._warm_up.close()

    def _group(self, record: MonitorRecord) -> Cgroup | None:
        """The container's group. Never the root: killing that would kill the host."""
        return self._layout.group(record.cgroup) if record.cgroup.strip("/") else None

    async def _clean(self, container_id: str, runtime: OciRuntime) -> None:
        with contextlib.suppress(BerthError):
            await runtime.delete(container_id, force=True)

    def _write_spec(self, launch: Launch) -> str | None:
        """Write config.json and remove what an earlier run left; the seccomp filter to be learnt, if any."""
        for name in (EXIT, OOM, CONTAINER_PID):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(launch.run_dir / name)
        spec = suit_runtime(launch.spec, launch.runtime)
        key = self._filters.key(spec, launch.runtime)
        if key is not None and (known := self._filters.get(key)) is not None:
            spec = {**spec, "annotations": {**spec.get("annotations", {}), ANNOTATION: known}}
            key = None
        (launch.run_dir / "config.json").write_bytes(msgspec.json.encode(spec))
        return key

    def _spawn(self, launch: Launch, complaints: int) -> tuple[int, Child]:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            environment = {
                **BASE_ENVIRONMENT,
                "_OCI_SYNCPIPE": str(writer),
                "TZ": "UTC",  # conmon writes local times into the log
                "TMPDIR": self._socket_directory(),
            }
            arguments = self._arguments(launch)
            child = Child.spawn(arguments, env=environment, descriptors={2: complaints}, inherit=(writer,))
        except OSError as error:
            os.close(reader)
            raise Internal(
                f"cannot run {self._program}: {error.strerror}",
                hint="the package conmon provides it; berth needs it to run containers",
            ) from None
        finally:
            os.close(writer)
        return reader, child

    def _arguments(self, launch: Launch) -> list[str]:
        runtime, run_dir = launch.runtime, str(launch.run_dir)
        words = [
            str(self._program), "--sync", "--no-sync-log", "--full-attach",
            "--cid", launch.container_id,
            "--cuuid", launch.container_id,
            "--name", launch.container_id,
            "--runtime", str(runtime.program),
            "--bundle", run_dir,
            "--persist-dir", run_dir,
            "--container-pidfile", f"{run_dir}/{CONTAINER_PID}",
            "--log-level", "error",
            "--log-path", _log_argument(launch.log_path),
        ]  # fmt: skip
        for word in runtime.global_arguments():
            words += ["--runtime-arg", word]
        if launch.terminal:
            words.append("--terminal")
        if launch.stdin:
            words.append("--stdin")
            if not _ends_with_client(launch):
                words.append("--leave-stdin-open")
        return words

    def _socket_directory(self) -> str:
        """Where conmon may put its console socket: in our own directory unless the path gets too long."""
        directory = self._directory / "console"
        if len(os.fsencode(directory)) + _SOCKET_NAME > _SUN_PATH:
            return "/tmp"  # conmon makes the name unpredictable and the socket private
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(directory)


def _follow(trace: str) -> tuple[StartedConmon, int] | None:
    """The conmon of a trace if it lives. Then it is that of the present run: the next one is only begun when
    it has ended."""
    known = read_trace(trace)
    if known is None:
        return None
    record, pid = known
    held = open_conmon(record)
    return (StartedConmon(record, None, held), pid) if held is not None else None


def _search(run_dir: Path) -> tuple[StartedConmon, int] | None:
    """What the run directory says, of a conmon that may have ended."""
    record = read_record(run_dir)
    pid = read_number(f"{run_dir}/{CONTAINER_PID}")
    if record is None or pid is None:
        return None
    return StartedConmon(record, None, open_conmon(record)), pid


def _ends_with_client(launch: Launch) -> bool:
    """Docker never ends the input of a terminal."""
    return launch.stdin_once and not launch.terminal


def _log_argument(path: Path | None) -> str:
    if path is None:
        return "none"
    if ":" in str(path):
        raise RuntimeFailure(
            f"the log file {path} cannot be written: conmon takes no colon in its path",
            UNKNOWN_FAILURE,
            hint="choose a data root without a colon",
        )
    return f"k8s-file:{path}"


def _record(launch: Launch, child: Child) -> MonitorRecord:
    return MonitorRecord(
        conmon_pid=child.pid,
        conmon_start=process_start_time(child.pid) or 0,
        conmon_number=child.number,
        terminal=launch.terminal,
        stdin=launch.stdin,
        end_with_client=_ends_with_client(launch),
        cgroup=launch.spec["linux"].get("cgroupsPath", ""),
    )


def _command(spec: dict[str, Any]) -> str:
    args = spec["process"]["args"]
    # Behind an init comes "--" and then the command that a person named.
    return str(args[2] if args[0] == INIT_DESTINATION and len(args) > 2 else args[0])


async def _read_report(reader: int) -> _Report | None:
    """conmon's line from the sync pipe; None when it ended without one."""
    os.set_blocking(reader, False)
    loop = asyncio.get_running_loop()
    data = b""
    while not data.endswith(b"\n") and len(data) < _REPORT_LIMIT:
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(reader, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(reader)
        try:
            part = os.read(reader, _REPORT_LIMIT)
        except BlockingIOError:
            continue
        if not part:
            break
        data += part
    try:
        return msgspec.json.decode(data, type=_Report)
    except msgspec.DecodeError:
        return None


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
