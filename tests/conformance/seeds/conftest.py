"""A team's private registry, in place of the hosts that the seeds name."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.conformance.registry.conftest import PASSWORD, USER, Registries, Registry
from tests.support.engines import Engine


@pytest.fixture(scope="session")
def hub(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Wants user and password."""
    if reason := Registries.missing(engine):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("hub")
    passwords = folder / "htpasswd"
    done = subprocess.run(["htpasswd", "-Bbn", USER, PASSWORD], check=True, capture_output=True)
    passwords.write_bytes(done.stdout)
    running = Registries(engine, folder)
    try:
        auth = f"auth: {{htpasswd: {{realm: tests, path: {passwords}}}}}"
        yield running.start("hub", "127.0.0.1:5002", "", auth)
    finally:
        running.close()
