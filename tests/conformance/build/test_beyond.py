"""Dockerfiles of today on ``POST /build`` (D1-D6): what dockerd's classic builder refuses."""

import base64
import json
from collections.abc import Callable

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.archive import Entry, directory, symlink
from tests.support.cli import Client
from tests.support.http import Api

pytestmark = pytest.mark.usefixtures("beyond")

Look = Callable[[str, str], str]
FROM = "FROM busybox\n"


@pytest.mark.parametrize(
    ("text", "script", "expected"),
    [
        ("RUN <<EOF\necho one >/a\necho two >>/a\nEOF\n", "cat /a", "one\ntwo"),
        ("RUN <<-EOF\n\t\techo tabs >/a\n\tEOF\n", "cat /a", "tabs"),
        (
            "RUN <<EOF\n#!/bin/cat\nshown\nEOF\nRUN <<EOF\n#!/bin/sh\necho $0 >/a\nEOF\n",
            "cat /a",
            "/dev/pipes/EOF",
        ),
        ("RUN <<ONE cat >/a && cat <<TWO >>/a\n1\nONE\n2\nTWO\n", "cat /a", "1\n2"),
        ("ENV V=x\nCOPY <<EOF /a\nis $V\nEOF\n", "cat /a; stat -c '%a %u' /a", "is x\n644 0"),
        ("ENV V=x\nCOPY <<'EOF' /a\nis $V\nEOF\n", "cat /a", "is $V"),
        ("COPY <<one <<two f /d/\n1\none\n2\ntwo\n", "cat /d/one /d/two /d/f", "1\n2\nF"),
    ],
)
def test_heredoc(make: Maker, look: Look, text: str, script: str, expected: str) -> None:
    """D2: heredocs of RUN and COPY."""
    assert look(make(FROM + text, {"f": "F"}).image, script) == expected


@pytest.mark.parametrize(
    ("line", "script", "expected"),
    [
        ("COPY --chmod=600 f /x", "stat -c %a /x", "600"),
        ("COPY --chmod=u=rwX,go=rX f d /x/", "stat -c %a /x/f /x/sub", "644\n755"),
        ("ENV M=640\nCOPY --chmod=$M f /x", "stat -c %a /x", "640"),
        ("COPY --link f /x/y", "cat /x/y", "F"),
        ("COPY --parents d/sub/deep d/c /x/", "find /x -type f | sort", "/x/d/c\n/x/d/sub/deep"),
        ("COPY --parents d/./sub/deep /x/", "find /x -type f", "/x/sub/deep"),
        ("COPY --parents **/deep /x/", "find /x -type f", "/x/d/sub/deep"),
        ("COPY --exclude=c --exclude=sub/d* d /x", "find /x | sort", "/x\n/x/sub"),
        ("COPY --chown=demo --chmod=700 f /x", "stat -c '%a %u:%g' /x", "700 1000:1000"),
        ("ADD --chmod=600 f /x", "stat -c %a /x", "600"),
        ("ADD --exclude=c d /x/", "ls /x", "sub"),
        ("COPY --from=busybox:latest /etc/passwd /x", "wc -l </x", "3"),
    ],
)
def test_copy(make: Maker, look: Look, line: str, script: str, expected: str) -> None:
    """D1 COPY, ADD: the options since 1.2."""
    files: dict[str, str | bytes | Entry] = {"f": "F", "d": directory("d"), "d/c": "C", "d/sub/deep": "D"}
    assert look(make(FROM + line + "\n", files).image, script) == expected


def test_link_survives_another_base(make: Maker) -> None:
    """D1 COPY --link: the layer is the same on whatever it is put."""
    text = "FROM busybox\nRUN echo {} >/base\nCOPY --link f /x/y\n"
    make(text.format("one"), {"f": "linked"})
    again = make(text.format("two"), {"f": "linked"})
    assert " ---> Using cache\n" in again.text.partition("COPY")[2]


def test_copy_of_links(make: Maker, look: Look) -> None:
    """D1: a link that would lead out of the context or the image stays inside."""
    files = {"l": symlink("l", "/etc/passwd"), "d/up": symlink("d/up", "../../../f"), "f": "F"}
    done = make(FROM + "COPY d /x\nCOPY f /x/f\nRUN ln -s /etc /out\nCOPY f /out/new\n", files)
    assert look(done.image, "readlink /x/up; cat /etc/new") == "../../../f\nF"


def test_unused_stages_are_skipped(make: Maker) -> None:
    """D1 FROM: what the result does not need is not built."""
    done = make("FROM busybox AS unused\nRUN false\nFROM busybox\nRUN echo used\n", nocache=True)
    assert "used\n" in done.text
    assert "false" not in done.text


def test_stages_run_together(make: Maker) -> None:
    """D1: two stages that wait for one another through a cache mount can only end when both run at once."""
    wait = (
        "i=0; while [ ! -e /c/{other} ] && [ $i -lt 300 ]; do i=$((i+1)); usleep 100000; done; "
        "test -e /c/{other}"
    )
    stage = (
        "FROM busybox AS {me}\nRUN --mount=type=cache,id=meet,target=/c touch /c/{me}; "
        + wait
        + "; echo >/{me}\n"
    )
    done = make(
        stage.format(me="a", other="b")
        + stage.format(me="b", other="a")
        + "FROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /\n",
        nocache=True,
    )
    assert done.image
    assert done.text.index("AS a") < done.text.index("AS b"), "told one after the other"


