"""``kill -9`` of berthd during pull, push, commit and prune: at any moment, and at those that matter."""

import http.client
import json
import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.crash.daemon import MortalDaemon
from tests.crash.image_inspection import image_faults, images, registry_faults
from tests.crash.image_workload import DEEDS, PULLED, PUSHED, ImageClient, ImageLedger
from tests.crash.inspection import Scene, orphans
from tests.crash.rounds import kill_amid, wait_settled
from tests.support.archive import Entry, ImageArchive, pack
from tests.support.engines import missing_parts
from tests.support.host import mount_hugetlb_v1
from tests.support.http import open_unix
from tests.support.images import BUSYBOX, standard_images
from tests.support.registry import Canned, FakeRegistry, Seen
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.engine]

_CLIENTS = 3
_LONGEST_S = 2.0
_MANY = 20
_TAGS = ["a", "b", "c"]
_MORTAL = {"label": ["mortal"]}
_NOBODY = {"X-Registry-Auth": "e30="}


@pytest.fixture(scope="module")
def daemon() -> Iterator[MortalDaemon]:
    reason = missing_parts("berthd") or ("" if BUSYBOX.exists() else "busybox-static is not installed")
    if reason:
        pytest.skip(reason)
    mount_hugetlb_v1()
    mortal = MortalDaemon()
    try:
        mortal.start()
        mortal.load(standard_images()[0])
        # What is committed from: it runs for ever, and has written something.
        script = "head -c 3000000 /dev/urandom > /data; while :; do sleep 1000; done"
        body = {"Image": "busybox", "Cmd": ["sh", "-c", script], "HostConfig": {"NetworkMode": "none"}}
        assert mortal.api.post("/containers/create", body, name="source").status == 201
        assert mortal.api.post("/containers/source/start").status == 204
        yield mortal
        for row in mortal.api.get("/containers/json", all=True).json():
            assert mortal.api.delete(f"/containers/{row['Id']}", force=True, v=True).status == 204
        for row in mortal.api.get("/images/json", all=True).json():
            mortal.api.delete(f"/images/{row['Id']}", force=True)
        assert image_faults(mortal) == []
        mortal.stop()
        assert mortal.leftovers() == []
    finally:
        mortal.close()


@pytest.fixture
def registry(daemon: MortalDaemon) -> Iterator[FakeRegistry]:
    """Three images of three layers that share their base; the layers cannot be compressed. The engine has
    nothing of an earlier test but what ``source`` needs."""
    for subject, filters in (("containers", _MORTAL), ("volumes", _MORTAL), ("images", {"dangling": ["0"]})):
        assert daemon.api.post(f"/{subject}/prune", filters=filters).status == 200
    dice = random.Random("registry")
    base = pack([Entry("base", dice.randbytes(400_000))])
    with daemon.on_its_host(lambda: FakeRegistry().serve()) as serving:
        for tag in _TAGS:
            layers = [pack([Entry(f"{tag}{n}", dice.randbytes(700_000))]) for n in range(2)]
            serving.put_image(ImageArchive((), (base, *layers), {"Cmd": ["/none"]}), PULLED, tag)
        yield serving


@pytest.mark.parametrize(
    ("seed", "rounds"),
    [("short", 3), *(pytest.param(f"long{n}", 25, marks=pytest.mark.long) for n in range(4))],
)
def test_killed_at_random(daemon: MortalDaemon, registry: FakeRegistry, seed: str, rounds: int) -> None:
    seed = os.environ.get("BERTH_CRASH_SEED", seed)
    dice = random.Random(seed)
    ledger = ImageLedger()
    for number in range(rounds):
        clients = [
            ImageClient(daemon.api, ledger, registry, _TAGS, f"{seed}r{number}c{n}") for n in range(_CLIENTS)
        ]
        seconds = dice.uniform(0.0, _LONGEST_S)
        kill_amid(daemon, clients, ledger.refused, seconds=seconds, patience=60)
        daemon.start()
        _settled(daemon, f"round {number} of seed {seed}")
        _compare(daemon, registry, ledger)
    print(dict(ledger.answered))
    # A crash test of an idle engine shows nothing.
    assert sum(ledger.answered.values()) >= rounds, ledger.answered
    if rounds >= _MANY:
        assert min(ledger.answered[deed] for deed in DEEDS) > rounds // 5, ledger.answered


def _settled(daemon: MortalDaemon, what: str) -> None:
    """Wait until the daemon has nothing more to take away; what remains is an orphan."""

    def problems() -> list[str]:
        return [*orphans(daemon, Scene.look(daemon)), *image_faults(daemon)]

    wait_settled(daemon, what, problems)


