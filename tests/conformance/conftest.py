"""One suite, two engines: ``--engine=dockerd`` is the reference, ``--engine=berthd`` the engine under test.

Every test gets the session's engine, and whatever a test made is gone when it ends.
"""

import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine, OwnEngine, missing_parts
from tests.support.host import mount_hugetlb_v1
from tests.support.http import Api
from tests.support.images import (
    BUSYBOX,
    SEED_NAMES,
    cache_directory,
    can_make_debian,
    debian,
    standard_images,
)
from tests.support.tidy import Inventory, tidy


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption(
        "--engine-host", metavar="unix:///PATH", help="test this running engine instead of starting one"
    )
    group.addoption("--engine-client", default="docker", help="the command line client to drive it with")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("engine")


def option(request: pytest.FixtureRequest, name: str, default: str = "") -> str:
    """An option of this file; a run that collects more than this directory does not know them."""
    return request.config.getoption(name, default) or default


@pytest.fixture(scope="session")
def prepared(engine_name: str, request: pytest.FixtureRequest) -> None:
    """The machine has what starting an engine and running a client takes."""
    host = option(request, "engine_host")
    if not BUSYBOX.exists():
        pytest.skip(f"{BUSYBOX} is missing (package busybox-static)")
    if host:
        return
    if reason := missing_parts(engine_name):
        pytest.skip(reason)
    if done := mount_hugetlb_v1():
        print(done)
    # a run that is ended from outside takes its engines with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def engine(engine_name: str, prepared: None, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The session's engine with the standard images in it; at the end it must leave nothing on the host."""
    if host := option(request, "engine_host"):
        running = Engine(engine_name, host, None)
        before = Inventory.take(running.api)
        for image in standard_images():
            running.load(image)
        yield running
        tidy(running.api, before)
        return
    own = OwnEngine(engine_name)
    try:
        own.start()
        for image in standard_images():
            own.load(image)
        yield own
        own.stop()
        left = own.leftovers()
        assert not left, f"{engine_name} left behind:\n" + "\n".join(left)
    finally:
        own.close()


@pytest.fixture
def own_engine(engine_name: str, prepared: None, request: pytest.FixtureRequest) -> Iterator[OwnEngine]:
    """A second engine that a test may stop, kill and start again."""
    if option(request, "engine_host"):
        pytest.skip("a running engine was given; this test must start and kill its own")
    own = OwnEngine(engine_name)
    try:
        own.start()
        own.load(standard_images()[0])
        yield own
    finally:
        own.close()


@pytest.fixture(scope="session")
def debian_image(engine: Engine) -> str:
    """A Debian with bash and python3 in the engine, also under the names that the seeds use; its name."""
    if reason := can_make_debian():
        pytest.skip(reason)
    try:
        engine.load(debian(cache_directory(), SEED_NAMES))
    except RuntimeError as error:
        pytest.skip(str(error))
    return SEED_NAMES[0]


@pytest.fixture(scope="session")
def client_command(request: pytest.FixtureRequest) -> str:
    command = option(request, "engine_client", "docker")
    program = shlex.split(command)[0]
    if shutil.which(program) is None:
        pytest.skip(f"the client {program} is not installed")
    return command


@pytest.fixture(scope="session")
def docker(engine: Engine, client_command: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(client_command, engine.host, tmp_path_factory.mktemp("home"))


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    yield engine.api
    engine.api.close_taken()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A container name that tells which test made it."""
    return re.sub(r"[^a-z0-9]+", "-", f"{request.path.stem}-{request.node.name}".lower()).strip("-")[:80]


@pytest.fixture(autouse=True)
def tidied(engine: Engine, name: str) -> Iterator[None]:
    """Nothing of an earlier try is in the way, and nothing of this test stays."""
    engine.require_answer(name)
    for row in engine.api.get("/containers/json", all=True, filters={"name": [f"^/{name}"]}).json():
        engine.api.delete(f"/containers/{row['Id']}", force=True, v=True)
    before = Inventory.take(engine.api)
    yield
    tidy(engine.api, before)
