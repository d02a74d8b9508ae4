"""Clients that keep an engine busy, and remember what they were told.

What was answered must be so after any crash; what was cut off may have happened or not, but not half.
"""

import http.client
import random
import threading
from collections import Counter
from collections.abc import Callable

from tests.support.http import Api, Reply
from tests.support.images import busybox

DEEDS = ("create", "start", "stop", "rm", "load")
# Nobody is there, or nobody is there any more.
_CUT_OFF = (OSError, http.client.HTTPException)


class Ledger:
    """What is certain: containers and images that must exist, that must not, and that may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.there: dict[str, str] = {}
        """Containers that were created and that nobody has asked to remove: name to id."""
        self.gone: set[str] = set()
        """Containers whose removal was answered."""
        self.running: set[str] = set()
        """Those of ``there`` that were started, run for ever, and that nobody has asked to stop."""
        self.images: set[str] = set()
        """Images whose load was answered."""
        self.refused: list[str] = []
        """Answers that no engine may give, whatever state it is in."""
        self.answered: Counter[str] = Counter()
        """How many of each deed were carried out: a crash test of an idle engine shows nothing."""

    def created(self, name: str, cid: str) -> None:
        with self._lock:
            self.there[name] = cid

    def started(self, name: str) -> None:
        with self._lock:
            self.running.add(name)

    def stopping(self, name: str) -> None:
        with self._lock:
            self.running.discard(name)

    def removing(self, name: str) -> None:
        """From here on it may be there or not."""
        with self._lock:
            self.there.pop(name, None)
            self.running.discard(name)

    def removed(self, name: str) -> None:
        with self._lock:
            self.gone.add(name)

    def loaded(self, name: str) -> None:
        with self._lock:
            self.images.add(name)

    def count(self, deed: str) -> None:
        with self._lock:
            self.answered[deed] += 1

    def refuse(self, what: str, reply: Reply) -> None:
        with self._lock:
            self.refused.append(f"{what}: {reply.status} {reply.body[:300]!r}")


class Client(threading.Thread):
    """One client that does as it pleases until the engine is gone."""

    def __init__(self, api: Api, ledger: Ledger, seed: str) -> None:
        super().__init__(name=f"client-{seed}", daemon=True)
        self._api = api
        self._ledger = ledger
        self._random = random.Random(seed)
        self._seed = seed
        self._mine: list[str] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        deeds: list[tuple[Callable[[], None], int]] = [
            (self._create_one, 5), (self._start_one, 5), (self._stop_one, 2), (self._remove_one, 3),
            (self._load_one, 1), (self._run_and_go, 2),
        ]  # fmt: skip
        actions, weights = zip(*deeds, strict=True)
        try:
            while True:
                self._random.choices(actions, weights)[0]()
        except _CUT_OFF:
            return
        except BaseException as failure:  # noqa: BLE001 - shown by the test that joins this thread
            self.failure = failure

    def _expect(self, what: str, reply: Reply, *statuses: int) -> bool:
        if reply.status in statuses:
            self._ledger.count(what.partition(" ")[0])
            return True
        self._ledger.refuse(what, reply)
        return False

    def _body(self, *command: str, auto_remove: bool = False) -> dict[str, object]:
        network = self._random.choice(["bridge", "bridge", "none", "host"])
        host: dict[str, object] = {"NetworkMode": network, "AutoRemove": auto_remove}
        if network == "bridge" and self._random.random() < 0.5:
            host["PortBindings"] = {"80/tcp": [{"HostPort": str(self._random.randrange(20000, 30000))}]}
        if self._random.random() < 0.3:
            host["Binds"] = ["crash-volume:/data"]
        body: dict[str, object] = {"Image": "busybox", "Cmd": list(command), "HostConfig": host}
        if self._random.random() < 0.3:
            body["Volumes"] = {"/anonymous": {}}
        return body

    def _create_one(self) -> None:
        name = f"{self._seed}-{len(self._mine)}-{self._random.randrange(10**6)}"
        reply = self._api.post("/containers/create", self._body("sleep", "100000"), name=name)
        if self._expect(f"create {name}", reply, 201):
            self._ledger.created(name, reply.json()["Id"])
            self._mine.append(name)

    def _start_one(self) -> None:
        if not self._mine:
            return
        name = self._random.choice(self._mine)
        reply = self._api.post(f"/containers/{name}/start")
        # 500: a port that somebody else has already taken.
        if self._expect(f"start {name}", reply, 204, 304, 500) and reply.status != 500:
            self._ledger.started(name)
        elif reply.status == 500 and "port is already allocated" not in reply.message:
            self._ledger.refuse(f"start {name}", reply)

    def _stop_one(self) -> None:
        if not self._mine:
            return
        name = self._random.choice(self._mine)
        self._ledger.stopping(name)
        self._expect(f"stop {name}", self._api.post(f"/containers/{name}/stop", t=0), 204, 304)

    def _remove_one(self) -> None:
        if not self._mine:
            return
        name = self._mine.pop(self._random.randrange(len(self._mine)))
        self._ledger.removing(name)
        reply = self._api.delete(f"/containers/{name}", force=True, v=True)
        if self._expect(f"rm {name}", reply, 204):
            self._ledger.removed(name)

    def _run_and_go(self) -> None:
        """What ``run --rm`` does, with a container that ends at once."""
        reply = self._api.post("/containers/create", self._body("true", auto_remove=True))
        if self._expect("create --rm", reply, 201):
            reply = self._api.post(f"/containers/{reply.json()['Id']}/start")
            if reply.status == 500 and "port is already allocated" in reply.message:
                return
            self._expect("start --rm", reply, 204)

    def _load_one(self) -> None:
        name = f"crash-{self._seed}-{self._random.randrange(4)}:1"
        image = busybox(name, Labels={"seed": self._seed, "salt": str(self._random.random())})
        reply = self._api.request("POST", "/images/load", body=image.docker(), timeout=60, quiet=True)
        if self._expect(f"load {name}", reply, 200) and b"errorDetail" not in reply.body:
            self._ledger.loaded(name)
