"""A command beside a container's own process: ``exec``.

The runtime's ``exec`` is the daemon's child, so the exit status is read directly and no monitor is needed.
In return a session ends with its daemon: after a crash the command sees its streams closed. Docker keeps
exec sessions of a crashed daemon no better: they cannot be reached any more.
"""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from berth.runtime.errors import RuntimeFailure
from berth.runtime.exec_io import ExecIO
from berth.runtime.messages import launch_error
from berth.runtime.oci import OciRuntime
from berth.runtime.spawn import Child
from berth.runtime.spec.build import console_size, process_section
from berth.runtime.spec.options import Rlimit, UserIds
from berth.runtime.spec.rlimits import rlimit_section

_PID_FILE = "pid"
_LOG = "log"
_KILL = 9
_LOOK_S = 0.005


class ExecSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, in resolved values. ``env`` is the whole environment (``spec.environment``)."""

    args: tuple[str, ...]
    env: tuple[str, ...] = ()
    cwd: str = "/"
    user: UserIds = UserIds()
    capabilities: tuple[str, ...] = ()
    no_new_privileges: bool = False
    apparmor_profile: str = ""
    rlimits: tuple[Rlimit, ...] = ()
    terminal: bool = False
    stdin: bool = False
    console_size: tuple[int, int] | None = None


class ExecProcess:
    """One command: attach through ``io``, ``start``, ``wait``.

    ``directory`` is a path of its own below the exec root that does not exist yet; it is made at the start
    and gone after the end.
    """

    def __init__(self, container_id: str, runtime: OciRuntime, spec: ExecSpec, directory: Path) -> None:
        self._container_id = container_id
        self._runtime = runtime
        self._spec = spec
        self._directory = directory
        self._child: Child | None = None
        self._pid = 0
        self.io = ExecIO(terminal=spec.terminal, stdin=spec.stdin)

    @property
    def pid(self) -> int:
        """The command's process as a pid of the host; 0 before the start."""
        return self._pid

    async def start(self) -> None:
        """Run the command and return once it runs. LaunchError when it cannot; nothing is left then."""
        self._directory.mkdir(mode=0o700, parents=True)
        try:
            (self._directory / "process.json").write_bytes(msgspec.json.encode(self._process()))
            with contextlib.ExitStack() as stack:
                notice = self._pid_pipe(stack)
                self._child = self._spawn()
                self._child.when_ended(self._ended)
                await self._wait_running(self._child, notice)
                self.io.begin()
        except OSError as error:
            self._abandon()
            raise RuntimeFailure(f"OCI runtime exec failed: {error}: unknown", 126) from None
        except BaseException:
            self._abandon()
            raise
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)
            self.io.release_directory()

    async def wait(self) -> int:
        """Return the exit code (128+n for signal n) once the command has ended."""
        if self._child is None:
            raise RuntimeError("the command was not started")
        return await self._child.wait()

    def _process(self) -> dict[str, Any]:
        spec = self._spec
        process = process_section(spec.args, spec.env, spec.cwd, spec.user, spec.capabilities)
        process["noNewPrivileges"] = spec.no_new_privileges
        if spec.terminal:
            process["terminal"] = True
            if (size := console_size(spec.console_size)) is not None:
                process["consoleSize"] = size
        if spec.apparmor_profile:
            process["apparmorProfile"] = spec.apparmor_profile
        if spec.rlimits:
            process["rlimits"] = rlimit_section(spec.rlimits)
        return process

    def _spawn(self) -> Child:
        directory = self._directory
        words = [str(self._runtime.program), *self._runtime.global_arguments()]
        words += ["--log", f"{directory}/{_LOG}"]
        words += ["exec", "--process", f"{directory}/process.json", "--pid-file", f"{directory}/{_PID_FILE}"]
        # Of the runtimes only crun hands over a terminal and still waits for the command.
        if self._spec.terminal and self._runtime.is_crun:
            words += ["--console-socket", self.io.listen(directory)]
            descriptors = {}
        else:
            descriptors = self.io.open(self._spec.console_size)
        try:
            child = Child.spawn([*words, self._container_id], descriptors=descriptors)
        finally:
            for descriptor in set(descriptors.values()):
                os.close(descriptor)
        if self._spec.terminal and not self._runtime.is_crun:
            self.io.resize_target = child
        return child

    def _pid_pipe(self, stack: contextlib.ExitStack) -> int:
        """The reading end of a named pipe in place of the pid file: readable when the command runs.

        crun writes the file where it is. Others write a new one and rename it, so theirs is looked for by
        the clock (-1). A watch of the directory would tell of both, but ending a watch waits for a grace
        period of the kernel: 15 ms, more than all the rest of an exec.
        """
        if not self._runtime.is_crun:
            return -1
        path = self._directory / _PID_FILE
        os.mkfifo(path, 0o600)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        stack.callback(os.close, reader)
        return reader

    async def _wait_running(self, child: Child, notice: int) -> None:
        """The runtime writes the pid when the command has been executed, or ends without."""
        changed = asyncio.Event()
        child.when_ended(changed.set)
        loop = asyncio.get_running_loop()
        if notice >= 0:
            loop.add_reader(notice, changed.set)
        try:
            while not self._read_pid(notice):
                if child.exit_code is not None:
                    self._raise_failure(child.exit_code)
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if notice >= 0 else _LOOK_S):
                        await changed.wait()
                changed.clear()
        finally:
            if notice >= 0:
                loop.remove_reader(notice)

    def _read_pid(self, notice: int) -> bool:
        """Whether the pid is known. A pipe may end before the pid was written: then there is none yet."""
        with contextlib.suppress(OSError, ValueError):
            text = os.read(notice, 32) if notice >= 0 else (self._directory / _PID_FILE).read_bytes()
            self._pid = int(text)
        return self._pid > 0

    def _raise_failure(self, code: int) -> None:
        log = b""
        with contextlib.suppress(OSError):
            log = (self._directory / _LOG).read_bytes()
        if log or code != 0:
            raise launch_error(self._runtime.kind, "exec", log, self._spec.args[0])

    def _ended(self) -> None:
        if self._child is not None and self.io.resize_target is self._child:
            self.io.resize_target = None
        self.io.finish_soon()

    def _abandon(self) -> None:
        if self._child is not None:
            self._child.send_signal(_KILL)
        self.io.close()
