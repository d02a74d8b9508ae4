"""Clients that build, and remember what was answered.

Every recipe makes an image whose files can be told beforehand, so a result that is taken from an interrupted
build, or mixed up with another one's, is seen by its content.
"""

import http.client
import io
import json
import random
import tarfile
import threading
from collections import Counter
from typing import Any, NamedTuple

from tests.support.building import Build, Files, build
from tests.support.http import Api

_CUT_OFF = (OSError, http.client.HTTPException, json.JSONDecodeError)
KINDS = ("run", "copy", "stages", "mounts", "offered", "prune")


class Recipe(NamedTuple):
    """A build: what is sent, and what the image must have then, by path."""

    name: str
    dockerfile: str
    files: Files
    expected: dict[str, bytes]


def recipe(kind: str, seed: str) -> Recipe:
    """The same arguments give the same recipe."""
    data = random.Random(seed).randbytes(200_000)
    made = {
        "run": "RUN head -c 300000 /dev/zero > /zero; echo {s} > /run1\nRUN cat /run1 /run1 > /run2\n",
        "copy": "COPY data /data\nCOPY data /again/data\nWORKDIR /w\nCOPY <<EOF /run1\n{s}\nEOF\n",
        "stages": "RUN echo {s} > /run1\nCOPY --from=one /one /one\nCOPY --from=two /two /two\n",
        "mounts": "RUN --mount=type=cache,id=m,target=/m --mount=type=bind,target=/c cp /c/data /data; "
        "echo x >> /m/f; echo {s} > /run1\nRUN --mount=type=tmpfs,target=/t touch /t/x\n",
        "offered": "COPY . /in\nRUN echo {s} > /run1\n",
    }[kind].format(s=seed)
    before = ""
    expected = {"run1": f"{seed}\n".encode()}
    if kind == "stages":
        before = "".join(
            f"FROM busybox AS {name}\nRUN echo {name} {seed} > /{name}; head -c 200000 /dev/zero > /pad\n"
            for name in ("one", "two")
        )
        expected |= {name: f"{name} {seed}\n".encode() for name in ("one", "two")}
    if kind == "run":
        expected |= {"zero": bytes(300_000), "run2": expected["run1"] * 2}
    expected |= {
        "copy": {"data": data, "again/data": data},
        "mounts": {"data": data},
        "offered": {"in/data": data},
    }.get(kind, {})
    files = {"data": data} if kind in ("copy", "mounts", "offered") else {}
    return Recipe(f"crash-{kind}-{seed.lower()}", f"{before}FROM busybox\n{made}", files, expected)


def do(api: Api, kind: str, seed: str) -> Build:
    """Carry a recipe out."""
    wanted = recipe(kind, seed)
    if kind != "offered":
        return build(api, wanted.dockerfile, wanted.files, t=wanted.name)
    return _offered(api, wanted, seed)


def _offered(api: Api, wanted: Recipe, seed: str) -> Build:
    """By berth's own requests: the list, the files, the build."""
    data = wanted.expected["in/data"]
    row = ["data", "f", 0o644, 0, 0, len(data), 1, 1, 77, ""]
    offered = api.request("POST", "/berth/contexts", body=json.dumps(row).encode(), key=seed)
    assert offered.status == 200, offered
    context = offered.json()["id"]
    if offered.json()["wanted"]:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            member = tarfile.TarInfo("data")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        sent = api.request("POST", f"/berth/contexts/{context}/files", body=archive.getvalue(), timeout=60)
        assert sent.status == 204, sent
    body = json.dumps({"dockerfile": wanted.dockerfile}).encode()
    headers = {"Content-Type": "application/json"}
    query = {"context": context, "t": wanted.name, "rm": True}
    reply = api.request("POST", "/build", body=body, headers=headers, timeout=60, **query)
    return Build(reply, reply.lines() if reply.status == 200 else [])


def content_faults(api: Api, kind: str, seed: str) -> list[str]:
    """Whether the image of a recipe has the files that it must have."""
    wanted = recipe(kind, seed)
    reply = api.request("GET", f"/berth/images/{wanted.name}/files", timeout=60)
    if reply.status != 200:
        return [f"{wanted.name} was built and is not there: {reply}"]
    with tarfile.open(fileobj=io.BytesIO(reply.body)) as tar:
        found = {member.name.lstrip("./"): member for member in tar}
        return [
            f"{wanted.name}: {path} is {'not there' if path not in found else 'damaged'}"
            for path, data in wanted.expected.items()
            if path not in found or _read(tar, found[path]) != data
        ]


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file is not None else b""


class BuildLedger:
    """What is certain."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.begun: set[tuple[str, str]] = set()
        self.built: set[tuple[str, str]] = set()
        self.refused: list[str] = []
        self.answered: Counter[str] = Counter()

    def note(self, kind: str, *, seed: str = "", problem: str = "") -> None:
        """One answer."""
        with self._lock:
            if problem:
                self.refused.append(f"{kind} {seed}: {problem}")
                return
            self.answered[kind] += 1
            if seed:
                self.built.add((kind, seed))

    def begin(self, kind: str, seed: str) -> None:
        """From now on its image may be there or not."""
        with self._lock:
            self.begun.add((kind, seed))


class BuildClient(threading.Thread):
    """One client that builds one recipe after the other until the engine is gone."""

    def __init__(self, api: Api, ledger: BuildLedger, seed: str) -> None:
        super().__init__(name=f"builds-{seed}", daemon=True)
        self._api = api
        self._ledger = ledger
        self._random = random.Random(seed)
        self._seed = seed
        self.failure: BaseException | None = None

    def run(self) -> None:
        count = 0
        try:
            while True:
                kind = self._random.choices(KINDS, (4, 4, 4, 4, 4, 2))[0]
                count += 1
                self._prune() if kind == "prune" else self._build(kind, f"{self._seed}n{count}")
        except _CUT_OFF:
            return
        except BaseException as failure:  # noqa: BLE001 - shown by the test that joins this thread
            self.failure = failure

    def _build(self, kind: str, seed: str) -> None:
        self._ledger.begin(kind, seed)
        done: Any = do(self._api, kind, seed)
        told = done.messages[-1].get("stream", "") if done.messages else ""
        problem = done.error or ("" if told.startswith("Successfully tagged") else f"ended with {told!r}")
        self._ledger.note(kind, seed=seed, problem=problem)

    def _prune(self) -> None:
        reply = self._api.post("/build/prune", all=True)
        self._ledger.note("prune", problem="" if reply.status == 200 else str(reply))
