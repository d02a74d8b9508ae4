"""docker events (A7 events)."""

import json
import re
import time

from tests.support.cli import Client
from tests.support.events import actions, past_events
from tests.support.http import Api
from tests.support.waiting import wait_until

LINE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d) container (\w+) ([0-9a-f]{64}) \((.*)\)"


def test_life_of_a_container(docker: Client, api: Api, name: str) -> None:
    """A7 events: what is seen for one container, in order."""
    full = docker.ok("create", "--name", name, "busybox", "sleep", "300")
    for words in (("start",), ("pause",), ("unpause",), ("restart", "-t", "0"), ("kill",)):
        docker.ok(*words, name)
    docker.ok("wait", name)
    docker.ok("rename", name, f"{name}-new")
    docker.ok("rm", f"{name}-new")
    seen = wait_until(lambda: "destroy" in (found := actions(api, full)) and found, "the last event is there")
    # A restart sends the stop signal first, even when it leaves no time for it; whether "stop" or "die" is
    # written first is a race in dockerd.
    seen = [action for n, action in enumerate(seen) if action != "kill" or seen[n - 1] != "kill"]
    text = " ".join(seen).replace("stop die", "die stop")
    assert text == "create start pause unpause kill die stop start restart kill die rename destroy"


def test_attributes(docker: Client, api: Api, name: str) -> None:
    """A7 events: id, image, name, labels, exit code, signal; times in seconds and nanoseconds."""
    full = docker.ok("run", "-d", "--name", name, "--label", "team=vision", "busybox", "sleep", "300")
    docker.ok("kill", "-s", "KILL", name)
    docker.ok("wait", name)
    died = wait_until(
        lambda: [e for e in past_events(api, container=[full]) if e["Action"] == "die"], "it has died"
    )[0]
    assert died["Actor"]["ID"] == full
    attributes = died["Actor"]["Attributes"]
    assert (attributes["name"], attributes["image"], attributes["team"], attributes["exitCode"]) == (
        name,
        "busybox",
        "vision",
        "137",
    )
    assert died["timeNano"] // 1_000_000_000 == died["time"]
    assert died["scope"] == "local"
    # newer versions of the API have dropped the first form of these
    older = past_events(api, version="/v1.41", container=[full])
    assert ("die", full, "busybox") in [(e["status"], e["id"], e["from"]) for e in older]
    killed = next(e for e in past_events(api, container=[full]) if e["Action"] == "kill")
    assert killed["Actor"]["Attributes"]["signal"] == "9"


def test_exec_attach_resize_and_more(docker: Client, api: Api, name: str) -> None:
    """A7 events: exec_*, attach, top, export, update, resize."""
    docker.ok("run", "-dit", "--name", name, "busybox")
    docker.ok("exec", name, "echo", "x")
    docker.ok("top", name)
    docker.ok("update", "--cpu-shares", "512", name)
    docker.binary("export", name)
    with docker.terminal("attach", name) as session:
        session.line("exit")
        session.wait()
    seen = actions(api, name)
    for action in (
        "exec_create: echo x",
        "exec_start: echo x",
        "exec_die",
        "top",
        "update",
        "export",
        "attach",
        "resize",
    ):
        assert [one for one in seen if one.strip() == action], action


def test_networks_and_volumes(docker: Client, api: Api, name: str) -> None:
    """A7 events: network connect and disconnect, volume create, mount, unmount, destroy beside them."""
    full = docker.ok("run", "--name", name, "-v", f"{name}:/data", "busybox", "true") or docker.ok(
        "inspect", "-f", "{{.Id}}", name
    )
    docker.ok("rm", name)
    docker.ok("volume", "rm", name)
    networks = [
        e["Action"]
        for e in past_events(api, type=["network"])
        if e["Actor"]["Attributes"].get("container") == full
    ]
    assert networks == ["connect", "disconnect"]
    volumes = [e["Action"] for e in past_events(api, type=["volume"], volume=[name])]
    assert volumes == ["create", "mount", "unmount", "destroy"]


def test_images(docker: Client, api: Api, name: str) -> None:
    """A7 events: tag, untag, import, load, save, delete."""
    docker.ok("tag", "busybox", f"{name}:1")
    docker.ok("rmi", f"{name}:1")
    data = docker.binary("save", "fixture-user:1").stdout
    docker("load", stdin=data)
    seen = [e["Action"] for e in past_events(api, type=["image"])]
    for action in ("tag", "untag", "save", "load"):
        assert action in seen[-10:]


def test_line_format(docker: Client, name: str) -> None:
    """A7 events: ``TIME TYPE ACTION ID (key=value, ...)``."""
    full = docker.ok("create", "--name", name, "busybox")
    with docker.piped("events", "--since", "1h", "--filter", f"container={name}") as session:
        session.expect("\n")
    match = re.match(LINE, session.seen.decode())
    assert match is not None
    assert (match[2], match[3], match[4]) == ("create", full, f"image=busybox, name={name}")


def test_live_and_formats(docker: Client, name: str) -> None:
    """A7 events: new ones appear while one watches; --format json and templates."""
    with docker.piped(
        "events", "--filter", "type=container", "--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"
    ) as session:
        # what is made again and again until the watcher has seen one
        wait_until(
            lambda: docker.ok("create", "busybox") and session.shows("container create ", timeout=0.2),
            "the watcher watches",
        )
        docker.ok("create", "--name", name, "busybox")
        session.expect(f"container create {name}\n")
    with docker.piped(
        "events", "--since", "1h", "--filter", f"container={name}", "--format", "json"
    ) as session:
        session.expect("\n")
    assert json.loads(session.seen.splitlines()[0])["Action"] == "create"


def test_until_ends(docker: Client) -> None:
    """A7 events: ends at --until, also when that lies in the future."""
    result = docker("events", "--until", f"{time.time() + 1:.3f}", timeout=20)
    assert result.code == 0


def test_filters(docker: Client, api: Api, name: str) -> None:
    """A7 events: event, label, image, type."""
    full = docker.ok("create", "--name", name, "--label", f"only={name}", "fixture-user:1")
    assert [e["Action"] for e in past_events(api, label=[f"only={name}"])] == ["create"]
    assert full in [e["Actor"]["ID"] for e in past_events(api, image=["fixture-user:1"], event=["create"])]
    assert {e["Type"] for e in past_events(api, type=["container"])} == {"container"}


def test_bad_times(api: Api) -> None:
    """Bad input: an answer with a message, no stream."""
    reply = api.get("/events", since="x")
    assert reply.status in (400, 500)
    assert "x" in reply.message
