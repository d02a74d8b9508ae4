"""Run command lines against an engine: one argument list, or a shell line word for word."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.terminal import Session

TIMEOUT = 90.0


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Client:
    """The ``docker`` command (or another that claims to be like it) pointed at one engine."""

    def __init__(self, command: str, host: str, home: Path) -> None:
        self.command = shlex.split(command)
        self.home = home
        links = home / "bin"
        links.mkdir(parents=True, exist_ok=True)
        for name in ("docker", "nvidia-docker"):
            script = links / name
            if not script.exists() and (name != "docker" or self.command != ["docker"]):
                # Without a GPU nvidia-docker is docker under another name; the seeds call it throughout.
                script.write_text(f'#!/bin/sh\nexec {shlex.join(self.command)} "$@"\n')
                script.chmod(0o755)
        self.environment = {
            "PATH": f"{links}:{os.environ['PATH']}",
            "HOME": str(home),
            "DOCKER_CONFIG": str(home / ".docker"),
            "DOCKER_HOST": host,
            "TERM": "xterm",
            "LC_ALL": "C.UTF-8",
        }

    def __call__(
        self,
        *words: str,
        stdin: str | bytes | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> Result:
        """Run it and return exit code and both outputs; standard input is empty unless given."""
        done = self.binary(*words, stdin=stdin, cwd=cwd, env=env, timeout=timeout)
        return Result(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )

    def binary(
        self,
        *words: str,
        stdin: str | bytes | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> subprocess.CompletedProcess[bytes]:
        """As calling, with the outputs as bytes."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        return subprocess.run(
            [*self.command, *words],
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            cwd=cwd,
            env={**self.environment, **(env or {})},
            timeout=timeout,
        )

    def ok(self, *words: str, stdin: str | bytes | None = None, cwd: Path | None = None) -> str:
        """Run what must succeed; its standard output without the last newline."""
        result = self(*words, stdin=stdin, cwd=cwd)
        assert result.code == 0, (words, result)
        return result.out.removesuffix("\n")

    def shell(self, line: str, *, cwd: Path | None = None, timeout: float = TIMEOUT) -> Result:
        """A line as a person types it, given to bash."""
        done = subprocess.run(
            ["bash", "-c", line],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=cwd,
            env=self.environment,
            timeout=timeout,
        )
        return Result(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )

    def terminal(
        self, *words: str, size: tuple[int, int] = (24, 80), env: Mapping[str, str] | None = None
    ) -> Session:
        """Start it at a terminal."""
        return Session([*self.command, *words], env={**self.environment, **(env or {})}, size=size)

    def terminal_shell(
        self, line: str, *, cwd: Path | None = None, size: tuple[int, int] = (24, 80)
    ) -> Session:
        """A typed line, at a terminal."""
        return Session(["bash", "-c", line], env=self.environment, size=size, cwd=str(cwd) if cwd else None)

    def piped(self, *words: str) -> Session:
        """Start it on pipes; standard error joins standard output."""
        return Session([*self.command, *words], env=self.environment, tty=False)

    def piped_shell(self, line: str) -> Session:
        """A typed line, on pipes."""
        return Session(["bash", "-c", line], env=self.environment, tty=False)


def own_client(host: str, home: Path) -> Client:
    """berth's own client as it stands in this tree."""
    client = Client(f"{sys.executable} -m berth.cli", host, home)
    client.environment |= {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "BERTH_HOST": host}
    return client
