"""docker wait (A7 wait)."""

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api
from tests.support.waiting import wait_until


def test_blocks_and_prints_the_code(docker: Client, name: str) -> None:
    """A7 wait."""
    docker.ok("run", "-di", "--name", name, "busybox", "sh", "-c", "read x; exit 9")
    with docker.piped("wait", name) as session:
        with docker.piped("attach", name) as typing:
            typing.send("go\n")
            session.expect("9\n")
        assert session.wait() == 0


def test_137_after_kill(docker: Client, name: str) -> None:
    """A7 wait."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    docker.ok("kill", name)
    assert docker.ok("wait", name) == "137"


def test_stopped_already_and_several(docker: Client, name: str) -> None:
    """A7 wait: the code per container, at once."""
    for code in (1, 2):
        docker("run", "--name", f"{name}-{code}", "busybox", "sh", "-c", f"exit {code}")
    assert docker.ok("wait", f"{name}-1", f"{name}-2") == "1\n2"


def test_created_answers_zero(docker: Client, name: str) -> None:
    """A7 wait: one that never ran is not running."""
    docker.ok("create", "--name", name, "busybox")
    assert docker.ok("wait", name) == "0"


def test_unknown(docker: Client) -> None:
    """A7 wait."""
    assert docker("wait", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")


def test_conditions(docker: Client, api: Api, name: str) -> None:
    """C2: ``next-exit`` and ``removed``; the head of the answer comes at once, the body at the end."""
    docker.ok("create", "--name", name, "--rm", "busybox", "sh", "-c", "exit 4")
    waits = [
        api.take("POST", f"/containers/{name}/wait", upgrade=False, condition=c)
        for c in ("next-exit", "removed")
    ]
    assert [one.status for one in waits] == [200, 200]
    docker.ok("start", name)
    for one in waits:
        data = one.read_until(b'"StatusCode":4')
        assert b"StatusCode" in data
    wait_until(lambda: not docker.ok("ps", "-aq", "--filter", f"name={name}"), "the container is removed")


def test_unknown_condition(docker: Client, api: Api, name: str, engine: Engine) -> None:
    """Bad input: newer Docker refuses what 20.10 takes for the default."""
    docker.ok("create", "--name", name, "busybox")
    reply = api.post(f"/containers/{name}/wait", condition="nope")
    assert reply.status == expect(engine, dockerd=200, berthd=400)
    if reply.status == 400:
        assert 'invalid condition: "nope"' in reply.message
