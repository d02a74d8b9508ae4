"""The engines that can be compared: each started with roots and a network namespace of its own, and ended."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path

from bench.machine import network_namespace, processes_naming, run, sweep

REPOSITORY = Path(__file__).resolve().parents[1]
_START_S, _STOP_S = 120.0, 120.0
_POLL_S = 0.002
# The last one would have every start compile what an installed package has compiled already.
_NOT_OURS = ("DOCKER_HOST", "BERTH_HOST", "PYTHONDONTWRITEBYTECODE")
_COUNT = itertools.count()


class Engine(ABC):
    """One engine. ``command`` makes the argument list of a client call; ``environment`` goes with it."""

    name = ""
    has_daemon = True
    most_running = 100
    """With more containers than these its rows would take an hour: they are left out."""

    def __init__(self, disk: Path, memory: Path, stack: ExitStack) -> None:
        """``disk`` is for what the engine stores, ``memory`` (a tmpfs) for what it forgets at boot."""
        self.data, self.exec = disk / self.name, memory / self.name
        for place in (self.data, self.exec):
            place.mkdir(parents=True)
        self.environment = {k: v for k, v in os.environ.items() if k not in _NOT_OURS}
        label = f"bench-{self.name}-{os.getpid()}-{next(_COUNT)}"
        self.namespace = stack.enter_context(network_namespace(label))
        stack.callback(self._sweep)

    @classmethod
    def missing(cls) -> str:
        """Why this engine cannot take part; empty when it can."""
        return ""

    @abstractmethod
    def version(self) -> str:
        """What it calls itself."""

    @abstractmethod
    def command(self, *words: str) -> list[str]:
        """The arguments of one client call."""

    def start(self) -> None:
        """Make it ready to answer; nothing to do without a daemon."""
        return

    def stop(self) -> None:
        """End it; containers may go on. Nothing to do without a daemon."""
        return

    def processes(self) -> list[int]:
        """Every process that exists because of this engine, those inside of containers excepted."""
        return sorted({*processes_naming(str(self.data)), *processes_naming(str(self.exec))})

    def call(self, *words: str, check: bool = True, timeout: float = 600) -> str:
        """One client call that nobody times; its standard output."""
        done = subprocess.run(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
            timeout=timeout,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{self.name} {' '.join(words)}: {done.stderr.strip()[-500:]}")
        return done.stdout.strip()

    def remove_all(self) -> None:
        """No container is left."""
        while ids := self.call("ps", "-aq").split():
            self.remove(*ids[:50])

    def remove(self, *containers: str) -> None:
        """Remove running containers without waiting for them to end by themselves."""
        self.call("rm", "-f", *containers, timeout=900)

    def bundle(self, container: str) -> Path | None:
        """The directory with the ``config.json`` of a running container, where the engine keeps one."""
        found = [*self.exec.rglob(f"{container}*/config.json"), *self.data.rglob(f"{container}*/config.json")]
        return found[0].parent if found else None

    def _sweep(self) -> None:
        with contextlib.suppress(RuntimeError, OSError, subprocess.TimeoutExpired):
            self.remove_all()
        self.stop()
        for place in (self.exec, self.data):
            sweep(place)
            shutil.rmtree(place, ignore_errors=True)


class DaemonEngine(Engine):
    """An engine that is a daemon behind a unix socket."""

    def __init__(self, disk: Path, memory: Path, stack: ExitStack) -> None:
        super().__init__(disk, memory, stack)
        self.socket = self.exec / "engine.sock"
        self.log = self.data / "engine.log"
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def daemon(self) -> list[str]:
        """The arguments of the daemon, less the roots, pid file and socket that all daemons share."""

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *("nsenter", f"--net={self.namespace}", *self.daemon()),
                    *("--data-root", str(self.data / "root"), "--exec-root", str(self.exec / "run")),
                    *("--pidfile", str(self.exec / "engine.pid"), "-H", f"unix://{self.socket}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, "PYTHONPATH": str(REPOSITORY)},
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(_POLL_S)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
            sock.settimeout(10)
            sock.connect(str(self.socket))
            sock.sendall(b"GET /_ping HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            return b" 200 " in sock.recv(4096)
        return False

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def command(self, *words: str) -> list[str]:
        return ["docker", "-H", f"unix://{self.socket}", *words]


class Dockerd(DaemonEngine):
    """The distribution's dockerd with its client."""

    name = "dockerd"

    @classmethod
    def missing(cls) -> str:
        lacking = [program for program in ("dockerd", "docker") if shutil.which(program) is None]
        return f"{' and '.join(lacking)} not installed" if lacking else ""

    def version(self) -> str:
        return run("dockerd", "--version").stdout.strip()

    def daemon(self) -> list[str]:
        config = self.data / "daemon.json"
        config.write_text("{}")
        return ["dockerd", "--config-file", str(config), "--live-restore"]


