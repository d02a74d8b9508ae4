"""RUN --mount in all its types (D2)."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.cli import Client
from tests.support.http import Api

pytestmark = pytest.mark.usefixtures("beyond")

Look = Callable[[str, str], str]
FROM = "FROM busybox\n"


@pytest.fixture
def own(api: Api) -> Callable[..., list[dict[str, Any]]]:
    """A build without a context through berth's own form; its records."""

    def call(dockerfile: str, **body: Any) -> list[dict[str, Any]]:
        reply = api.request(
            "POST",
            "/build",
            json_body={"dockerfile": dockerfile, **body},
            timeout=120,
            events=True,
            nocache=True,
            forcerm=True,
        )
        assert reply.status == 200, reply
        found: list[dict[str, Any]] = reply.lines()
        return found

    return call


Own = Callable[..., list[dict[str, Any]]]


def output(records: list[dict[str, Any]]) -> str:
    assert records[-1]["kind"] == "built", records
    return "".join(record["data"] for record in records if record["kind"] == "step_log")


def test_bind_context(make: Maker, look: Look) -> None:
    """bind: a directory of the context; it can be read, not written, and leaves nothing."""
    done = make(
        FROM
        + "RUN --mount=target=/src,source=d ls /src >/a; cat /src/f >>/a; touch /src/no 2>/dev/null; true\n",
        {"d/f": "F\n", "other": "O"},
    )
    assert look(done.image, "cat /a; ls -d /src 2>&1; true") == "f\nF\nls: /src: No such file or directory"


def test_bind_whole_context(make: Maker) -> None:
    """bind without source: all of it."""
    done = make(FROM + "WORKDIR /w\nRUN --mount=target=. ls\n", {"one": "1", "d/two": "2"}, nocache=True)
    assert "\nd\none\n" in done.text.replace("Dockerfile\n", "")


def test_bind_one_file(make: Maker, look: Look) -> None:
    """bind of a file."""
    done = make(FROM + "RUN --mount=source=f,target=/deep/er/f cp /deep/er/f /a\n", {"f": "F"})
    assert look(done.image, "cat /a; ls /deep 2>&1; true") == "Fls: /deep: No such file or directory"


def test_bind_rw_is_thrown_away(make: Maker) -> None:
    """bind,rw: what is written is gone with the step."""
    done = make(
        FROM
        + "RUN --mount=target=/src,rw echo new >/src/f; cat /src/f\nRUN --mount=target=/src cat /src/f\n",
        {"f": "old\n"},
        nocache=True,
    )
    assert "\nnew\n" in done.text
    assert "\nold\n" in done.text


def test_bind_from(make: Maker, look: Look) -> None:
    """bind,from: a stage, and an image."""
    done = make(
        "FROM busybox AS one\nRUN mkdir /o; echo stage >/o/f\nFROM busybox\n"
        "RUN --mount=from=one,source=/o,target=/m cat /m/f >/a\n"
        "RUN --mount=from=fixture-seeded:1,source=/data,target=/m cat /m/from-image >>/a\n"
    )
    assert look(done.image, "cat /a") == "stage\nkept"


def test_bind_missing(make: Maker) -> None:
    """bind of what is not there."""
    assert "nope" in make(FROM + "RUN --mount=from=busybox,source=/nope,target=/m true\n").error


def test_bind_content_is_in_the_key(make: Maker) -> None:
    """bind: what changes in the mounted files changes the step."""
    text = FROM + "RUN --mount=source=f,target=/f cat /f\n"
    make(text, {"f": "one\n"})
    assert "Using cache" in make(text, {"f": "one\n", "other": "x"}).text
    assert "\ntwo\n" in make(text, {"f": "two\n"}).text


def test_cache(make: Maker, look: Look) -> None:
    """cache: what one build leaves the next one finds; nothing of it is in the image."""
    text = (
        FROM + "RUN --mount=type=cache,target=/root/.cache echo {} >>/root/.cache/log; cat /root/.cache/log\n"
    )
    make(text.format("first"), nocache=True)
    done = make(text.format("second"), nocache=True)
    assert done.text.index("\nfirst\n") < done.text.index("second\n")
    assert look(done.image, "ls -A /root") == ""


def test_cache_attributes(make: Maker) -> None:
    """cache: id, mode, owner, read-only, seed."""
    done = make(
        FROM + "RUN --mount=type=cache,id=a,target=/c,mode=0711,uid=7,gid=8 stat -c '%a %u:%g' /c\n"
        "RUN --mount=type=cache,id=seeded,target=/c,from=fixture-seeded:1,source=/data cat /c/from-image\n"
        "RUN --mount=type=cache,id=seeded,target=/c,from=fixture-seeded:1,source=/data,ro "
        "touch /c/x || echo refused\n",
        nocache=True,
    )
    assert "\n711 7:8\n" in done.text
    assert "\nkept\n" in done.text
    assert "refused\n" in done.text


