"""What is wrong with a build, in the builder's words (A4.5, D3)."""

import re

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api

FROM = "FROM busybox\n"


def containers(api: Api) -> set[str]:
    return {row["Id"] for row in api.get("/containers/json", all=True).json()}


@pytest.mark.parametrize(
    ("line", "shown", "code"),
    [
        ("RUN echo hmm; false", "/bin/sh -c echo hmm; false", 1),
        ("RUN exit 3", "/bin/sh -c exit 3", 3),
        ('RUN ["sh", "-c", "exit 4"]', "sh -c exit 4", 4),
        ('SHELL ["sh", "-ec"]\nRUN false; true', "sh -ec false; true", 1),
    ],
)
def test_failing_command(make: Maker, line: str, shown: str, code: int) -> None:
    """A4.5: the command and its exit code, in the message and for programs."""
    done = make(FROM + line)
    text = f"The command '{shown}' returned a non-zero code: {code}"
    assert done.messages[-1] == {"errorDetail": {"code": code, "message": text}, "error": text}
    assert not [m for m in done.messages if "aux" in m]


def test_failure_leaves_the_container(make: Maker, api: Api) -> None:
    """A4.5: it can be looked into."""
    before = containers(api)
    done = make(FROM + "RUN echo x >/left; exit 5\n")
    left = containers(api) - before
    assert len(left) == 1
    found = api.get(f"/containers/{left.pop()}/json").json()
    assert found["Id"].startswith(re.findall(r"Running in ([0-9a-f]{12})", done.text)[0])
    assert found["State"]["ExitCode"] == 5
    changes = api.get(f"/containers/{found['Id']}/changes").json()
    assert {"Path": "/left", "Kind": 1} in changes


def test_forcerm(make: Maker, api: Api) -> None:
    """A4.5: ``forcerm`` removes it."""
    before = containers(api)
    done = make(FROM + "RUN exit 3\n", forcerm=True)
    assert "Removing intermediate container" in done.text
    assert containers(api) == before


def test_no_such_program(make: Maker) -> None:
    """A4.5: the runtime's words."""
    done = make(FROM + 'RUN ["nope", "x"]\n')
    assert 'exec: "nope": executable file not found in $PATH' in done.error


def test_no_such_user(make: Maker) -> None:
    """A5 USER."""
    done = make(FROM + "USER nouser\nRUN id\n")
    assert "unable to find user nouser: no matching entries in passwd file" in done.error


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        (FROM + "\nFORM x\n", 400, "dockerfile parse error on line 3: unknown instruction: FORM"),
        (FROM + "COPY a\n", 400, "dockerfile parse error on line 2: COPY requires at least two arguments"),
        (FROM + "RUN --foo=bar x\n", 400, "dockerfile parse error on line 2: unknown flag: foo"),
        (FROM + "VOLUME \n", 400, "dockerfile parse error on line 2: VOLUME requires at least one argument"),
        (FROM + "ONBUILD FROM x\n", 400, "parse error on line 2: FROM isn't allowed as an ONBUILD trigger"),
        (FROM + "ONBUILD ONBUILD RUN x\n", 400, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        (FROM + "ONBUILD MAINTAINER x\n", 400, "MAINTAINER isn't allowed as an ONBUILD trigger"),
        ("", 400, "the Dockerfile (Dockerfile) cannot be empty"),
        ("# hi\n", 400, "file with no instructions"),
        ("RUN x\n", 400, "no build stage in current context"),
        (None, 500, "Cannot locate specified Dockerfile: Dockerfile"),
    ],
)
def test_not_a_dockerfile(engine: Engine, make: Maker, text: str | None, status: int, message: str) -> None:
    """A4.5, D3: refused before anything is done, with the line. dockerd 20.10 says it without "on"."""
    done = make(text, {"a": "b"})
    said = done.error.replace("parse error line", "parse error on line").replace(
        "Unknown flag", "unknown flag"
    )
    assert message in said
    assert done.reply.status == (400 if not engine.is_dockerd else status)
    assert done.messages == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "COPY nope /",
            "COPY failed: file not found in build context or excluded by .dockerignore: stat nope: "
            "file does not exist",
        ),
        (
            "ADD nope /",
            "ADD failed: file not found in build context or excluded by .dockerignore: stat nope: "
            "file does not exist",
        ),
        (
            "COPY a b /x",
            "When using COPY with more than one source file, the destination must be a directory and end "
            "with a /",
        ),
        ("COPY --from=busybox /nope /y", "COPY failed: stat nope: file does not exist"),
        ("COPY --from=5 /x /y", "invalid from flag value 5: index out of bounds"),
        ("STOPSIGNAL NOPE", "Invalid signal: NOPE"),
        ("EXPOSE abc", "Invalid containerPort: abc"),
    ],
)
def test_step_that_cannot_be_done(make: Maker, line: str, message: str) -> None:
    """A4.5: in the stream, after the step's text."""
    done = make(FROM + line + "\n", {"a": "1", "b": "2"})
    assert message in done.error
    if done.messages:
        assert done.messages[-1] == {"errorDetail": {"message": done.error}, "error": done.error}


