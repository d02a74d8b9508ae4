"""What every test of the house shares: the choice of engine, the long tests, and the check for leftovers.

Nothing here knows a room. Fixtures of one kind of test live beside those tests.
"""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.leftovers import Snapshot, describe_leftovers

# The same examples every time, and no failure because a machine is slow.
hypothesis.settings.register_profile("house", derandomize=True, deadline=None)
hypothesis.settings.load_profile("house")

ENGINES = ("dockerd", "berthd")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="append",
        choices=ENGINES,
        help="what the conformance suite and the crash test drive; may be given twice (default: both)",
    )
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")
    parser.addoption(
        "--leftovers",
        choices=("all", "ours", "off"),
        default="ours",
        help="what fails the run when it is there afterwards and was not before: anything, or what names "
        "berth or belongs to this run (default: ours, as others may be at work on the machine)",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Programs that tests start inherit this, so that whatever outlives the run can be found by it.
    os.environ["BERTH_TEST_RUN"] = f"berth-test-{os.getpid()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long") or config.getoption("markexpr"):
        return
    kept = [item for item in items if item.get_closest_marker("long") is None]
    dropped = [item for item in items if item.get_closest_marker("long") is not None]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``engine_name`` runs once for each engine of ``--engine``."""
    if "engine_name" in metafunc.fixturenames:
        names = metafunc.config.getoption("--engine") or ENGINES
        metafunc.parametrize("engine_name", list(dict.fromkeys(names)), scope="session")


@pytest.fixture(scope="session", autouse=True)
def no_leftovers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail the run when something of it is still there: mounts, namespaces, links, rules, cgroups, processes.

    Only root can make any of these, and only root can see all of them.
    """
    scope = request.config.getoption("--leftovers")
    if scope == "off" or os.geteuid() != 0:
        yield
        return
    before = Snapshot.take()
    yield
    run = (str(tmp_path_factory.getbasetemp()), os.environ["BERTH_TEST_RUN"])
    leftovers = describe_leftovers(before, None if scope == "all" else run)
    assert not leftovers, "left on the machine by this run:\n" + "\n".join(leftovers)
