"""``kill -9`` of berthd during builds: nothing half-made is ever taken for a result, and nothing is left."""

import os
import random
from collections.abc import Iterator

import pytest

from tests.crash.build_inspection import build_faults
from tests.crash.build_workload import KINDS, BuildClient, BuildLedger, content_faults, do, recipe
from tests.crash.daemon import MortalDaemon
from tests.crash.image_inspection import image_faults
from tests.crash.inspection import Scene, orphans
from tests.crash.rounds import kill_amid, wait_settled
from tests.support.engines import missing_parts
from tests.support.host import mount_hugetlb_v1
from tests.support.images import BUSYBOX, standard_images

pytestmark = [pytest.mark.root, pytest.mark.engine]

_CLIENTS = 3
_LONGEST_S = 2.0
_MANY = 20


@pytest.fixture
def daemon() -> Iterator[MortalDaemon]:
    reason = missing_parts("berthd") or ("" if BUSYBOX.exists() else "busybox-static is not installed")
    if reason:
        pytest.skip(reason)
    mount_hugetlb_v1()
    mortal = MortalDaemon()
    try:
        mortal.start()
        mortal.load(standard_images()[0])
        yield mortal
        mortal.stop()
        assert mortal.leftovers() == []
    finally:
        mortal.close()


@pytest.mark.parametrize(
    ("seed", "rounds"),
    [("short", 5), *(pytest.param(f"long{n}", 25, marks=pytest.mark.long) for n in range(4))],
)
def test_killed_at_random(daemon: MortalDaemon, seed: str, rounds: int) -> None:
    seed = os.environ.get("BERTH_CRASH_SEED", seed)
    dice = random.Random(seed)
    ledger = BuildLedger()
    for number in range(rounds):
        _one_round(daemon, ledger, f"{seed}r{number}", dice.uniform(0.0, _LONGEST_S))
        daemon.start()
        _settled(daemon, f"round {number} of seed {seed}")
        _compare(daemon, ledger, dice)
        _tidy_up(daemon, ledger)
    print(dict(ledger.answered))
    # A crash test of an idle engine shows nothing.
    assert sum(ledger.answered.values()) >= rounds, ledger.answered
    if rounds >= _MANY:
        assert min(ledger.answered[kind] for kind in KINDS) > rounds // 12, ledger.answered


def _one_round(daemon: MortalDaemon, ledger: BuildLedger, seed: str, seconds: float) -> None:
    """Clients at work, and the end of the daemon in the middle of it."""
    clients = [BuildClient(daemon.api, ledger, f"{seed}c{n}") for n in range(_CLIENTS)]
    kill_amid(daemon, clients, ledger.refused, seconds=seconds, patience=60)


def _settled(daemon: MortalDaemon, what: str) -> None:
    """Wait until the daemon has nothing more to take away; what remains is an orphan."""

    def problems() -> list[str]:
        scene = Scene.look(daemon)
        left = [f"container {row['Name']} of a build" for row in scene.rows.values()]
        return [*left, *orphans(daemon, scene), *build_faults(daemon), *image_faults(daemon)]

    wait_settled(daemon, what, problems)


def _compare(daemon: MortalDaemon, ledger: BuildLedger, dice: random.Random) -> None:
    """What was answered is so; what was not can be built again, whatever the cache has of it by now."""
    found = [fault for kind, seed in sorted(ledger.built) for fault in content_faults(daemon.api, kind, seed)]
    assert not found, "\n".join(found)
    interrupted = sorted(ledger.begun - ledger.built)
    for kind, seed in dice.sample(interrupted, min(3, len(interrupted))):
        done = do(daemon.api, kind, seed)
        assert done.image, done.error
        assert content_faults(daemon.api, kind, seed) == []


def _tidy_up(daemon: MortalDaemon, ledger: BuildLedger) -> None:
    """Names go, results stay for the next round to find."""
    for kind, seed in ledger.begun:
        reply = daemon.api.delete(f"/images/{recipe(kind, seed).name}", force=True)
        assert reply.status in (200, 404), reply
    ledger.begun.clear()
    ledger.built.clear()
    if daemon.api.get("/system/df").json()["BuildCache"]:
        assert daemon.api.post("/build/prune", **{"all": True, "max-used-space": 3_000_000}).status == 200