def _compare(daemon: MortalDaemon, registry: FakeRegistry, ledger: ImageLedger) -> None:
    """What was answered is so."""
    for name, image_id in ledger.images.items():
        reply = daemon.api.get(f"/images/{name}/json")
        assert reply.status == 200, f"{name} was made and is gone"
        assert reply.json()["Id"] == image_id
    for tag in ledger.pushed:
        assert (PUSHED, tag) in registry.manifests, f"{tag} was pushed and is not there"
    assert registry_faults(registry) == []
    there = set(images(daemon)) | {volume["Name"] for volume in daemon.api.get("/volumes").json()["Volumes"]}
    there |= set(Scene.look(daemon).rows)
    assert not there & ledger.pruned, f"pruned and still there: {there & ledger.pruned}"
    state = daemon.api.get("/containers/source/json").json()["State"]
    assert state["Running"] and not state["Paused"], f"a commit has left its container behind: {state}"


def _some(points: Iterable[str], *short: str) -> list[Any]:
    """Those of ``short`` always, the others when there is time."""
    return [point if point in short else pytest.param(point, marks=pytest.mark.long) for point in points]


class _Hook:
    """Holds the registry at one request, until the daemon is dead."""

    def __init__(self, registry: FakeRegistry, fits: Callable[[Seen], bool], skip: int = 0) -> None:
        self.reached = threading.Event()
        self.gone = threading.Event()
        self._fits = fits
        self._left = skip
        registry.manners.canned = self

    def __call__(self, seen: Seen) -> Canned | None:
        if self.gone.is_set() or not self._fits(seen):
            return None
        if self._left:
            self._left -= 1
            return None
        self.reached.set()
        self.gone.wait(60)
        raise BrokenPipeError


