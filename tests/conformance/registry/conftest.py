"""Debian's ``docker-registry`` in the engine's network: open, with passwords, with TLS of a private CA."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.archive import Entry
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.host import connect_tcp
from tests.support.http import Api
from tests.support.images import busybox
from tests.support.waiting import wait_until

USER, PASSWORD = "alice", "s3cret"


class Registry(NamedTuple):
    """One that runs: ``host`` is how images name it, ``root`` where it keeps them."""

    host: str
    root: Path


class Registries:
    """Starts and ends them; all in the network of one engine."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def missing(engine: Engine) -> str:
        """Why there can be no registry here; empty when there can."""
        if engine.namespace is None:
            return "a running engine was given; its registries must be in the network of its own"
        programs = ("docker-registry", "htpasswd", "openssl")
        return next((f"{one} is not installed" for one in programs if shutil.which(one) is None), "")

    def start(self, name: str, address: str, *extra: str) -> Registry:
        """``extra`` are lines of the registry's configuration."""
        assert self._engine.namespace is not None
        root = self._folder / name
        root.mkdir()
        config = self._folder / f"{name}.yml"
        http, *rest = extra or ("",)
        lines = [
            "version: 0.1",
            "log: {level: error}",
            f"storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}",
            f'http: {{addr: "{address}"{http}}}',
            *rest,
        ]
        config.write_text("\n".join(lines) + "\n")
        with (self._folder / f"{name}.log").open("wb") as log:
            command = self._engine.namespace.command("docker-registry", "serve", str(config))
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._running.append(process)
        host, _, port = address.rpartition(":")
        wait_until(lambda: self._answers(host, int(port)), f"the registry {name} listens on {address}")
        return Registry(address, root)

    def _answers(self, host: str, port: int) -> bool:
        try:
            self._engine.on_its_host(lambda: connect_tcp(host, port)).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(20)


@pytest.fixture(scope="session")
def registries(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registries]:
    if reason := Registries.missing(engine):
        pytest.skip(reason)
    running = Registries(engine, tmp_path_factory.mktemp("registries"))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="session")
def plain(registries: Registries) -> Registry:
    """Open to everybody, without TLS, on loopback."""
    return registries.start("plain", "127.0.0.1:5000")


@pytest.fixture(scope="session")
def guarded(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Wants user and password (Basic)."""
    passwords = tmp_path_factory.mktemp("passwords") / "htpasswd"
    done = subprocess.run(["htpasswd", "-Bbn", USER, PASSWORD], check=True, capture_output=True)
    passwords.write_bytes(done.stdout)
    auth = f"auth: {{htpasswd: {{realm: tests, path: {passwords}}}}}"
    return registries.start("guarded", "127.0.0.1:5001", "", auth)


class Trust(NamedTuple):
    """A registry with a certificate, and the file that makes an engine trust it."""

    registry: Registry
    authority: Path
    installed: Path


@pytest.fixture
def secured(registries: Registries, tmp_path: Path) -> Iterator[Trust]:
    """Speaks TLS with a certificate of an authority that nobody knows; not on loopback."""
    known = Path("/etc/docker/certs.d")
    address = f"192.0.2.2:{5100 + (len(os.listdir(known)) if known.is_dir() else 0)}"
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests"]
    words += ["-addext", "subjectAltName=IP:192.0.2.2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    registry = registries.start(
        f"secured-{tmp_path.name}", address, f", tls: {{certificate: {certificate}, key: {key}}}"
    )
    installed = known / address / "ca.crt"
    above = [path for path in (installed.parents[1], installed.parent) if not path.exists()]
    try:
        yield Trust(registry, certificate, installed)
    finally:
        installed.unlink(missing_ok=True)
        for path in reversed(above):
            if path.is_dir():
                path.rmdir()


@pytest.fixture
def logged_in(docker: Client, guarded: Registry) -> Iterator[Registry]:
    """The guarded registry, with the client's credentials for it stored."""
    done = docker("login", "-u", USER, "--password-stdin", guarded.host, stdin=PASSWORD)
    assert done.code == 0, done
    yield guarded
    docker("logout", guarded.host)


@pytest.fixture
def fresh(engine: Engine) -> Callable[[str], str]:
    """Load an image of two layers, the second one never seen before, under a name; returns its id."""

    def loaded(name: str) -> str:
        image = busybox(name, extra=[Entry("fresh", os.urandom(100_000))])
        engine.load(image)
        return image.id

    return loaded


@pytest.fixture
def publish(docker: Client, api: Api):
    """Tag a fixture image for a registry and push it; the digest. The names stay."""

    def pushed(source: str, name: str) -> str:
        docker.ok("tag", source, name)
        lines = docker.ok("push", name).splitlines()
        return lines[-1].split(" ")[2]

    return pushed
