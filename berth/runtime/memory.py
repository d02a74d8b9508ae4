"""A monitor without processes: the twin of ``ConmonMonitor`` for tests of whoever uses one.

Commands are Python coroutines, found by the first word of the arguments. The object outlives a "daemon" in
a test as conmon does in life: ``close`` lets go, ``adopt`` finds what goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from berth.base.errors import Conflict
from berth.base.tasks import TaskTree
from berth.runtime.errors import LaunchError
from berth.runtime.messages import launch_error
from berth.runtime.monitor import Exit, Launch
from berth.runtime.oci import OciRuntime, RuntimeState
from berth.runtime.stdio import Attachment, OutputHub
from berth.wire.stdcopy import STDERR, STDOUT

_SIGKILL, _SIGNAL_EXIT = 9, 128


class Console:
    """What a command of the twin may use: ``args``, output, input, the terminal's size."""

    def __init__(self, args: tuple[str, ...]) -> None:
        self.args = args
        self.hub = OutputHub()
        self.input: asyncio.Queue[bytes] = asyncio.Queue()
        self.size = (0, 0)

    def out(self, data: bytes) -> None:
        """Write to stdout."""
        self.hub.feed(STDOUT, data)

    def err(self, data: bytes) -> None:
        """Write to stderr."""
        self.hub.feed(STDERR, data)

    async def read(self) -> bytes:
        """The next piece of input, empty at its end."""
        return await self.input.get()


Command = Callable[[Console], Awaitable[int]]


async def _true(console: Console) -> int:
    del console
    return 0


async def _false(console: Console) -> int:
    del console
    return 1


async def _echo(console: Console) -> int:
    console.out(" ".join(console.args[1:]).encode() + b"\n")
    return 0


async def _cat(console: Console) -> int:
    while data := await console.read():
        console.out(data)
    return 0


async def _sleep(console: Console) -> int:
    del console
    await asyncio.Event().wait()
    return 0


COMMANDS: Mapping[str, Command] = {
    "true": _true,
    "false": _false,
    "echo": _echo,
    "cat": _cat,
    "sleep": _sleep,
}
"""``sleep`` lasts until it is killed."""


class MemoryIO:
    """See ``stdio.ProcessIO``."""

    def __init__(self, console: Console, *, stdin: bool, end_with_client: bool) -> None:
        self._console = console
        self._stdin = stdin
        self._end_with_client = end_with_client

    def attach(self, *, stdin: bool = False, stdout: bool = True, stderr: bool = True) -> Attachment:
        """Join the streams from now on."""
        source = self if stdin and self._stdin else None
        return self._console.hub.attach(stdout=stdout, stderr=stderr, stdin=source)

    async def write(self, data: bytes) -> None:
        """Input for the command."""
        if data:
            self._console.input.put_nowait(data)

    def close_stdin(self) -> None:
        """End of input, with StdinOnce."""
        if self._end_with_client:
            self._console.input.put_nowait(b"")

    async def resize(self, rows: int, columns: int) -> None:
        """Set the size that the command sees."""
        self._console.size = (rows, columns)


class MemoryProcess:
    """See ``monitor.Process``."""

    def __init__(self, launch: Launch, command: Command, pid: int, tasks: TaskTree) -> None:
        args = tuple(launch.spec["process"]["args"])
        self.pid = pid
        self.trace = ""
        self.status = "created"
        self.signals: list[int] = []
        self.reopened = 0
        self.console = Console(args)
        self.io = MemoryIO(
            self.console, stdin=launch.stdin, end_with_client=launch.stdin_once and not launch.terminal
        )
        self._command = command
        self._tasks = tasks
        self._running: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    @property
    def ended(self) -> bool:
        """See ``monitor.Process``."""
        return self._ended.done()

    async def start(self) -> None:
        """Run the command."""
        self.status = "running"
        self._running = self._tasks.spawn(f"command {self.pid}", self._run())

    async def wait(self) -> Exit:
        """Return when it has ended."""
        return await asyncio.shield(self._ended)

    def when_ended(self, call: Callable[[Exit], None]) -> None:
        """See ``monitor.Process``."""
        self._ended.add_done_callback(lambda ended: None if ended.cancelled() else call(ended.result()))

    def reopen_log(self) -> None:
        """Counted, for tests."""
        self.reopened += 1

    def release(self) -> None:
        """There is nothing to let go of."""

    def signal(self, number: int) -> None:
        """As kill(2): here every signal above 0 ends a command."""
        self.signals.append(number)
        if number and not self._ended.done():
            if self._running is not None:
                self._running.cancel()
            self.finish(_SIGNAL_EXIT + number)

    def finish(self, code: int, *, oom: bool = False) -> None:
        """The command ends now, with ``code``; a test's way to end it from outside."""
        if not self._ended.done():
            self.status = "stopped"
            self._ended.set_result(Exit(code, oom, time.time_ns()))
            self.console.hub.finish()

    async def _run(self) -> None:
        self.finish(await self._command(self.console))


