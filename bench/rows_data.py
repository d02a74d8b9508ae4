"""Moving bytes: images in and out, output through the log and past it."""

from pathlib import Path

from bench.engines import Engine
from bench.images import DEBIAN, TINY, debian_image
from bench.row import Peer, Row

_MEGABYTES = 100
_PRINT = f"yes {'x' * 99} | head -c {_MEGABYTES}000000"
_UNCAPPED = ("--log-opt", "max-size=2g")


class Load(Row):
    """``load`` of the Debian image into a store that does not have it."""

    name, title, unit = "load", "load, Debian with Python", "s"
    one_client_is_enough = True
    most_rounds = 3
    archive = Path()

    def prepare(self, engine: Engine, files: Path) -> None:
        self.archive = debian_image(files)

    def sample(self, peer: Peer) -> float:
        peer.engine.call("rmi", DEBIAN, check=False)
        return peer.timed("load", "-i", str(self.archive))

    def restore(self, engine: Engine) -> None:
        engine.call("rmi", DEBIAN, check=False)


class Save(Load):
    """``save`` of the same image to a file."""

    name, title = "save", "save, Debian with Python"

    def prepare(self, engine: Engine, files: Path) -> None:
        super().prepare(engine, files)
        engine.call("load", "-i", str(self.archive))

    def sample(self, peer: Peer) -> float:
        target = peer.engine.data / "saved.tar"
        target.unlink(missing_ok=True)
        seconds = peer.timed("save", "-o", str(target), DEBIAN)
        target.unlink()
        return seconds


class LogWrite(Row):
    """A container prints lines of 100 bytes as fast as it may, and nobody listens but the log."""

    name, title, unit = "log-write", f"{_MEGABYTES} MB of lines into the log", "MB/s"
    higher_is_better = True
    one_client_is_enough = True
    most_rounds = 3

    def sample(self, peer: Peer) -> float:
        engine = peer.engine
        engine.call("create", "--name", "bench-log", *_UNCAPPED, TINY, "sh", "-c", _PRINT)
        seconds = peer.timed("start", "bench-log") + peer.timed("wait", "bench-log")
        engine.remove("bench-log")
        return _MEGABYTES / seconds


class LogRead(Row):
    """``logs`` of what such a container printed."""

    name, title, unit = "log-read", f"logs of {_MEGABYTES} MB", "MB/s"
    higher_is_better = True
    most_rounds = 3

    def prepare(self, engine: Engine, files: Path) -> None:
        engine.call("run", "-d", "--name", "bench-log", *_UNCAPPED, TINY, "sh", "-c", _PRINT)
        engine.call("wait", "bench-log")

    def sample(self, peer: Peer) -> float:
        return _MEGABYTES / peer.timed("logs", "bench-log")


class Attached(Row):
    """The same lines through an attached client."""

    name, title, unit = "attached", f"{_MEGABYTES} MB through run --rm", "MB/s"
    higher_is_better = True
    most_rounds = 3

    def sample(self, peer: Peer) -> float:
        return _MEGABYTES / peer.timed("run", "--rm", *_UNCAPPED, TINY, "sh", "-c", _PRINT)


DATA_ROWS: tuple[Row, ...] = (LogWrite(), LogRead(), Attached(), Load(), Save())