class NewDocker(DaemonEngine):
    """A newer dockerd with its client and buildx, unpacked where ``BERTH_BENCH_DOCKER`` points."""

    name = "docker-new"

    def __init__(self, disk: Path, memory: Path, stack: ExitStack) -> None:
        super().__init__(disk, memory, stack)
        root = _new_docker_root()
        self.environment["PATH"] = f"{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}"
        plugins = self.data / "client/cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-buildx").symlink_to(root / "usr/libexec/docker/cli-plugins/docker-buildx")
        self.environment["DOCKER_CONFIG"] = str(plugins.parent)
        self._root = root

    @classmethod
    def missing(cls) -> str:
        root = _new_docker_root()
        return "" if (root / "usr/sbin/dockerd").exists() else "BERTH_BENCH_DOCKER names no unpacked Docker"

    def version(self) -> str:
        return run(self._root / "usr/sbin/dockerd", "--version").stdout.strip()

    def daemon(self) -> list[str]:
        config = self.data / "daemon.json"
        config.write_text("{}")
        return [str(self._root / "usr/sbin/dockerd"), "--config-file", str(config), "--live-restore"]

    def command(self, *words: str) -> list[str]:
        return [str(self._root / "usr/bin/docker"), "-H", f"unix://{self.socket}", *words]


def _new_docker_root() -> Path:
    return Path(os.environ.get("BERTH_BENCH_DOCKER", "/nonexistent")).resolve()


class Berthd(DaemonEngine):
    """This repository's daemon, with its client laid out as an installed package would be."""

    name = "berthd"
    most_running = 10_000

    def __init__(self, disk: Path, memory: Path, stack: ExitStack) -> None:
        super().__init__(disk, memory, stack)
        prefix = self.data / "prefix"
        packages = prefix / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
        packages.mkdir(parents=True)
        (packages / "berth").symlink_to(REPOSITORY / "berth")
        (prefix / "bin").mkdir()
        (prefix / "bin/python3").symlink_to(Path(sys.executable).resolve())
        self.client = prefix / "bin/berth"
        shutil.copy(REPOSITORY / "berth/cli/scripts/berth", self.client)
        self.client.chmod(0o755)

    def version(self) -> str:
        return run(sys.executable, "-m", "berth.daemon", "--version").stdout.strip()

    def daemon(self) -> list[str]:
        config = self.data / "daemon.json"
        config.write_text("{}")
        return [sys.executable, "-m", "berth.daemon", "--config-file", str(config)]

    def command(self, *words: str) -> list[str]:
        return [str(self.client), "-H", f"unix://{self.socket}", *words]


class Podman(Engine):
    """The distribution's podman, which has no daemon."""

    name = "podman"
    has_daemon = False

    def __init__(self, disk: Path, memory: Path, stack: ExitStack) -> None:
        super().__init__(disk, memory, stack)
        config = self.data / "containers.conf"
        # Its defaults ask for limits above those of many machines, and for a journal that may not run.
        config.write_text(
            "[containers]\ndefault_ulimits = []\n"
            '[engine]\nevents_logger = "file"\ncgroup_manager = "cgroupfs"\n'
        )
        self.environment["CONTAINERS_CONF"] = str(config)
        policy = self.data / "policy.json"
        policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        self._policy = policy

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which("podman") else "podman not installed"

    def version(self) -> str:
        return run("podman", "--version").stdout.strip()

    def command(self, *words: str) -> list[str]:
        if words[0] in ("load", "pull", "push"):
            words = (words[0], "--signature-policy", str(self._policy), *words[1:])
        if words[0] in ("pull", "push"):
            words = (words[0], "--tls-verify=false", *words[1:])
        return [
            *("nsenter", f"--net={self.namespace}", "podman"),
            *("--root", str(self.data / "root"), "--runroot", str(self.exec / "run")),
            *("--tmpdir", str(self.exec / "tmp"), "--network-config-dir", str(self.data / "networks")),
            *words,
        ]

    def remove(self, *containers: str) -> None:
        self.call("rm", "-f", "-t", "0", *containers, timeout=900)


ENGINES: tuple[type[Engine], ...] = (Berthd, Dockerd, NewDocker, Podman)
