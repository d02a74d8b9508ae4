"""``kill -9`` of berthd at any moment, again and again: nothing is lost, nothing is left, nobody notices."""

import os
import random
import shutil
from collections.abc import Iterator

import pytest

from tests.crash.daemon import MortalDaemon
from tests.crash.inspection import Scene, orphans
from tests.crash.rounds import kill_amid, wait_settled
from tests.crash.witness import Witness
from tests.crash.workload import DEEDS, Client, Ledger
from tests.support.engines import missing_parts
from tests.support.host import mount_hugetlb_v1
from tests.support.http import Api
from tests.support.images import BUSYBOX, standard_images
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.engine]

_CLIENTS = 3
_LONGEST_S = 0.6
_MANY = 20
"""Rounds in which every deed must have been done several times, however busy the machine."""


@pytest.fixture
def daemon() -> Iterator[MortalDaemon]:
    reason = missing_parts("berthd")
    if not reason and not BUSYBOX.exists():
        reason = "busybox-static is not installed"
    if not reason and not (shutil.which("crun") or shutil.which("runc")):
        reason = "neither crun nor runc is installed"
    if reason:
        pytest.skip(reason)
    mount_hugetlb_v1()
    mortal = MortalDaemon()
    try:
        mortal.start()
        mortal.load(standard_images()[0])
        yield mortal
    finally:
        mortal.close()


@pytest.mark.parametrize(
    ("seed", "rounds"),
    [("short", 15), *(pytest.param(f"long{n}", 25, marks=pytest.mark.long) for n in range(8))],
)
def test_killed_at_random(daemon: MortalDaemon, seed: str, rounds: int) -> None:
    seed = os.environ.get("BERTH_CRASH_SEED", seed)
    dice = random.Random(seed)
    witness = Witness(daemon)
    ledger = Ledger()
    for number in range(rounds):
        _one_round(daemon, ledger, f"{seed}r{number}", dice.uniform(0.0, _LONGEST_S))
        daemon.start()
        scene = _settled(daemon, f"round {number} of seed {seed}")
        _compare(daemon, ledger, scene)
        witness.check()
        _tidy_up(daemon, ledger, scene)
    print(dict(ledger.answered))
    # A crash test of an idle engine shows nothing.
    assert sum(ledger.answered.values()) >= rounds, ledger.answered
    if rounds >= _MANY:
        assert min(ledger.answered[deed] for deed in DEEDS) > rounds // 5, ledger.answered
    _end(daemon, witness)


def _one_round(daemon: MortalDaemon, ledger: Ledger, seed: str, seconds: float) -> None:
    """Clients at work, and the end of the daemon in the middle of it."""
    clients = [Client(Api(daemon.socket), ledger, f"{seed}c{n}") for n in range(_CLIENTS)]
    kill_amid(daemon, clients, ledger.refused, seconds=seconds, patience=30)


def _settled(daemon: MortalDaemon, what: str) -> Scene:
    """The scene once the daemon has nothing more to take away; what remains is an orphan."""
    wait_settled(daemon, what, lambda: orphans(daemon, Scene.look(daemon)))
    return Scene.look(daemon)


def _compare(daemon: MortalDaemon, ledger: Ledger, scene: Scene) -> None:
    """What was answered is so."""
    for name, cid in ledger.there.items():
        row = scene.named(name)
        assert row is not None, f"{name} was created and is gone"
        assert row["Id"] == cid
    for name in ledger.running:
        row = scene.named(name)
        assert row is not None and row["State"]["Running"], f"{name} was started and does not run: {row}"
    for name in ledger.gone:
        assert scene.named(name) is None, f"{name} was removed and is there"
    for image in ledger.images:
        assert daemon.api.get(f"/images/{image}/json").status == 200, f"{image} was loaded and is gone"
    for row in daemon.api.get("/images/json").json():
        made = daemon.api.post("/containers/create", {"Image": row["Id"], "Cmd": ["true"]})
        assert made.status == 201, f"{row['RepoTags']} is listed and cannot be used: {made}"
        assert daemon.api.delete(f"/containers/{made.json()['Id']}").status == 204


def _tidy_up(daemon: MortalDaemon, ledger: Ledger, scene: Scene) -> None:
    """Some containers stay for the next round, so that a daemon also wakes up to many."""
    others = [row for row in scene.rows.values() if row["Name"] != f"/{Witness.name}"]
    for row in others[4:]:
        name = row["Name"].lstrip("/")
        ledger.removing(name)
        assert daemon.api.delete(f"/containers/{name}", force=True, v=True).status == 204
    for image in sorted(ledger.images)[3:]:
        ledger.images.discard(image)
        assert daemon.api.delete(f"/images/{image}", force=True).status == 200


def _end(daemon: MortalDaemon, witness: Witness) -> None:
    """Everything removed, the daemon ended: the machine is as it was."""
    witness.check()
    for cid in Scene.look(daemon).rows:
        assert daemon.api.delete(f"/containers/{cid}", force=True, v=True).status == 204
    wait_until(lambda: not orphans(daemon, Scene.look(daemon)), "everything is taken away")
    daemon.stop()
    left = daemon.leftovers()
    assert not left, "\n".join(left)


@pytest.mark.parametrize("code", [0, 7])
def test_an_end_that_nobody_saw_is_known(daemon: MortalDaemon, code: int) -> None:
    """The container ends while no daemon lives; the next one tells its exit code and all it printed."""
    script = f"echo before; while [ ! -e /tmp/go ]; do usleep 5000; done; echo after; exit {code}"
    made = daemon.api.post(
        "/containers/create", {"Image": "busybox", "Cmd": ["sh", "-c", script]}, name="mortal"
    )
    assert made.status == 201
    assert daemon.api.post("/containers/mortal/start").status == 204
    pid = daemon.api.get("/containers/mortal/json").json()["State"]["Pid"]
    daemon.kill()
    open(f"/proc/{pid}/root/tmp/go", "w").close()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the container has ended")
    daemon.start()
    assert daemon.api.post("/containers/mortal/wait").json()["StatusCode"] == code
    state = daemon.api.get("/containers/mortal/json").json()["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", code)
    log = daemon.api.get("/containers/mortal/logs", stdout=True).body
    assert b"before" in log
    assert b"after" in log
    _settled(daemon, "after the end")
    assert daemon.api.delete("/containers/mortal").status == 204


def test_a_waiting_client_is_answered_by_the_next_daemon(daemon: MortalDaemon) -> None:
    """``wait`` and ``attach`` asked of the second daemon see what the first one started."""
    script = "while [ ! -e /tmp/go ]; do usleep 5000; done; echo done; exit 5"
    made = daemon.api.post(
        "/containers/create", {"Image": "busybox", "Cmd": ["sh", "-c", script]}, name="mortal"
    )
    assert made.status == 201
    assert daemon.api.post("/containers/mortal/start").status == 204
    daemon.kill()
    daemon.start()
    taken = daemon.api.take("POST", "/containers/mortal/attach", stream=True, stdout=True, stderr=True)
    assert taken.status == 101
    pid = daemon.api.get("/containers/mortal/json").json()["State"]["Pid"]
    open(f"/proc/{pid}/root/tmp/go", "w").close()
    assert daemon.api.post("/containers/mortal/wait").json()["StatusCode"] == 5
    assert b"done\n" in taken.read_all()
    taken.close()
    assert daemon.api.delete("/containers/mortal").status == 204
