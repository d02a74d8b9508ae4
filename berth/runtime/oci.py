"""An OCI runtime: the distribution's crun or runc, or any program that daemon.json names.

One object per runtime. ``create`` is not here: the monitor calls it, so that the container is the
monitor's child. Every other command is one short call of the program.
"""

import os
from pathlib import Path
from typing import Any

import msgspec

from berth.base.errors import Conflict, Internal, NotFound
from berth.runtime.messages import launch_error, parse_output
from berth.runtime.spawn import Finished, run_program

_GONE = (
    "does not exist",
    "container not running",
    "no such process",
    "not found",
    "no such file or directory",
)


class RuntimeState(msgspec.Struct, frozen=True):
    """What ``state`` says: created, running, paused or stopped; pid 0 when there is no process."""

    id: str
    status: str
    pid: int = 0


class OciRuntime:
    """``name`` is what Docker's API calls it, ``program`` the file to run, ``args`` go before the command.

    ``state_root`` is this runtime's own state below the exec root: two engines never see each other's
    containers. ``source`` is the program's real path when ``program`` is a private copy of it.
    """

    def __init__(
        self,
        name: str,
        program: Path,
        args: tuple[str, ...] = (),
        *,
        state_root: Path,
        source: Path | None = None,
    ) -> None:
        self.name = name
        self.program = program
        self.source = source or program
        self.args = args
        self.state_root = state_root

    @property
    def kind(self) -> str:
        """The program's own name: ``crun``, ``runc``, ..."""
        return self.source.name

    @property
    def is_crun(self) -> bool:
        """Whether crun's annotations and state files can be relied on."""
        return self.kind == "crun"

    def global_arguments(self) -> tuple[str, ...]:
        """What stands between the program and the command in every call."""
        return (*self.args, "--root", str(self.state_root), "--log-format", "json")

    async def start(self, container_id: str, command: str = "") -> None:
        """Let a created container run. LaunchError when it cannot."""
        done = await self._call("start", container_id)
        if done.code != 0:
            raise launch_error(self.kind, "start", done.stderr, command)

    async def kill(self, container_id: str, number: int) -> None:
        """Send a signal to the container's first process. Conflict when there is none."""
        done = await self._call("kill", container_id, str(number))
        if done.code != 0:
            said = parse_output(done.stderr)
            if _is_gone(said):
                raise Conflict(f"Cannot kill container: {container_id}: no such process")
            raise Internal(f"Cannot kill container: {container_id}: {said}")

    async def pause(self, container_id: str) -> None:
        """Freeze every process of the container."""
        await self._change("pause", container_id)

    async def resume(self, container_id: str) -> None:
        """Let a frozen container go on."""
        await self._change("resume", container_id)

    async def update(self, container_id: str, resources: dict[str, Any]) -> None:
        """Change limits of a running container: ``linux.resources`` without what stays."""
        fd = os.memfd_create("resources", os.MFD_CLOEXEC)
        try:
            os.write(fd, msgspec.json.encode(resources))
            words = ("update", "--resources", f"/proc/self/fd/{fd}", container_id)
            done = await self._call(*words, inherit=(fd,))
        finally:
            os.close(fd)
        if done.code != 0:
            raise Internal(f"Cannot update container {container_id}: {parse_output(done.stderr)}")

    async def delete(self, container_id: str, *, force: bool = False) -> None:
        """Forget a stopped container (its cgroup goes too); with ``force`` kill it first.

        A container that the runtime does not know is no error: deleting is safe to repeat.
        """
        words = ("delete", "--force", container_id) if force else ("delete", container_id)
        done = await self._call(*words)
        if done.code != 0 and not _is_gone(said := parse_output(done.stderr)):
            raise Internal(f"cannot delete container {container_id}: {said}")

    async def state(self, container_id: str) -> RuntimeState:
        """What the runtime knows. NotFound when it knows nothing."""
        done = await self._call("state", container_id)
        if done.code != 0:
            said = parse_output(done.stderr)
            raise NotFound(said) if _is_gone(said) else Internal(said)
        return msgspec.json.decode(done.stdout, type=RuntimeState)

    async def ps(self, container_id: str) -> tuple[int, ...]:
        """The pids on the host of the container's processes."""
        done = await self._call("ps", "--format", "json", container_id)
        if done.code != 0:
            raise Internal(f"cannot list processes of {container_id}: {parse_output(done.stderr)}")
        return tuple(msgspec.json.decode(done.stdout or b"[]", type=list[int]))

    async def _change(self, command: str, container_id: str) -> None:
        done = await self._call(command, container_id)
        if done.code != 0:
            said = parse_output(done.stderr)
            raise Internal(f"Cannot {command} container {container_id}: {said}")

    async def _call(self, *words: str, inherit: tuple[int, ...] = ()) -> Finished:
        self.state_root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return await run_program([str(self.program), *self.global_arguments(), *words], inherit=inherit)
        except OSError as error:
            raise Internal(
                f"cannot run the OCI runtime {self.program}: {error.strerror}",
                hint="is it installed? `runtimes` in daemon.json names its path",
            ) from None


def _is_gone(said: str) -> bool:
    lowered = said.lower()
    return any(text in lowered for text in _GONE)
