"""What many containers cost: lists, starts among them, a daemon's start, memory."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.engines import Engine
from bench.images import TINY
from bench.machine import memory_of
from bench.row import Peer, Row

_AT_ONCE = 4


def populate(engine: Engine, count: int) -> None:
    """Start containers until ``count`` of them run."""
    there = len(engine.call("ps", "-q").split())

    def start(_: int) -> None:
        engine.call("run", "-d", TINY, "sleep", "100000")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(start, range(count - there)))


class Ps(Row):
    """The list of running containers."""

    def __init__(self, count: int) -> None:
        self.name, self.title = f"ps-{count}", f"ps, {count} running"
        self.running = count

    def prepare(self, engine: Engine, files: Path) -> None:
        populate(engine, self.running)

    def sample(self, peer: Peer) -> float:
        return 1000 * peer.timed("ps")

    def restore(self, engine: Engine) -> None:
        """The next row wants at least as many: ``remove_all`` of the last one is enough."""


class RunAmong(Ps):
    """A start while many others run."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.name, self.title = f"run-among-{count}", f"run --rm true (bridge), {count} running"

    def sample(self, peer: Peer) -> float:
        time.sleep(0.3)
        return 1000 * peer.timed("run", "--rm", TINY, "true")


class DaemonStart(Ps):
    """From the daemon's exec to its first answer, containers running on meanwhile."""

    needs_daemon = True
    one_client_is_enough = True
    most_rounds = 5

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.name, self.title = f"daemon-start-{count}", f"daemon start, {count} running"

    def sample(self, peer: Peer) -> float:
        peer.engine.stop()
        started = time.perf_counter()
        peer.engine.start()
        return 1000 * (time.perf_counter() - started)


class DaemonMemory(Row):
    """Proportional size of the daemon's processes, a moment after its start, with nothing running."""

    name, title, unit = "daemon-memory", "daemon memory, idle (PSS)", "MiB"
    needs_daemon = True
    one_client_is_enough = True
    most_rounds = 1

    def prepare(self, engine: Engine, files: Path) -> None:
        engine.remove_all()
        engine.stop()
        engine.start()
        engine.call("ps")

    def sample(self, peer: Peer) -> float:
        return memory_of(peer.engine.processes()).pss / (1 << 20)


class ContainerMemory(Row):
    """Private memory that one more container costs outside of itself: helpers, and growth of the daemon."""

    name, title, unit = "container-memory", "private memory per container, outside it", "KiB"
    one_client_is_enough = True
    most_rounds = 1
    _count = 20

    def sample(self, peer: Peer) -> float:
        engine = peer.engine
        populate(engine, 2)  # what is loaded once belongs to no container
        before = memory_of(engine.processes()).private
        populate(engine, 2 + self._count)
        after = memory_of(engine.processes()).private
        return (after - before) / self._count / 1024


def many_rows(count: int) -> tuple[Row, ...]:
    """The rows in the order that starts each container once."""
    middle = max(count // 5, 1)
    return (
        DaemonMemory(),
        ContainerMemory(),
        DaemonStart(0),
        Ps(1),
        Ps(middle),
        Ps(count),
        RunAmong(count),
        DaemonStart(count),
    )
