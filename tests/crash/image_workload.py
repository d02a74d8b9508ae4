"""Clients that pull, push, commit and prune, and remember what they were told.

What carries the label ``mortal`` may be pruned at any time; all else that was answered must stay.
"""

import http.client
import random
import threading
from collections import Counter
from collections.abc import Callable

from tests.support.http import Api, Reply
from tests.support.registry import FakeRegistry

DEEDS = ("pull", "push", "commit", "prune")
_CUT_OFF = (OSError, http.client.HTTPException)
_MORTAL = {"label": ["mortal"]}
_NOBODY = {"X-Registry-Auth": "e30="}
PULLED, PUSHED = "crash/pulled", "crash/pushed"


class ImageLedger:
    """What is certain. Every client writes names of its own, so one lock is enough."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.images: dict[str, str] = {}
        """Names that were answered, and the images that they stand for."""
        self.pushed: set[str] = set()
        """Tags that the registry must have."""
        self.pruned: set[str] = set()
        """Ids and names that a prune has told of."""
        self.refused: list[str] = []
        self.answered: Counter[str] = Counter()

    def image(self, name: str, image_id: str) -> None:
        with self._lock:
            self.images[name] = image_id

    def doubt(self, name: str) -> None:
        """From here on the name may stand for what it stood for, or for something new."""
        with self._lock:
            self.images.pop(name, None)

    def count(self, deed: str) -> None:
        with self._lock:
            self.answered[deed] += 1

    def refuse(self, what: str, reply: Reply) -> None:
        with self._lock:
            self.refused.append(f"{what}: {reply.status} {reply.body[-400:]!r}")


class ImageClient(threading.Thread):
    """One client that does as it pleases until the engine is gone."""

    def __init__(
        self, api: Api, ledger: ImageLedger, registry: FakeRegistry, tags: list[str], seed: str
    ) -> None:
        super().__init__(name=f"images-{seed}", daemon=True)
        self._api = api
        self._ledger = ledger
        self._registry = registry
        self._tags = tags
        self._random = random.Random(seed)
        self._seed = seed
        self._count = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        deeds: list[tuple[Callable[[], None], int]] = [
            (self._pull, 3), (self._push, 3), (self._commit, 3), (self._prune, 2), (self._litter, 3),
        ]  # fmt: skip
        actions, weights = zip(*deeds, strict=True)
        try:
            while True:
                self._random.choices(actions, weights)[0]()
        except _CUT_OFF:
            return
        except BaseException as failure:  # noqa: BLE001 - shown by the test that joins this thread
            self.failure = failure

    def _told(self, deed: str, reply: Reply) -> bool:
        """Whether a stream of progress came to a good end; CutOff when it came to none."""
        lines = reply.lines() if reply.status == 200 else []
        if reply.status == 200 and lines and "error" not in lines[-1]:
            self._ledger.count(deed)
            return True
        self._ledger.refuse(deed, reply)
        return False

    def _pull(self) -> None:
        tag = self._random.choice(self._tags)
        repository = f"{self._registry.host}/{PULLED}"
        name = f"{repository}:{tag}"
        if self._random.random() < 0.5:
            self._ledger.doubt(name)
            reply = self._api.delete(f"/images/{name}", force=True)
            if reply.status not in (200, 404):
                self._ledger.refuse(f"rmi {name}", reply)
        query = {"fromImage": repository, "tag": tag}
        self._told("pull", self._api.request("POST", "/images/create", timeout=60, **query))

    def _push(self) -> None:
        tag = f"{self._seed}-{self._count}"
        repository = f"{self._registry.host}/{PUSHED}"
        source = self._fresh({"LABEL mortal=1"})
        if source is None:
            return
        reply = self._api.post(f"/images/{source}/tag", repo=repository, tag=tag)
        if reply.status == 404:
            return  # pruned meanwhile
        path = f"/images/{repository}/push"
        if self._told("push", self._api.request("POST", path, headers=_NOBODY, timeout=60, tag=tag)):
            self._ledger.pushed.add(tag)
        self._api.delete(f"/images/{repository}:{tag}")

    def _fresh(self, changes: set[str], **query: str) -> str | None:
        """A new image of the container ``source``; its id."""
        self._count += 1
        salt = f"LABEL salt={self._seed}-{self._count}"
        reply = self._api.post("/commit", container="source", changes="\n".join([*changes, salt]), **query)
        if reply.status != 201:
            self._ledger.refuse("commit", reply)
            return None
        self._ledger.count("commit")
        return str(reply.json()["Id"])

    def _commit(self) -> None:
        repository, tag = f"crash-commit-{self._seed}", str(self._random.randrange(3))
        self._ledger.doubt(f"{repository}:{tag}")
        image_id = self._fresh(set(), repo=repository, tag=tag)
        if image_id is not None:
            self._ledger.image(f"{repository}:{tag}", image_id)

    def _litter(self) -> None:
        """Something of each kind for a prune."""
        self._fresh({"LABEL mortal=1"})
        mortal = {"mortal": "1"}
        self._api.post("/volumes/create", {"Labels": mortal})
        self._api.post("/containers/create", {"Image": "busybox", "Cmd": ["true"], "Labels": mortal})

    def _prune(self) -> None:
        subject, key = self._random.choice(
            [("images", "ImagesDeleted"), ("containers", "ContainersDeleted"), ("volumes", "VolumesDeleted")]
        )
        reply = self._api.post(f"/{subject}/prune", filters=_MORTAL)
        if reply.status == 409:
            return  # another client prunes
        if reply.status != 200:
            self._ledger.refuse(f"prune {subject}", reply)
            return
        self._ledger.count("prune")
        for one in reply.json()[key] or ():
            self._ledger.pruned.add(one if isinstance(one, str) else one.get("Deleted", ""))