class MemoryRuntime(OciRuntime):
    """An OCI runtime over the twin's processes."""

    def __init__(self, name: str = "memory") -> None:
        super().__init__(name, Path("/nonexistent/memory"), state_root=Path("/nonexistent"))
        self.processes: dict[str, MemoryProcess] = {}
        self.resources: dict[str, dict[str, Any]] = {}

    async def start(self, container_id: str, command: str = "") -> None:
        """Start a created container."""
        del command
        await self._get(container_id).start()

    async def kill(self, container_id: str, number: int) -> None:
        """Signal its command."""
        self._get(container_id).signal(number)

    async def pause(self, container_id: str) -> None:
        """Only the status changes."""
        self._get(container_id).status = "paused"

    async def resume(self, container_id: str) -> None:
        """Only the status changes."""
        self._get(container_id).status = "running"

    async def update(self, container_id: str, resources: dict[str, Any]) -> None:
        """Remembered, for tests."""
        self.resources[container_id] = resources

    async def delete(self, container_id: str, *, force: bool = False) -> None:
        """Forget it."""
        process = self.processes.get(container_id)
        if process is not None and force:
            process.signal(_SIGKILL)
        self.processes.pop(container_id, None)

    async def state(self, container_id: str) -> RuntimeState:
        """Its status."""
        process = self._get(container_id)
        return RuntimeState(container_id, process.status, process.pid)

    async def ps(self, container_id: str) -> tuple[int, ...]:
        """Its one process."""
        return (self._get(container_id).pid,)

    def _get(self, container_id: str) -> MemoryProcess:
        process = self.processes.get(container_id)
        if process is None or process.status == "stopped":
            raise Conflict(f"Cannot kill container: {container_id}: no such process")
        return process


class MemoryMonitor:
    """See ``monitor.Monitor``. Containers must name the monitor's own ``runtime``."""

    def __init__(self, commands: Mapping[str, Command] = COMMANDS) -> None:
        self.runtime = MemoryRuntime()
        self.commands = dict(commands)
        self.launches: list[Launch] = []
        self.failures: list[BaseException] = []
        self._tasks = TaskTree(lambda _name, error: self.failures.append(error))
        self._runs: dict[Path, MemoryProcess] = {}
        self._next_pid = 1000

    def prepare(self) -> None:
        """Nothing is slow here."""

    def expect(self) -> None:
        """Nothing is slow here."""

    async def create(self, launch: Launch) -> MemoryProcess:
        """Create a process for the named command; 127 for one that is not known."""
        word = launch.spec["process"]["args"][0]
        command = self.commands.get(word)
        if command is None:
            raise _no_command(word)
        self.launches.append(launch)
        self._next_pid += 1
        process = MemoryProcess(launch, command, self._next_pid, self._tasks)
        self._runs[launch.run_dir] = process
        self.runtime.processes[launch.container_id] = process
        return process

    async def adopt(
        self, container_id: str, run_dir: Path, runtime: OciRuntime, trace: str = ""
    ) -> MemoryProcess | None:
        """The run of that directory, if there was one."""
        del container_id, runtime, trace
        return self._runs.get(run_dir)

    async def discard(self, container_id: str, run_dir: Path, runtime: OciRuntime) -> None:
        """End and forget it."""
        await runtime.delete(container_id, force=True)
        self._runs.pop(run_dir, None)

    async def close(self) -> None:
        """Let go; the runs go on."""

    async def stop(self) -> None:
        """The end of the test: every command ends."""
        await self._tasks.close()


def _no_command(word: str) -> LaunchError:
    said = (
        f'{{"level":"error","msg":"executable file `{word}` not found in $PATH: No such file or directory"}}'
    )
    return launch_error("memory", "create", said.encode(), word)
