"""What a row of the table is: something to prepare, one sample at a time, something to undo."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.engines import Engine


class Peer:
    """A column: an engine, and the client that drives it. Several peers may share one engine."""

    def __init__(self, name: str, engine: Engine, client: str = "") -> None:
        self.name = name
        self.engine = engine
        self._client = client

    def command(self, *words: str) -> list[str]:
        """The arguments of one client call."""
        command = self.engine.command(*words)
        return [self._client, *command[1:]] if self._client else command

    def spawn(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a client call whose output nobody reads."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self.engine.environment,
        )

    def timed(self, *words: str) -> float:
        """Seconds from the start of a client call to its end; RuntimeError when it fails."""
        started = time.perf_counter()
        process = self.spawn(*words)
        _, errors = process.communicate(timeout=900)
        seconds = time.perf_counter() - started
        if process.returncode != 0:
            raise RuntimeError(
                f"{self.name} {' '.join(words)}: {errors.decode(errors='replace').strip()[-300:]}"
            )
        return seconds


class Row:
    """One line of the table. Subclasses say what is measured in ``sample``.

    ``prepare`` and ``restore`` run once for each engine around all rounds, untimed. A sample is in ``unit``;
    slow rows are satisfied with ``most_rounds``.
    """

    name = ""
    title = ""
    unit = "ms"
    higher_is_better = False
    most_rounds = 1000
    needs_daemon = False
    running = 0
    """How many containers run meanwhile; see ``Engine.most_running``."""
    one_client_is_enough = False
    """The client's share is not what is measured: a second client on the same engine would add nothing."""

    def prepare(self, engine: Engine, files: Path) -> None:
        """Bring the engine into the state that the samples start from."""

    def sample(self, peer: Peer) -> float:
        """One figure."""
        raise NotImplementedError

    def restore(self, engine: Engine) -> None:
        """Leave no container behind."""
        engine.remove_all()

    def others(self, files: Path) -> dict[str, Callable[[], float]]:
        """Columns that only this row has, such as a floor: how each takes a sample."""
        return {}
