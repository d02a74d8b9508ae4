"""Building images: from the cache, cold, with a large context, with several stages."""

import itertools
import os
import time
from pathlib import Path

from bench.engines import Engine
from bench.images import TINY
from bench.row import Peer, Row

_FILES = 10_000
_COPIED_MB = 500
_STEPS = 20
_COUNTER = itertools.count()


class _Build(Row):
    """One ``build``; each engine has a context of its own, so that nobody profits from another's reads."""

    dockerfile = ""
    flags: tuple[str, ...] = ()
    most_rounds = 7

    def context(self, engine: Engine) -> Path:
        """Where the engine's context lies."""
        return engine.data / f"context-{self.name}"

    def prepare(self, engine: Engine, files: Path) -> None:
        context = self.context(engine)
        context.mkdir()
        (context / "Dockerfile").write_text(self.dockerfile)
        self.fill(context)
        engine.call("build", "-t", f"{self.name}:1", str(context))

    def fill(self, context: Path) -> None:
        """Make the files of the context."""

    def change(self, context: Path) -> None:
        """What differs from sample to sample."""

    def sample(self, peer: Peer) -> float:
        context = self.context(peer.engine)
        self.change(context)
        time.sleep(0.3)
        return 1000 * peer.timed("build", *self.flags, "-t", f"{self.name}:1", str(context))

    def restore(self, engine: Engine) -> None:
        super().restore(engine)
        engine.call("rmi", "-f", f"{self.name}:1", check=False)


class NoOp(_Build):
    """Everything comes from the cache."""

    name, title = "build-noop", f"rebuild of {_STEPS} steps, nothing changed"
    dockerfile = "\n".join(
        [f"FROM {TINY}", "COPY a.txt /a.txt", "WORKDIR /app"]
        + [f"RUN echo {n} > /file{n}" for n in range(8)]
        + [f"ENV NAME{n}=value{n}" for n in range(8)]
        + ['CMD ["sh"]', ""]
    )

    def fill(self, context: Path) -> None:
        (context / "a.txt").write_text("a\n")


class RunCold(_Build):
    """Ten steps that do next to nothing: what an engine adds to each."""

    name, title = "build-run-10", "10 RUN steps without cache"
    flags = ("--no-cache",)
    most_rounds = 5
    dockerfile = "\n".join([f"FROM {TINY}", *(f"RUN echo {n} > /file{n}" for n in range(10)), ""])


class Unchanged(_Build):
    """The walk through a large context that has not changed."""

    name, title = "build-scan", f"rebuild, {_FILES} files in the context, none changed"
    dockerfile = f"FROM {TINY}\nCOPY . /app\n"

    def fill(self, context: Path) -> None:
        for number in range(_FILES):
            directory = context / f"d{number // 100}"
            directory.mkdir(exist_ok=True)
            (directory / f"f{number}.txt").write_text(f"content of {number}\n" * 20)


class OneChanged(Unchanged):
    """One file of them has changed."""

    name, title = "build-changed", f"rebuild, one of {_FILES} files changed"
    most_rounds = 3

    def change(self, context: Path) -> None:
        (context / "d7/f700.txt").write_text(f"changed for the {next(_COUNTER)}th time\n")


class CopyLarge(_Build):
    """Bytes through the context into a layer."""

    name, title = "build-copy", f"COPY of {_COPIED_MB} MB, changed"
    most_rounds = 3
    dockerfile = f"FROM {TINY}\nCOPY data /data\n"

    def fill(self, context: Path) -> None:
        (context / "data").mkdir()
        for number in range(_COPIED_MB // 10):
            (context / f"data/{number}").write_bytes(os.urandom(1_000_000) * 10)

    def change(self, context: Path) -> None:
        for path in (context / "data").iterdir():
            with path.open("r+b") as file:
                file.write(os.urandom(16))


class OneStage(_Build):
    """The measure for the next row."""

    name, title = "build-stage-1", "one stage that takes a second"
    flags = ("--no-cache",)
    most_rounds = 3
    dockerfile = f"FROM {TINY}\nRUN sleep 1; echo 0 > /out0\n"


class FourStages(OneStage):
    """Four of them, and one that collects what they made."""

    name, title = "build-stage-4", "four independent stages of a second each"
    dockerfile = "\n".join(
        [f"FROM {TINY} AS s{n}\nRUN sleep 1; echo {n} > /out{n}" for n in range(4)]
        + [f"FROM {TINY}", *(f"COPY --from=s{n} /out{n} /" for n in range(4)), ""]
    )


BUILD_ROWS: tuple[Row, ...] = (
    NoOp(),
    RunCold(),
    Unchanged(),
    OneChanged(),
    CopyLarge(),
    OneStage(),
    FourStages(),
)
