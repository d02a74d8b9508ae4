"""Other tools for containers, with a store of their own."""

import contextlib
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.host import NetworkNamespace, mounts_below

_TIMEOUT = 120


@contextlib.contextmanager
def peer_store() -> Iterator[Path]:
    """A directory for a store, gone with everything in it afterwards. Podman wants its path to be short."""
    folder = Path(tempfile.mkdtemp(prefix="peer-"))
    try:
        yield folder
    finally:
        for mounted in mounts_below(folder):
            subprocess.run(["umount", "--lazy", str(mounted)], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


class Tool:
    """A program of the containers/storage family: ``ok`` runs it, in a network namespace if one was given."""

    program = ""

    def __init__(self, folder: Path, namespace: NetworkNamespace | None = None) -> None:
        if shutil.which(self.program) is None:
            pytest.skip(f"{self.program} is not installed")
        self._options = ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
        self._namespace = namespace

    def ok(self, verb: str, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run what must succeed; its standard output without the last newline."""
        line = [self.program, *self._options, verb, *words]
        command = self._namespace.command(*line) if self._namespace else line
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, env=env)
        assert done.returncode == 0, f"{shlex.join(line)}: {done.stderr}"
        return done.stdout.removesuffix("\n")


class Podman(Tool):
    """See ``Tool``."""

    program = "podman"

    def __init__(self, folder: Path, namespace: NetworkNamespace | None = None) -> None:
        super().__init__(folder, namespace)
        self._options += ["--tmpdir", f"{folder}/tmp"]

    def run(self, image: str, *words: str) -> str:
        """The output of a container without a network, whose control group is nobody's."""
        options = (
            "--rm",
            "--network=none",
            "--cgroups=disabled",
            "--log-driver=none",
            "--ulimit=nofile=1024:1024",
            "--ulimit=nproc=1024:1024",
        )
        return self.ok("run", *options, image, *words)


class Buildah(Tool):
    """See ``Tool``."""

    program = "buildah"
