"""What one build has while it runs: its id, what its caller lends it, and a place in memory for secrets.

Secrets are held here and nowhere else: not in records, not in the state file. Where a step needs one as a
file it lies on a tmpfs of the build's own, which goes with the build.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from berth.base.caller import Caller
from berth.base.ids import new_id
from berth.build.cache import Hold
from berth.build.records import AnyRecord
from berth.build.request import BuildRequest
from berth.kernel.mount import (
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    mount_tmpfs,
    mounts_below,
    umount_if_mounted,
)  # fmt: skip
from berth.registry.credentials import Credentials


class Given(NamedTuple):
    """What only this caller has: ``secrets`` by id, ``ssh`` sockets by id, credentials by registry."""

    caller: Caller
    secrets: Mapping[str, bytes] = {}
    ssh: Mapping[str, str] = {}
    credentials: Mapping[str, Credentials] = {}


class Places(NamedTuple):
    """``scratch``: below the exec root, for mounts in memory; ``programs``: on disk, where they may run."""

    scratch: Path
    programs: Path


class Report(Protocol):
    """Whoever is told how a build goes. Called from any thread; it must not wait."""

    def __call__(self, record: AnyRecord) -> None:
        """One more record."""

    async def room(self) -> None:
        """Return when not too much is on its way: what prints waits for whoever reads."""


class BuildSession:
    """See the module."""

    def __init__(
        self, build_id: str, given: Given, request: BuildRequest, hold: Hold, places: Places
    ) -> None:
        self.id = build_id
        self.given = given
        self.request = request
        self.hold = hold
        self._places = places
        self._scratch = places.scratch / build_id[:12]
        self._prepared = False
        self._programs: list[Path] = []

    def scratch(self) -> Path:
        """A directory in memory that nobody but root can enter."""
        if not self._prepared:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            mount_tmpfs(self._scratch, "mode=0700", MS_NOSUID | MS_NODEV | MS_NOEXEC)
            self._prepared = True
        return self._scratch

    def write_program(self, text: str) -> Path:
        """A file that the steps may run."""
        path = self._places.programs / new_id()
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        path.chmod(0o755)
        self._programs.append(path)
        return path

    def close(self) -> None:
        """Forget the secrets."""
        for path in self._programs:
            path.unlink(missing_ok=True)
        if self._prepared:
            umount_if_mounted(self._scratch, detach=True)
            shutil.rmtree(self._scratch, ignore_errors=True)


class RunningBuilds:
    """The builds that run now, by the id that a client may have given them to cancel them by."""

    def __init__(self, places: Places) -> None:
        """What an earlier daemon left there goes."""
        self._places = places
        self._tasks: dict[str, asyncio.Task[None]] = {}
        for mounted in mounts_below(places.scratch):
            umount_if_mounted(mounted, detach=True)
        for directory in places:
            shutil.rmtree(directory, ignore_errors=True)
        places.programs.mkdir(mode=0o711, parents=True)

    @contextlib.contextmanager
    def open(self, given: Given, request: BuildRequest, hold: Hold) -> Iterator[BuildSession]:
        """A session for as long as the block runs."""
        build_id = new_id()
        session = BuildSession(build_id, given, request, hold, self._places)
        try:
            yield session
        finally:
            session.close()

    def announce(self, name: str, task: "asyncio.Task[None]") -> None:
        """``cancel(name)`` ends ``task`` from now on."""
        self._tasks[name] = task
        task.add_done_callback(lambda ended: self._forget(name, ended))

    def _forget(self, name: str, ended: "asyncio.Task[None]") -> None:
        if self._tasks.get(name) is ended:  # another build may have been given the same name since
            del self._tasks[name]

    def cancel(self, name: str) -> None:
        """End the build that bears this name; nothing happens when there is none."""
        task = self._tasks.get(name)
        if task is not None:
            task.cancel()