def test_failure_cancels_other_stages(make: Maker, api: Api) -> None:
    """D1: the build ends with the first failure, and no container of the others is left."""
    before = {row["Id"] for row in api.get("/containers/json", all=True).json()}
    done = make(
        "FROM busybox AS slow\nRUN sleep 300; touch /s\nFROM busybox AS bad\nRUN sleep 1; exit 9\n"
        "FROM busybox\nCOPY --from=slow /s /\nCOPY --from=bad /etc /e\n",
        nocache=True,
        forcerm=True,
    )
    assert done.error == "The command '/bin/sh -c sleep 1; exit 9' returned a non-zero code: 9"
    assert {row["Id"] for row in api.get("/containers/json", all=True).json()} == before


def test_same_content_from_a_stage(make: Maker) -> None:
    """D1 COPY --from: what follows is cached when the stage made the same files in another way."""
    text = "FROM busybox AS a\nRUN echo same >/f {}\nFROM busybox\nCOPY --from=a /f /g\nRUN cat /g\n"
    make(text.format("; true one"))
    again = make(text.format("; true two"))
    assert again.text.count(" ---> Using cache\n") == 2


def test_global_platform_arguments(make: Maker, look: Look) -> None:
    """D4: of the platform, in the scope of FROM, and below where they are declared."""
    done = make(FROM + "ARG TARGETOS\nARG BUILDPLATFORM\nRUN echo $TARGETOS $BUILDPLATFORM >/a\n")
    assert look(done.image, "cat /a").startswith("linux linux/")


def test_network_none(make: Maker) -> None:
    """D1 RUN --network."""
    done = make(
        FROM + "RUN --network=none ip link | grep -c ': '\nRUN --network=host hostname\n", nocache=True
    )
    assert "\n1\n" in done.text
    assert done.image


def test_insecure_is_an_entitlement(make: Maker) -> None:
    """D1 RUN --security: refused where the administrator has not allowed it."""
    assert "security.insecure is not allowed" in make(FROM + "RUN --security=insecure true\n").error


def test_devices_are_refused(make: Maker) -> None:
    """D1 RUN --device."""
    assert "--device" in make(FROM + "RUN --device=vendor.com/dev=x true\n").error


def test_squash(make: Maker, docker: Client, look: Look) -> None:
    """D6: one layer on the base; the steps stay in the history."""
    done = make(FROM + "RUN echo a >/a\nRUN rm /a; echo b >/b\n", squash=True)
    assert docker.ok("inspect", "-f", "{{len .RootFS.Layers}}", done.image) == "2"
    assert look(done.image, "ls /a /b 2>&1; true").splitlines()[-1] == "/b"
    assert "echo a" in docker.ok("history", "--no-trunc", done.image)


def test_dated(make: Maker, docker: Client, look: Look) -> None:
    """SOURCE_DATE_EPOCH: two builds from nothing are one image, and no time is later."""
    text = FROM + "ARG SOURCE_DATE_EPOCH\nRUN echo x >/x\nCOPY f /f\nWORKDIR /new\n"
    epoch = {"SOURCE_DATE_EPOCH": "1700000000"}
    first = make(text, {"f": "F"}, buildargs=epoch, nocache=True).image
    second = make(text, {"f": "F"}, buildargs=epoch, nocache=True).image
    assert first == second
    assert docker.ok("inspect", "-f", "{{.Created}}", first).startswith("2023-11-14T22:13:20")
    assert look(first, "stat -c %Y /x /new") == "1700000000\n1700000000"


def test_cache_from(make: Maker, docker: Client, name: str) -> None:
    """D6: an image that was loaded serves as a cache."""
    text = f"FROM busybox\nENV WHO={name}\nRUN date +%s%N >/now\nCOPY f /f\n"
    first = make(text, {"f": "F"}, t=f"{name}:1").image
    data = docker.binary("save", f"{name}:1").stdout
    docker.ok("rmi", "-f", f"{name}:1")
    docker.ok("builder", "prune", "-af")
    docker.binary("load", stdin=data)
    again = make(text, {"f": "F"}, cachefrom=[f"{name}:1"])
    assert again.text.count("Using cache") == 3, again.text
    inspected = [json.loads(docker.ok("inspect", image))[0]["RootFS"] for image in (first, again.image)]
    assert inspected[0] == inspected[1]


def test_secrets_in_a_header(make: Maker) -> None:
    """E15: what docker-py and curl can send."""
    header = base64.b64encode(json.dumps({"key": base64.b64encode(b"hidden").decode()}).encode()).decode()
    done = make(
        FROM + "RUN --mount=type=secret,id=key sha256sum </run/secrets/key; wc -c </run/secrets/key\n",
        headers={"X-Berth-Build-Secrets": header},
        nocache=True,
    )
    assert "\n6\n" in done.text


def test_error_directive(make: Maker) -> None:
    """D3 check: findings fail the build where the file says so."""
    assert "lint violation found for rules" in make("# check=error=true\nFROM busybox\nMAINTAINER me\n").error


def test_events(api: Api) -> None:
    """The records of berth's own form: plan, steps, their output, the end; failures with the lines around."""
    from tests.support.building import context

    text = "FROM busybox AS one\nRUN echo out; echo err >&2\nRUN exit 4\n"
    reply = api.request(
        "POST",
        "/build",
        body=context(text),
        headers={"Content-Type": "application/x-tar"},
        timeout=120,
        events=True,
        nocache=True,
        forcerm=True,
    )
    records = reply.lines()
    kinds = [record["kind"] for record in records]
    assert kinds[0] == "planned"
    assert kinds[-2:] == ["step_failed", "failed"]
    assert records[0]["stages"][0]["name"] == "one"
    assert {"out\n", "err\n"} <= {r["data"] for r in records if r["kind"] == "step_log"}
    failed = records[-2]
    assert (failed["line"], failed["code"], failed["excerpt_line"]) == (3, 4, 1)
    assert failed["excerpt"] == text.splitlines()
    assert records[-1]["code"] == 4