def _in_background(ask: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            ask()
        except (OSError, http.client.HTTPException):
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _kill_at(daemon: MortalDaemon, reached: threading.Event, ask: Callable[[], object]) -> None:
    """Ask, kill the daemon when the moment has come, start it again."""
    thread = _in_background(ask)
    assert reached.wait(30), "the moment never came"
    daemon.kill()
    thread.join(30)
    assert not thread.is_alive()
    daemon.start()


_PULL_POINTS: dict[str, tuple[Callable[[Seen], bool], int]] = {
    "manifest": (lambda seen: "/manifests/" in seen.path, 0),
    "first-blob": (lambda seen: "/blobs/" in seen.path, 0),
    "second-blob": (lambda seen: "/blobs/" in seen.path, 1),
    "last-blob": (lambda seen: "/blobs/" in seen.path, 3),
}


@pytest.mark.parametrize("point", _some(_PULL_POINTS, "second-blob"))
def test_a_pull_goes_on(daemon: MortalDaemon, registry: FakeRegistry, point: str) -> None:
    """Killed before an answer of the registry: nothing is visible, and nothing that came is fetched again."""
    fits, skip = _PULL_POINTS[point]
    hook = _Hook(registry, fits, skip)
    name = f"{registry.host}/{PULLED}"
    query = {"fromImage": name, "tag": "a"}
    _kill_at(daemon, hook.reached, lambda: daemon.api.request("POST", "/images/create", timeout=60, **query))
    hook.gone.set()
    folder = daemon.data_root / "image" / "partial"
    partial = [folder / one.removeprefix("sha256:") for one in registry.layer_digests(PULLED, "a")]
    kept = sum(one.stat().st_size for one in partial if one.exists())
    assert daemon.api.get(f"/images/{name}:a/json").status == 404
    _settled(daemon, point)
    before = registry.sent
    reply = daemon.api.request("POST", "/images/create", timeout=60, **query)
    assert reply.status == 200 and "error" not in reply.lines()[-1], reply
    layers = sum(len(registry.blobs[one]) for one in registry.layer_digests(PULLED, "a"))
    config = json.loads(registry.manifests[PULLED, "a"][0])["config"]["size"]
    assert registry.sent - before <= layers + config - kept
    assert image_faults(daemon) == []
    assert not [one for one in partial if one.exists()]
    assert daemon.api.delete(f"/images/{name}:a", force=True).status == 200


_PUSH_POINTS: dict[str, tuple[Callable[[Seen], bool], int]] = {
    "first-upload": (lambda seen: seen.method == "POST", 0),
    "first-bytes": (lambda seen: seen.method == "PATCH", 0),
    "end-of-a-layer": (lambda seen: seen.method == "PUT" and "/blobs/" in seen.path, 0),
    "end-of-the-last": (lambda seen: seen.method == "PUT" and "/blobs/" in seen.path, 2),
    "manifest": (lambda seen: seen.method == "PUT" and "/manifests/" in seen.path, 0),
}


@pytest.mark.parametrize("point", _some(_PUSH_POINTS, "end-of-a-layer"))
def test_a_push_goes_on(daemon: MortalDaemon, registry: FakeRegistry, point: str) -> None:
    """Killed during a push: the registry has no half image, and layers that are there are not sent again."""
    fits, skip = _PUSH_POINTS[point]
    repository = f"{registry.host}/{PUSHED}"
    made = daemon.api.post(
        "/commit", container="source", repo=repository, tag=point, changes=f"LABEL a={point}"
    )
    assert made.status == 201, made
    hook = _Hook(registry, fits, skip)

    def push() -> object:
        path = f"/images/{repository}/push"
        return daemon.api.request("POST", path, headers=_NOBODY, timeout=60, tag=point)

    _kill_at(daemon, hook.reached, push)
    hook.gone.set()
    assert (PUSHED, point) not in registry.manifests
    _settled(daemon, point)
    there, before = set(registry.blobs), registry.received
    reply = daemon.api.request("POST", f"/images/{repository}/push", headers=_NOBODY, timeout=60, tag=point)
    assert reply.status == 200 and "error" not in reply.lines()[-1], reply
    assert registry_faults(registry) == []
    manifest = json.loads(registry.manifests[PUSHED, point][0])
    missing = sum(
        blob["size"] for blob in (manifest["config"], *manifest["layers"]) if blob["digest"] not in there
    )
    assert registry.received - before <= missing
    assert daemon.api.delete(f"/images/{repository}:{point}", force=True).status == 200


def _at_event(daemon: MortalDaemon, *actions: str) -> threading.Event:
    """Set when the engine tells of one of ``actions``."""
    reached, listening = threading.Event(), threading.Event()

    def listen() -> None:
        try:
            with open_unix(daemon.socket, 30) as sock:
                sock.sendall(b"GET /events HTTP/1.0\r\n\r\n")
                with sock.makefile("rb") as stream:
                    stream.readline()
                    listening.set()
                    for line in stream:
                        if line.startswith(b"{") and json.loads(line)["Action"] in actions:
                            reached.set()
                            return
        except OSError:
            return

    threading.Thread(target=listen, daemon=True).start()
    assert listening.wait(10)
    return reached


def _at_new_content(daemon: MortalDaemon) -> threading.Event:
    """Set when a layer begins to be written."""
    reached = threading.Event()
    ingest = daemon.data_root / "image" / "ingest"

    def watch() -> None:
        wait_until(lambda: any(ingest.iterdir()), "a layer is being written", timeout=30)
        reached.set()

    threading.Thread(target=watch, daemon=True).start()
    return reached


@pytest.mark.parametrize("point", _some(["pause", "content", "commit", "unpause"], "pause", "content"))
def test_a_commit_is_whole_or_not_at_all(daemon: MortalDaemon, registry: FakeRegistry, point: str) -> None:
    """And the container goes on: nobody has asked for its pause."""
    reached = _at_new_content(daemon) if point == "content" else _at_event(daemon, point)
    query = {"container": "source", "repo": "crash-commit", "tag": point, "changes": f"LABEL at={point}"}
    _kill_at(daemon, reached, lambda: daemon.api.post("/commit", **query))
    _settled(daemon, point)
    state = daemon.api.get("/containers/source/json").json()["State"]
    assert state["Running"] and not state["Paused"]
    found = daemon.api.get(f"/images/crash-commit:{point}/json")
    assert found.status == (200 if point in ("commit", "unpause") else found.status)
    assert daemon.api.post("/commit", **query).status == 201
    assert daemon.api.delete(f"/images/crash-commit:{point}", force=True).status == 200


def _litter(daemon: MortalDaemon, subject: str) -> set[str]:
    """Five things to prune; their ids or names."""
    mortal = {"mortal": "1"}
    if subject == "images":
        changes = [f"LABEL mortal=1 n={n}" for n in range(5)]
        replies = [
            daemon.api.post("/commit", container="source", changes=one, pause=False) for one in changes
        ]
        return {reply.json()["Id"] for reply in replies}
    if subject == "volumes":
        return {daemon.api.post("/volumes/create", {"Labels": mortal}).json()["Name"] for _ in range(5)}
    body = {"Image": "busybox", "Cmd": ["true"], "Labels": mortal}
    return {daemon.api.post("/containers/create", body).json()["Id"] for _ in range(5)}


def _there(daemon: MortalDaemon, subject: str) -> set[str]:
    if subject == "images":
        return set(images(daemon))
    if subject == "volumes":
        return {volume["Name"] for volume in daemon.api.get("/volumes").json()["Volumes"] or ()}
    return set(Scene.look(daemon).rows)


@pytest.mark.parametrize("subject", _some(["images", "containers", "volumes", "system"], "system"))
def test_a_prune_takes_nothing_by_half(daemon: MortalDaemon, registry: FakeRegistry, subject: str) -> None:
    """Killed at the first thing that goes. ``system`` is what its client asks, one after the other."""
    subjects = ("containers", "volumes", "images") if subject == "system" else (subject,)
    keepers = {one: _there(daemon, one) for one in subjects}
    litter = {one: _litter(daemon, one) for one in subjects}
    reached = _at_event(daemon, "destroy", "delete", "untag")

    def prune() -> None:
        for one in subjects:
            daemon.api.post(f"/{one}/prune", filters=_MORTAL)

    _kill_at(daemon, reached, prune)
    _settled(daemon, subject)
    for one in subjects:
        left = _there(daemon, one)
        assert keepers[one] <= left <= keepers[one] | litter[one]
    for one in subjects:
        assert daemon.api.post(f"/{one}/prune", filters=_MORTAL).status == 200
        assert _there(daemon, one) == keepers[one]
    assert image_faults(daemon) == []
