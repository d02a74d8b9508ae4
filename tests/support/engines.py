"""Start, reach and end the engine under test: a real dockerd, berth's daemon, or one that already runs.

A started engine has a root of its own under a temporary directory and a network namespace of its own, so it
meets neither the machine's engine nor another suite's. ``end`` stops it by its process id and ``leftovers``
tells what it did not take away.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.support.archive import ImageArchive
from tests.support.host import NetworkNamespace, cgroups_naming, mounts_below, processes_naming
from tests.support.http import Api, open_unix
from tests.support.waiting import wait_until

T = TypeVar("T")
REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT = 40.0
STOP_TIMEOUT = 60.0


class Engine:
    """One engine as its users see it: a socket, an API, and a place in which its published ports answer."""

    def __init__(self, kind: str, host: str, namespace: NetworkNamespace | None) -> None:
        self.kind = kind
        self.host = host
        self.socket = host.removeprefix("unix://")
        self.api = Api(self.socket)
        self.namespace = namespace
        self._lost = ""

    @property
    def is_dockerd(self) -> bool:
        return self.kind == "dockerd"

    def require_answer(self, test: str) -> None:
        """Fail at once when the engine has stopped answering: waiting for each test would take hours."""
        if not self._lost:
            try:
                assert self.api.get("/_ping").status == 200
            except (OSError, http.client.HTTPException) as error:
                self._lost = f"{self.kind} does not answer any more, first seen before {test}: {error}"
                self.describe_loss()
        assert not self._lost, self._lost

    def describe_loss(self) -> None:
        """Add to the report what can be known of an engine that does not answer."""

    def on_its_host(self, function: Callable[[], T]) -> T:
        """Call ``function`` in the network that the engine calls its host."""
        return self.namespace.call(function) if self.namespace else function()

    def load(self, image: ImageArchive) -> None:
        reply = self.api.request("POST", "/images/load", body=image.docker(), timeout=120, quiet=True)
        assert reply.status == 200 and b"errorDetail" not in reply.body, (image.names, reply)


class OwnEngine(Engine):
    """An engine that the suite started and will end. The same roots can be started again after a stop or
    kill."""

    def __init__(self, kind: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"conformance-{kind}-"))
        self.data_root, self.exec_root = self.root / "data", self.root / "exec"
        self.pidfile = self.root / "engine.pid"
        self.log = self.root / "engine.log"
        super().__init__(kind, f"unix://{self.root}/engine.sock", NetworkNamespace(self.root.name))
        self.process: subprocess.Popen[bytes] | None = None
        self.ids: set[str] = set()
        self._watcher: threading.Thread | None = None
        assert self.namespace is not None
        self.namespace.create()
        self._links = self.namespace.links()
        self._rules = self.namespace.rules()

    def argv(self) -> list[str]:
        if self.is_dockerd:
            program = [
                shutil.which("dockerd") or "/usr/sbin/dockerd",
                "--config-file",
                str(self.root / "daemon.json"),
            ]
            (self.root / "daemon.json").write_text("{}")
        else:
            program = [sys.executable, "-m", "berth.daemon"]
        return [
            *program,
            *("--data-root", str(self.data_root), "--exec-root", str(self.exec_root)),
            *("--pidfile", str(self.pidfile), "-H", self.host),
        ]

    def start(self) -> None:
        assert self.namespace is not None
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DOCKER_HOST", "BERTH_HOST", "LISTEN_FDS")
        }
        environment["PYTHONPATH"] = str(REPOSITORY)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.namespace.command(*self.argv()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        wait_until(
            self._answers, f"{self.kind} answers on its socket (its log: {self.log})", timeout=START_TIMEOUT
        )
        self._watcher = threading.Thread(target=self._remember_ids, name="ids", daemon=True)
        self._watcher.start()

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(
                f"{self.kind} ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}"
            )
        try:
            return self.api.get("/_ping").status == 200
        except OSError:
            return False

    def _remember_ids(self) -> None:
        """Follow the engine's events so that ``leftovers`` knows the name of every container there ever
        was."""
        with contextlib.suppress(OSError), open_unix(self.socket, None) as sock:
            sock.sendall(b"GET /events HTTP/1.0\r\n\r\n")
            with sock.makefile("rb") as stream:
                for line in stream:
                    if line.startswith(b"{"):
                        event = json.loads(line)
                        # The event of a prune names no container.
                        if event.get("Type") == "container" and event["Actor"]["ID"]:
                            self.ids.add(event["Actor"]["ID"])

    def describe_loss(self) -> None:
        """The stacks of berthd (it writes them to its log on SIGUSR1) and the end of the log."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(1)
        self._lost += f"\n{self.log.read_text(errors='replace')[-6000:]}"

    def kill(self) -> None:
        """kill -9 of the daemon alone; containers go on or not as the engine has it."""
        self._finish(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and wait for a clean end."""
        self._finish(signal.SIGTERM)

    def _finish(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.wait(STOP_TIMEOUT)
        self.process = None
        if self._watcher:
            self._watcher.join(5)

    def cut_power(self) -> None:
        """What a crash of the machine leaves: no process, no mount, an empty run directory, the data root
        as it was."""
        self.kill()
        self._sweep()
        shutil.rmtree(self.exec_root, ignore_errors=True)
        self.pidfile.unlink(missing_ok=True)

    def leftovers(self) -> list[str]:
        """What a stopped engine left on the host, in words; for dockerd less what dockerd is known to
        leave."""
        assert self.namespace is not None
        found = [f"process {pid}: {command}" for pid, command in processes_naming(str(self.root)).items()]
        found += [f"process {pid} in the network namespace" for pid in self.namespace.processes()]
        found += [f"control group {path}" for path in cgroups_naming(self.ids)]
        known = {self.data_root, self.exec_root / "netns/default"} if self.is_dockerd else set()
        found += [f"mount {path}" for path in mounts_below(self.root) if path not in known]
        links = self.namespace.links() - self._links - ({"docker0"} if self.is_dockerd else set())
        found += [f"link {name}" for name in sorted(links)]
        if not self.is_dockerd and self.namespace.rules() != self._rules:
            found.append(f"packet filter rules:\n{self.namespace.rules()}")
        return found

    def close(self) -> None:
        """Take everything away, whatever state things are in."""
        assert self.namespace is not None
        if self.process is not None:
            self._remove_containers()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.process is not None:
            self.kill()
        self._sweep()
        self.namespace.remove()
        shutil.rmtree(self.root, ignore_errors=True)

    def _remove_containers(self) -> None:
        """So that a stop need not wait for processes that ignore the stop signal."""
        with contextlib.suppress(OSError, ValueError):
            for row in self.api.get("/containers/json", all=True).json():
                self.api.delete(f"/containers/{row['Id']}", force=True, v=True)

    def _sweep(self) -> None:
        for pid in processes_naming(str(self.root)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not processes_naming(str(self.root)), "killed processes are gone", timeout=10)
        for path in mounts_below(self.root):
            subprocess.run(["umount", "--lazy", str(path)], capture_output=True)
        for path in sorted(cgroups_naming(self.ids), key=lambda p: len(p.parts), reverse=True):
            with contextlib.suppress(OSError):
                path.rmdir()


def missing_parts(kind: str) -> str:
    """Why an engine of this kind cannot be started here; empty when it can."""
    if os.geteuid() != 0:
        return "starting an engine takes root"
    for program in ("nsenter", "ip", "nft", *(("dockerd",) if kind == "dockerd" else ())):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return ""