def test_missing_file_is_told_at_once(engine: Engine, make: Maker) -> None:
    """A4.5: berthd plans the whole build before it runs anything, so nobody waits for this message."""
    done = make(FROM + "RUN true\nCOPY nope /\n", nocache=True)
    assert "stat nope: file does not exist" in done.error
    assert ("Step 3/3 : COPY nope /\n" in done.text) == engine.is_dockerd
    assert ("Running in" in done.text) == engine.is_dockerd


def test_unknown_image(make: Maker) -> None:
    """A4.5: FROM of what is nowhere."""
    done = make("FROM no-such-image-anywhere:1\n")
    assert done.error


def test_bad_name_after_from(make: Maker) -> None:
    """A4.10: capitals."""
    assert "must be lowercase" in make("FROM Nosuch:1\n").error


def test_unknown_target(make: Maker) -> None:
    """A5."""
    done = make("FROM busybox AS one\n", target="nope")
    assert done.reply.status == 400
    assert done.error.startswith(
        ("failed to reach build target nope in Dockerfile", 'target stage "nope" could not be found')
    )


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"t": "UP"}, (400, 500), "must be lowercase"),
        ({"t": "a@sha256:" + "0" * 64}, (400, 500), "build tag cannot contain a digest"),
        ({"buildargs": "x"}, (400,), "error reading build args: invalid character 'x'"),
        ({"labels": "x"}, (400,), "error reading labels: invalid character 'x'"),
        ({"ulimits": "x"}, (400,), "error reading ulimit settings: invalid character 'x'"),
        ({"shmsize": "x"}, (400, 500), 'parsing "x": invalid syntax'),
        ({"platform": "a/b/c/d"}, (400, 500), "a/b/c/d"),
    ],
)
def test_bad_parameters(make: Maker, query: dict[str, str], status: tuple[int, ...], message: str) -> None:
    """Bad input: refused with a status of its own."""
    done = make(FROM, **query)
    assert message in done.error
    assert done.reply.status in status


@pytest.mark.parametrize("body", [b"garbage", b"FROM busybox\nRUN true\n", b"\x1f\x8bnot gzip"])
def test_bad_context(make: Maker, body: bytes) -> None:
    """Bad input: what is no archive."""
    done = make("", body=body)
    assert done.reply.status in (400, 500)
    assert done.error


def test_dockerfile_outside(make: Maker) -> None:
    """Bad input: a Dockerfile that is not in the context."""
    done = make(None, {"Dockerfile": FROM}, dockerfile="../E")
    assert done.error == "forbidden path outside the build context: ../E ()"
    missing = make(None, {"Dockerfile": FROM}, dockerfile="E")
    assert missing.error == "Cannot locate specified Dockerfile: E"


def test_empty_context(make: Maker) -> None:
    """Bad input: nothing at all."""
    done = make("", body=b"")
    assert "Cannot locate specified Dockerfile: Dockerfile" in done.error


def test_remote_that_does_not_answer(make: Maker) -> None:
    """D6: the address is named."""
    done = make("", body=b"", remote="http://127.0.0.1:1/x")
    assert "error downloading remote context" in done.error
    assert "http://127.0.0.1:1/x" in done.error
    assert "connection refused" in done.error.lower()


def test_session_builds(engine: Engine, make: Maker) -> None:
    """``version=2`` asks for a BuildKit session, which only dockerd has."""
    if engine.is_dockerd:
        pytest.skip("dockerd has BuildKit inside")
    done = make(FROM, version=2)
    assert done.reply.status in (400, 501)
    assert "BuildKit" in done.error


def test_cancel_of_the_unknown(engine: Engine, api: Api) -> None:
    """``/build/cancel`` wants an id, and does not mind one that it does not know."""
    reply = api.post("/build/cancel")
    assert reply.status == expect(engine, dockerd=500, berthd=400)
    assert reply.message == "build ID not provided"
    assert api.post("/build/cancel", id="nope").status == 200
