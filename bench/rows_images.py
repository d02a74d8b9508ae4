"""A large image on its way: in and out of an engine that was installed a moment ago.

Beside the engines stand two columns of their own: ``skopeo``, which copies into podman's kind of storage,
and ``bytes``, the floor (see ``floor_bytes``).
"""

import contextlib
import os
import socket
import statistics
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import floor_bytes
from bench.cold import cold_disk, cold_engine
from bench.engines import DaemonEngine, Engine
from bench.images import TINY, tiny_image
from bench.machine import network_namespace, run
from bench.registry import Registry
from bench.row import Peer, Row
from bench.science import REPOSITORY, SCIENCE, science_archive, science_registry

_REMOTE = f"{Registry.host}/{REPOSITORY}:1"
_PUSHED = f"{Registry.host}/pushed/science:1"
_CHANGES = 200 << 20
_PING_EVERY_S = 0.005


class _ColdRow(Row):
    """A row whose every sample has an engine of its own; ``files`` is where the large image is kept."""

    one_client_is_enough = True
    most_rounds = 3
    files = Path()

    def prepare(self, engine: Engine, files: Path) -> None:
        self.files = files
        science_archive(files)
        science_registry(files)

    def restore(self, engine: Engine) -> None:
        return

    def sample(self, peer: Peer) -> float:
        with cold_engine(type(peer.engine), self.files) as engine:
            return self.measure(Peer(peer.name, engine))

    def measure(self, peer: Peer) -> float:
        """One figure of an engine that has nothing yet."""
        raise NotImplementedError


@contextmanager
def _registry(engine: Engine, storage: Path) -> Iterator[Registry]:
    storage.mkdir(exist_ok=True)
    with Registry(storage, engine.data, engine.namespace) as registry:
        yield registry


class Pull(_ColdRow):
    """``pull`` from a registry on loopback."""

    name, title, unit = "pull", "pull, 0.9 GB in 8 layers", "s"

    def measure(self, peer: Peer) -> float:
        with _registry(peer.engine, science_registry(self.files)):
            return peer.timed("pull", "-q", _REMOTE)

    def others(self, files: Path) -> dict[str, Callable[[], float]]:
        return {
            "skopeo": lambda: _skopeo(files, f"docker://{_REMOTE}"),
            "bytes": lambda: _floor(files, floor_bytes.blobs_of(science_registry(files), REPOSITORY)),
        }


class LoadLarge(_ColdRow):
    """``load`` of the same image."""

    name, title, unit = "load-large", "load, 0.9 GB in 8 layers", "s"

    def measure(self, peer: Peer) -> float:
        return peer.timed("load", "-q", "-i", str(science_archive(self.files)))

    def others(self, files: Path) -> dict[str, Callable[[], float]]:
        return {
            "skopeo": lambda: _skopeo(files, f"docker-archive:{science_archive(files)}"),
            "bytes": lambda: _floor(files, floor_bytes.layers_of(science_archive(files))),
        }


class Push(_ColdRow):
    """``push`` of the same image, loaded before, to a registry that has nothing."""

    name, title, unit = "push", "push, 0.9 GB in 8 layers", "s"

    def measure(self, peer: Peer) -> float:
        engine = peer.engine
        engine.call("load", "-i", str(science_archive(self.files)))
        engine.call("tag", SCIENCE, _PUSHED)
        with _registry(engine, engine.data / "registry"):
            os.sync()
            return peer.timed("push", *(["-q"] if engine.has_daemon else []), _PUSHED)


class Commit(_ColdRow):
    """``commit`` of a container that wrote 200 MB of real files."""

    name, title, unit = "commit", f"commit of {_CHANGES >> 20} MB", "s"

    def measure(self, peer: Peer) -> float:
        engine = peer.engine
        engine.call("load", "-i", str(tiny_image(engine.data)))
        engine.call("create", "--name", "changed", TINY, "true")
        with _changes(self.files).open("rb") as changes:
            copy = engine.command("cp", "-", "changed:/")
            subprocess.run(copy, stdin=changes, env=engine.environment, check=True, capture_output=True)
        os.sync()
        return peer.timed("commit", "changed", "bench-changed:1")


class RemoveImage(_ColdRow):
    """``rmi`` of the same image, loaded before."""

    name, title, unit = "rmi", "rmi, 0.9 GB in 8 layers", "s"

    def measure(self, peer: Peer) -> float:
        peer.engine.call("load", "-i", str(science_archive(self.files)))
        os.sync()
        return peer.timed("rmi", SCIENCE)


class PingDuringPull(_ColdRow):
    """``GET /_ping``, one after another on one connection, while the image is pulled: the 99th percentile."""

    name, title, unit = "ping-pull", "p99 of /_ping during a pull", "ms"
    needs_daemon = True

    def measure(self, peer: Peer) -> float:
        engine = peer.engine
        if not isinstance(engine, DaemonEngine):
            raise TypeError(f"{peer.name} has no socket")
        with _registry(engine, science_registry(self.files)), ExitStack() as stack:
            ended = threading.Event()
            times: list[float] = []
            pinger = threading.Thread(target=_ping, args=(engine.socket, ended, times))
            pinger.start()
            stack.callback(pinger.join)
            stack.callback(ended.set)
            peer.timed("pull", "-q", _REMOTE)
        return 1000 * statistics.quantiles(times, n=100)[98]


def _ping(path: Path, ended: threading.Event, times: list[float]) -> None:
    with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
        sock.connect(str(path))
        while not ended.wait(_PING_EVERY_S):
            started = time.perf_counter()
            sock.sendall(b"GET /_ping HTTP/1.1\r\nHost: bench\r\n\r\n")
            answer = b""
            while not answer.endswith(b"\r\n\r\nOK"):
                data = sock.recv(4096)
                if not data:
                    raise RuntimeError("the daemon hung up")
                answer += data
            times.append(time.perf_counter() - started)


def _skopeo(files: Path, source: str) -> float:
    """Seconds of ``skopeo copy`` into storage of its own."""
    with ExitStack() as stack:
        disk = stack.enter_context(cold_disk(files))
        space = stack.enter_context(network_namespace(f"bench-skopeo-{os.getpid()}"))
        stack.enter_context(Registry(science_registry(files), disk, space))
        target = f"containers-storage:[overlay@{disk}/root+{disk}/run]{SCIENCE}"
        copy = ["skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false", source, target]
        started = time.perf_counter()
        run("nsenter", f"--net={space}", *copy)
        seconds = time.perf_counter() - started
        run("umount", "--quiet", disk / "root/overlay", check=False)
        return seconds


def _floor(files: Path, parts: list[floor_bytes.Part]) -> float:
    with cold_disk(files) as disk:
        return floor_bytes.seconds(parts, disk)


def _changes(cache: Path) -> Path:
    """An archive of directories and files of the large image, about 200 MB."""
    target = cache / "changes.tar"
    if target.exists():
        return target
    part, size = target.with_suffix(".part"), 0
    with tarfile.open(part, "w") as out, tarfile.open(science_archive(cache)) as image:
        for layer in [entry for entry in image if entry.name.endswith("/layer.tar")][1:]:
            with tarfile.open(fileobj=image.extractfile(layer)) as files:
                for entry in files:
                    if size < _CHANGES:
                        size += entry.size
                        out.addfile(entry, files.extractfile(entry) if entry.isreg() else None)
    return part.rename(target)


IMAGE_ROWS: tuple[Row, ...] = (Pull(), LoadLarge(), PingDuringPull(), Push(), Commit(), RemoveImage())
