"""Exec sessions in memory. A session belongs to one run of its container and to one run of the daemon."""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from berth.base.errors import NotFound
from berth.base.ids import ExecId, is_hex
from berth.runtime.execs import ExecProcess

_KEPT_FINISHED = 100
"""Finished sessions per container that ``exec inspect`` can still ask about."""


class ExecOptions(NamedTuple):
    """What to run. ``user`` is ``name[:group]`` or ids, empty for the container's own."""

    command: tuple[str, ...]
    env: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    tty: bool = False
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    privileged: bool = False
    detach_keys: str = ""
    console_size: tuple[int, int] | None = None


class ExecSession:
    """One command beside a container's own process: created, running, or done with ``exit_code``."""

    def __init__(self, exec_id: ExecId, container_id: str, options: ExecOptions) -> None:
        self.id = exec_id
        self.container_id = container_id
        self.options = options
        self.process: ExecProcess | None = None
        self.started = False
        self.exit_code: int | None = None
        self._finished = asyncio.Event()

    def finish(self, exit_code: int) -> None:
        """The command has ended."""
        self.exit_code = exit_code
        self._finished.set()

    async def wait_finished(self) -> int:
        """The exit code, once the command has ended."""
        await self._finished.wait()
        return self.exit_code or 0

    @property
    def running(self) -> bool:
        """Whether the command has been started and has not ended."""
        return self.process is not None and self.exit_code is None

    @property
    def pid(self) -> int:
        """The command's process on the host, 0 before the start."""
        return self.process.pid if self.process is not None else 0


class ExecRegistry:
    """Sessions by id and by container."""

    def __init__(self) -> None:
        self._sessions: dict[str, ExecSession] = {}
        self._by_container: dict[str, list[str]] = {}

    def __iter__(self) -> Iterator[ExecSession]:
        return iter(tuple(self._sessions.values()))

    def add(self, session: ExecSession) -> None:
        """Make a session findable; the oldest finished ones of the container are forgotten."""
        self._sessions[session.id] = session
        mine = self._by_container.setdefault(session.container_id, [])
        mine.append(session.id)
        finished = [i for i in mine if self._sessions[i].exit_code is not None]
        for old in finished[: max(0, len(finished) - _KEPT_FINISHED)]:
            mine.remove(old)
            del self._sessions[old]

    def ids_of(self, container_id: str) -> list[str]:
        """The sessions of a container that have not ended, oldest first."""
        return [i for i in self._by_container.get(container_id, ()) if self._sessions[i].exit_code is None]

    def drop_container(self, container_id: str) -> None:
        """Forget every session of a container that is gone."""
        for exec_id in self._by_container.pop(container_id, ()):
            del self._sessions[exec_id]

    def resolve(self, ref: str) -> ExecSession:
        """The session with this id, or whose id begins with it."""
        session = self._sessions.get(ref)
        if session is None and is_hex(ref):
            matches = [self._sessions[i] for i in self._sessions if i.startswith(ref)]
            session = matches[0] if len(matches) == 1 else None
        if session is None:
            raise NotFound(f"No such exec instance: {ref}")
        return session