def test_cache_private(make: Maker) -> None:
    """cache,sharing=private: two at the same time do not see each other."""
    stage = (
        "FROM busybox AS {me}\nRUN --mount=type=cache,id=meet2,target=/m "
        "--mount=type=cache,id=own,target=/c,sharing=private "
        "touch /c/{me} /m/{me}; i=0; "
        "while [ ! -e /m/{other} ] && [ $i -lt 300 ]; do i=$((i+1)); usleep 100000; done; "
        "test -e /m/{other} && test ! -e /c/{other} && echo >/{me}\n"
    )
    done = make(
        stage.format(me="a", other="b")
        + stage.format(me="b", other="a")
        + "FROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /\n",
        nocache=True,
    )
    assert done.image


def test_cache_locked(make: Maker) -> None:
    """cache,sharing=locked: one after the other."""
    stage = (
        "FROM busybox AS {me}\nRUN --mount=type=cache,id=lock,target=/c,sharing=locked "
        "mkdir /c/held && sleep 1 && rmdir /c/held && echo >/{me}\n"
    )
    done = make(
        stage.format(me="a")
        + stage.format(me="b")
        + "FROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /\n",
        nocache=True,
    )
    assert done.image


def test_cache_is_pruned(make: Maker, docker: Client) -> None:
    """cache: listed and removed by its type."""
    text = FROM + "RUN --mount=type=cache,id=prunable,target=/c ls /c; echo x >/c/was-here\n"
    make(text, nocache=True)
    rows = docker.ok("system", "df", "-v", "--format", "{{json .BuildCache}}")
    assert "exec.cachemount" in rows
    docker.ok("builder", "prune", "-af", "--filter", "type=exec.cachemount")
    assert "was-here" not in make(text, nocache=True).text.replace("/c/was-here", "")


def test_tmpfs(make: Maker, look: Look) -> None:
    """tmpfs: of its size, and gone."""
    done = make(FROM + "RUN --mount=type=tmpfs,target=/t,size=4m df -k /t | tail -1 >/a; echo x >/t/x\n")
    shown = look(done.image, "cat /a; ls -d /t 2>&1; true")
    assert shown.split()[:2] == ["tmpfs", "4096"]
    assert "No such file" in shown


def test_secret(own: Own, api: Api) -> None:
    """secret: a file or a variable, with its owner and mode; in no image and no record."""
    value = base64.b64encode(b"very-hidden").decode()
    records = own(
        FROM + "RUN --mount=type=secret,id=s --mount=type=secret,id=s,target=/other,mode=0444,uid=5,gid=6 "
        "--mount=type=secret,id=s,env=S cat /run/secrets/s | wc -c; "
        "stat -c '%a %u:%g' /run/secrets/s /other; echo $S | wc -c; grep -c '^tmpfs /other' /proc/mounts\n",
        secrets={"s": value},
    )
    text = output(records)
    assert text == "11\n400 0:0\n444 5:6\n12\n1\n"
    assert "very-hidden" not in json.dumps(records)
    image = api.get(f"/images/{records[-1]['image']}/json").json()
    assert "very-hidden" not in json.dumps(image)


def test_secret_is_in_no_key(own: Own) -> None:
    """secret: another value does not run the step again."""
    text = FROM + "ENV T=secret-key\nRUN --mount=type=secret,id=s cat /run/secrets/s >/dev/null\n"
    first = own(text, secrets={"s": base64.b64encode(b"one").decode()})
    assert first[-1]["kind"] == "built"


def test_secret_required(make: Maker) -> None:
    """secret,required: named when it is missing; left out otherwise."""
    assert "secret nope: not found" in make(FROM + "RUN --mount=type=secret,id=nope,required true\n").error
    assert make(FROM + "RUN --mount=type=secret,id=nope test ! -e /run/secrets/nope\n").image


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """A socket that answers what it is asked, twice."""
    path = tmp_path / "agent"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                if asked := client.recv(100):
                    client.sendall(asked + asked)

    thread = threading.Thread(target=serve)
    thread.start()
    yield path
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_ssh(own: Own, agent: Path, debian_image: str) -> None:
    """ssh: the caller's agent behind SSH_AUTH_SOCK."""
    program = (
        "import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK']); "
        "s.sendall(b'ping'); print(s.recv(100))"
    )
    records = own(
        f'FROM {debian_image}\nRUN --mount=type=ssh ["python3", "-c", "{program}"]\n',
        ssh={"default": str(agent)},
    )
    assert output(records) == "b'pingping'\n"


def test_ssh_missing(make: Maker) -> None:
    """ssh,required."""
    assert "unset ssh forward key default" in make(FROM + "RUN --mount=type=ssh,required true\n").error


@pytest.mark.parametrize(
    ("mount", "message"),
    [
        ("type=nope,target=/x", "unsupported mount type"),
        ("type=cache,sharing=nope,target=/x", "unsupported sharing value"),
        ("type=bind,target=/x,nope=1", "unexpected key 'nope'"),
    ],
)
def test_bad_mount(make: Maker, mount: str, message: str) -> None:
    """Bad input."""
    assert message in make(FROM + f"RUN --mount={mount} true\n").error
