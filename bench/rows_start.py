"""Starting one container, in all the ways that people wait for."""

import itertools
import subprocess
import time
from pathlib import Path

from bench.engines import Engine
from bench.images import TINY
from bench.row import Peer, Row

_COUNTER = itertools.count()


class RunTrue(Row):
    """``run --rm IMAGE true``: everything from the client's start to the end of its clean-up."""

    def __init__(self, name: str, title: str, *flags: str) -> None:
        self.name, self.title = name, title
        self._flags = flags

    def sample(self, peer: Peer) -> float:
        time.sleep(0.3)  # a machine at rest, as between two commands that a person types
        return 1000 * peer.timed("run", "--rm", *self._flags, TINY, "true")


class RunDetached(Row):
    """Until the client has printed the id."""

    name, title = "run-detached", "run -d"

    def sample(self, peer: Peer) -> float:
        time.sleep(0.3)
        name = f"bench-d{next(_COUNTER)}"
        seconds = peer.timed("run", "-d", "--name", name, TINY, "sleep", "1000")
        peer.engine.remove(name)
        return 1000 * seconds


class ExecTrue(Row):
    """A program in a container that runs."""

    name, title = "exec", "exec true"

    def prepare(self, engine: Engine, files: Path) -> None:
        engine.call("run", "-d", "--name", "bench-exec", TINY, "sleep", "100000")

    def sample(self, peer: Peer) -> float:
        return 1000 * peer.timed("exec", "bench-exec", "true")


class RunParallel(Row):
    """Twenty starts at once; the time until the last has ended."""

    name, title = "run-20", "20 parallel run --rm (bridge)"
    most_rounds = 5

    def sample(self, peer: Peer) -> float:
        started = time.perf_counter()
        running: list[subprocess.Popen[bytes]] = [peer.spawn("run", "--rm", TINY, "true") for _ in range(20)]
        failed = []
        for process in running:
            _, errors = process.communicate(timeout=300)
            if process.returncode != 0:
                failed.append(errors.decode(errors="replace").strip()[-200:])
        if failed:
            raise RuntimeError(f"{peer.name}: {len(failed)} of 20 failed: {failed[0]}")
        return 1000 * (time.perf_counter() - started)


START_ROWS: tuple[Row, ...] = (
    RunTrue("run-bridge", "run --rm true (bridge)"),
    RunTrue("run-host", "run --rm true (host network)", "--network", "host"),
    RunTrue("run-none", "run --rm true (no network)", "--network", "none"),
    RunTrue("run-port", "run --rm true (one published port)", "-p", "127.0.0.1:18080:80"),
    RunDetached(),
    ExecTrue(),
    RunParallel(),
)
