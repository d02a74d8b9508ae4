"""``kill -9`` of berthd while containers ask it for names: they work again with the next one."""

import socket
from collections.abc import Iterator

import dns.message
import pytest

from tests.crash.daemon import MortalDaemon
from tests.support.engines import missing_parts
from tests.support.host import mount_hugetlb_v1
from tests.support.images import BUSYBOX, standard_images
from tests.support.names import SERVER, Answer, answer_of, ask, inside

pytestmark = [pytest.mark.root, pytest.mark.engine]


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
    finally:
        mortal.close()


def _run(daemon: MortalDaemon, name: str, alias: str) -> str:
    """The address of a new container in the network ``net``."""
    body = {
        "Image": "busybox",
        "Cmd": ["sleep", "1000"],
        "HostConfig": {"NetworkMode": "net"},
        "NetworkingConfig": {"EndpointsConfig": {"net": {"Aliases": [alias]}}},
    }
    assert daemon.api.post("/containers/create", body, name=name).status == 201
    assert daemon.api.post(f"/containers/{name}/start").status == 204
    row = daemon.api.get(f"/containers/{name}/json").json()
    return str(row["NetworkSettings"]["Networks"]["net"]["IPAddress"])


def test_names_work_again_after_a_kill(daemon: MortalDaemon) -> None:
    api = daemon.api
    assert api.post("/networks/create", {"Name": "net"}).status == 201
    web, cli = _run(daemon, "web", "svc"), _run(daemon, "cli", "me")
    client = inside(api, "cli").call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with client:
        client.settimeout(20)
        client.connect((SERVER, 53))
        question = dns.message.make_query("svc", "A").to_wire()

        def asked_again() -> Answer:
            client.send(question)
            return answer_of(dns.message.from_wire(client.recv(4096)))

        assert asked_again() == Answer("NOERROR", (web,))
        for _ in range(3):
            daemon.kill()
            daemon.start()
            assert asked_again() == Answer("NOERROR", (web,))
            assert ask(api, "web", "me", tcp=True) == Answer("NOERROR", (cli,))
        late = _run(daemon, "late", "svc")
        assert set(asked_again().values) == {web, late}
    daemon.kill()
    daemon.start()
    assert sorted(path.name for path in (daemon.exec_root / "names").iterdir()) == sorted(
        row["Id"] for row in api.get("/containers/json").json()
    )
    for name in ("web", "cli", "late"):
        assert api.delete(f"/containers/{name}", force=True).status == 204
    assert list((daemon.exec_root / "names").iterdir()) == []
    assert api.delete("/networks/net").status == 204
    daemon.stop()
    assert daemon.leftovers() == []
