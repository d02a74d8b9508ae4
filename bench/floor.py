"""The floor: the OCI runtime alone on a directory, with the specification that an engine gave a container."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from bench.engines import Engine
from bench.images import TINY
from bench.machine import run


class Floor:
    """``crun run`` of a bare bundle: no overlay, no network set-up, no log, no daemon, no client."""

    name = "crun"

    def __init__(self, place: Path, donor: Engine) -> None:
        """Take the specification of a container of ``donor``: same seccomp policy, masks, devices, mounts."""
        self.bundle = place / "floor"
        self.state = place / "floor-state"
        rootfs = self.bundle / "rootfs"
        for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
            (rootfs / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", rootfs / "bin/busybox")
        (rootfs / "bin/true").symlink_to("busybox")
        (self.bundle / "config.json").write_text(json.dumps(_bare(_specification(donor))))
        self._count = 0

    @staticmethod
    def missing() -> str:
        """Why there is no floor here; empty when there is."""
        return "" if shutil.which("crun") else "crun not installed"

    def version(self) -> str:
        return run("crun", "--version").stdout.splitlines()[0]

    def sample(self) -> float:
        """Milliseconds of one run."""
        time.sleep(0.3)
        self._count += 1
        command = ["crun", "--root", str(self.state), "run", "-b", str(self.bundle), f"bench-{self._count}"]
        started = time.perf_counter()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            raise RuntimeError(f"crun: {done.stderr.strip()}")
        return 1000 * seconds


def _specification(donor: Engine) -> dict[str, Any]:
    container = donor.call("run", "-d", TINY, "sleep", "1000")
    try:
        bundle = donor.bundle(container)
        if bundle is None:
            raise RuntimeError(f"{donor.name} keeps no bundle that could be read")
        document: dict[str, Any] = json.loads((bundle / "config.json").read_text())
        return document
    finally:
        donor.remove(container)


def _bare(spec: dict[str, Any]) -> dict[str, Any]:
    """Keep what a kernel has to do for the container, drop what belongs to the engine that made it."""
    spec["root"] = {"path": "rootfs"}
    spec["process"]["args"] = ["true"]
    spec["process"]["terminal"] = False
    spec.pop("hooks", None)
    # An engine may hand the compiled filter to crun in an annotation; the floor compiles it, as crun does.
    spec["annotations"] = {}
    spec["mounts"] = [m for m in spec["mounts"] if m.get("type") != "bind"]
    linux = spec["linux"]
    linux["cgroupsPath"] = "/bench-floor"
    for namespace in linux["namespaces"]:
        namespace.pop("path", None)
    return spec
