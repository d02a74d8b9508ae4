"""A registry on loopback: Debian's ``docker-registry`` over a directory, in any network namespace."""

import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.machine import run

_PORT = 5055
_START_S = 30.0
_POLL_S = 0.01


class Registry:
    """Runs while the ``with`` block does. ``namespace`` is a path for ``nsenter --net``.

    The storage may be shared by several that only read.
    """

    host = f"127.0.0.1:{_PORT}"

    def __init__(self, storage: Path, work: Path, namespace: str) -> None:
        if shutil.which("docker-registry") is None:
            raise RuntimeError("docker-registry is not installed")
        self._config = work / "registry.yml"
        self._config.write_text(
            "version: 0.1\nlog: {level: error}\n"
            f"storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}\n"
            f'http: {{addr: "{self.host}"}}\n'
        )
        self._namespace = namespace
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._config.with_suffix(".log").open("wb") as log:
            self._process = subprocess.Popen(
                ["nsenter", f"--net={self._namespace}", "docker-registry", "serve", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_S
        while not _answers(self._namespace):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError(
                    f"the registry did not start: {self._config.with_suffix('.log').read_text()}"
                )
            time.sleep(_POLL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)


def _answers(namespace: str) -> bool:
    """Whether somebody listens, asked from within the namespace."""
    question = f"exec 3<>/dev/tcp/127.0.0.1/{_PORT}"
    return run("nsenter", f"--net={namespace}", "bash", "-c", question, check=False).returncode == 0
