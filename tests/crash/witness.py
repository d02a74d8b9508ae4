"""A container that lives through every crash, and can tell whether it noticed."""

import urllib.request
from typing import Any

from tests.crash.daemon import MortalDaemon
from tests.support.http import Api, split_streams
from tests.support.waiting import wait_until

_COUNTS = "httpd -p 80 -h /bin; i=0; while :; do echo $i; i=$((i+1)); usleep 10000; done"


class Witness:
    """It counts on its standard output and answers on a published port."""

    name = "witness"

    def __init__(self, daemon: MortalDaemon) -> None:
        self._daemon = daemon
        body = {
            "Image": "busybox",
            "Cmd": ["sh", "-c", _COUNTS],
            "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "20080"}]}},
        }
        made = self._api.post("/containers/create", body, name=self.name)
        assert made.status == 201, made
        assert self._api.post(f"/containers/{self.name}/start").status == 204
        self.pid = self._state()["Pid"]
        self._counted = 0
        wait_until(self._serves, "the witness answers on its port")
        self.check()

    @property
    def _api(self) -> Api:
        return self._daemon.api

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._api.get(f"/containers/{self.name}/json").json()["State"]
        return state

    def check(self) -> None:
        """The same process, its port, a program started inside, and a log without a gap that goes on."""
        state = self._state()
        assert state["Running"], state
        assert state["Pid"] == self.pid, state
        self._daemon.on_its_host(self._fetch)
        assert self._exec_code("test -e /bin/busybox; exit 3") == 3
        before = self._counted
        wait_until(lambda: self._read_log() > before, "the log goes on")

    def _serves(self) -> bool:
        """Whether it has begun to answer, which takes it a moment after its start."""
        try:
            self._daemon.on_its_host(self._fetch)
        except OSError:
            return False
        return True

    def _fetch(self) -> None:
        with urllib.request.urlopen("http://127.0.0.1:20080/busybox", timeout=10) as answer:
            assert answer.status == 200

    def _exec_code(self, script: str) -> int:
        made = self._api.post(f"/containers/{self.name}/exec", {"Cmd": ["sh", "-c", script]})
        assert made.status == 201, made
        session = made.json()["Id"]
        begun = self._api.post(f"/exec/{session}/start", {"Detach": True})
        assert begun.status == 200, begun

        def ended() -> dict[str, Any] | None:
            seen: dict[str, Any] = self._api.get(f"/exec/{session}/json").json()
            return None if seen["Running"] else seen

        return int(wait_until(ended, "the exec session ends")["ExitCode"])

    def _read_log(self) -> int:
        """The whole log must be 0, 1, 2 ... up to the number returned."""
        raw = self._api.get(f"/containers/{self.name}/logs", stdout=True, stderr=True).body
        lines = split_streams(raw).get("stdout", b"").split(b"\n")[:-1]
        for expected, line in enumerate(lines):
            assert line == str(expected).encode(), f"line {expected} of the log is {line!r}"
        self._counted = len(lines)
        return self._counted
