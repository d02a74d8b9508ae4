"""docker logs (A3.4, A7 logs)."""

import re
from datetime import UTC, datetime

import pytest

from tests.support.cli import Client
from tests.support.http import Api, split_streams
from tests.support.waiting import wait_until

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"


def finished(docker: Client, name: str, script: str, *flags: str) -> None:
    docker.ok("run", "-d", "--name", name, *flags, "busybox", "sh", "-c", script)
    docker.ok("wait", name)


def test_streams_stay_apart(docker: Client, name: str) -> None:
    """A3.4."""
    finished(docker, name, "echo out; echo err >&2; echo out2")
    assert docker("logs", name) == (0, "out\nout2\n", "err\n")


def test_terminal_is_standard_output_with_crlf(docker: Client, name: str) -> None:
    """A3.4."""
    finished(docker, name, "echo out; echo err >&2", "-t")
    done = docker.binary("logs", name)
    assert (done.stdout, done.stderr) == (b"out\r\nerr\r\n", b"")


def test_timestamps(docker: Client, name: str) -> None:
    """A3.4: RFC 3339 with nanoseconds in front, in UTC."""
    finished(docker, name, "echo one; echo two >&2")
    result = docker("logs", "-t", name)
    assert re.fullmatch(rf"({STAMP}) one\n", result.out)
    assert re.fullmatch(rf"({STAMP}) two\n", result.err)
    then = datetime.fromisoformat(result.out[:26] + "+00:00")
    assert abs((datetime.now(UTC) - then).total_seconds()) < 60


@pytest.mark.parametrize(
    ("tail", "wanted"),
    [
        ("2", "4\n5\n"),
        ("0", ""),
        ("all", "1\n2\n3\n4\n5\n"),
        ("99", "1\n2\n3\n4\n5\n"),
        ("-1", "1\n2\n3\n4\n5\n"),
    ],
)
def test_tail(docker: Client, name: str, tail: str, wanted: str) -> None:
    """A3.4: -n / --tail counts lines."""
    finished(docker, name, "for i in 1 2 3 4 5; do echo $i; done")
    assert docker("logs", "--tail", tail, name) == (0, wanted, "")
    assert docker("logs", "-n", tail, name).out == wanted


def test_since_and_until(docker: Client, name: str) -> None:
    """A3.4: bounds by time stamp and by age."""
    finished(docker, name, "echo first; sleep 1.2; echo second; sleep 1.2; echo third")
    stamps = [line.split()[0] for line in docker("logs", "-t", name).lines]
    assert docker.ok("logs", "--since", stamps[1], name) == "second\nthird"
    assert docker.ok("logs", "--since", "1h", name) == "first\nsecond\nthird"
    assert docker.ok("logs", "--until", stamps[1][:19] + "Z", name) in ("first", "")
    assert docker.ok("logs", "--until", "1h", name) == ""
    assert docker.ok("logs", "--since", stamps[1], "--tail", "1", name) == "third"


def test_follow_ends_with_the_container(docker: Client, name: str) -> None:
    """A3.4: -f shows what comes and ends when the container ends."""
    docker.ok("run", "-di", "--name", name, "busybox", "sh", "-c", "echo early; read x; echo late; exit 3")
    with docker.piped("logs", "-f", name) as session:
        session.expect("early\n")
        with docker.piped("attach", name) as typing:
            typing.send("go\n")
            session.expect("late\n")
        assert session.wait() == 0


def test_follow_with_tail(docker: Client, name: str) -> None:
    """A3.4: --tail with -f: the last lines, then what is new."""
    docker.ok("run", "-di", "--name", name, "busybox", "sh", "-c", "echo a; echo b; echo c; read x; echo d")
    wait_until(lambda: docker("logs", name).lines == ["a", "b", "c"], "three lines are there")
    with docker.piped("logs", "-f", "-n", "1", name) as session:
        session.expect("c\n")
        with docker.piped("attach", name) as typing:
            typing.send("go\n")
            assert session.wait() == 0
    assert session.seen == b"c\nd\n"


def test_logs_grow_over_starts(docker: Client, name: str) -> None:
    """A2.5: two lines after two starts."""
    docker.ok("run", "--name", name, "busybox", "echo", "line")
    docker.ok("start", "-a", name)
    assert docker.ok("logs", name) == "line\nline"


def test_partial_lines_and_no_newline_at_the_end(docker: Client, name: str) -> None:
    """A3.4: bytes come back as they were written."""
    finished(docker, name, "printf no-newline")
    assert docker.binary("logs", name).stdout == b"no-newline"


def test_long_lines(docker: Client, name: str) -> None:
    """A3.4: a line longer than any buffer (dockerd's is 16 KiB) comes back whole, and so does its
    neighbour."""
    finished(docker, name, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo after")
    assert docker.ok("logs", name) == "x" * 100000 + "\nafter"
    assert docker.ok("logs", "--tail", "1", name) == "after"


def test_bytes_that_are_no_text(docker: Client, name: str) -> None:
    """A3.4: what is not UTF-8 does not stop the log; valid parts come back."""
    finished(docker, name, r"printf 'a\377b\n'; echo ok; printf 'gr\303\274n\n'")
    data = docker.binary("logs", name).stdout
    assert data.startswith(b"a")
    assert b"ok\n" in data
    assert "grün\n".encode() in data


def test_details(docker: Client, name: str) -> None:
    """A3.4: --details shows the attributes chosen by log options."""
    words = (
        "--log-driver",
        "json-file",
        "--log-opt",
        "labels=team",
        "--log-opt",
        "env=STAGE",
        "--label",
        "team=vision",
        "-e",
        "STAGE=test",
    )
    finished(docker, name, "echo line", *words)
    assert docker.ok("logs", "--details", name) in (
        "STAGE=test,team=vision line",
        "team=vision,STAGE=test line",
    )


def test_unknown_container(docker: Client) -> None:
    """A7 logs."""
    assert docker("logs", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")


def test_driver_none(docker: Client, name: str) -> None:
    """A3.4: nothing to read with --log-driver none; the text says so."""
    finished(docker, name, "echo lost", "--log-driver", "none")
    result = docker("logs", name)
    assert result.code == 1
    assert "configured logging driver does not support reading" in result.err


def test_driver_local(docker: Client, name: str) -> None:
    """A3.4: the local driver is read like json-file."""
    finished(docker, name, "echo out; echo err >&2", "--log-driver", "local")
    assert docker("logs", name) == (0, "out\n", "err\n")
    assert docker.ok("inspect", "-f", "{{.HostConfig.LogConfig.Type}}", name) == "local"


def test_rotation(docker: Client, name: str) -> None:
    """Logs cannot fill the disk: with max-size and max-file only the last part stays, without a torn line."""
    script = "i=0; while [ $i -lt 3000 ]; do echo line-number-$i-padding-padding; i=$((i+1)); done"
    finished(docker, name, script, "--log-opt", "max-size=20k", "--log-opt", "max-file=2")
    lines = docker.ok("logs", name).splitlines()
    assert lines[-1] == "line-number-2999-padding-padding"
    numbers = [int(re.fullmatch(r"line-number-(\d+)-padding-padding", line)[1]) for line in lines]
    assert numbers == list(range(numbers[0], 3000))
    assert 0 < len(numbers) < 2000


@pytest.mark.parametrize(
    ("option", "complaint"),
    [("nope=1", "unknown log opt 'nope'"), ("max-size=x", "max-size"), ("max-file=0", "max-file")],
)
def test_bad_options(docker: Client, option: str, complaint: str) -> None:
    """Bad input: unknown and senseless log options are refused at create."""
    result = docker("create", "--log-driver", "json-file", "--log-opt", option, "busybox")
    if result.code == 0:  # values are looked at when the log is opened
        result = docker("start", result.out.strip())
    assert result.code == 1
    assert complaint in result.err or "invalid size" in result.err


def test_a_stream_must_be_chosen(api: Api, docker: Client, name: str) -> None:
    """C2: neither stdout nor stderr is an error."""
    docker.ok("create", "--name", name, "busybox")
    reply = api.get(f"/containers/{name}/logs")
    assert reply.status == 400
    assert reply.message == "Bad parameters: you must choose at least one stream"


def test_one_stream_by_the_api(api: Api, docker: Client, name: str) -> None:
    """C2: frames of the chosen stream only."""
    finished(docker, name, "echo out; echo err >&2")
    assert split_streams(api.get(f"/containers/{name}/logs", stderr=1).body) == {"stderr": b"err\n"}
    assert split_streams(api.get(f"/containers/{name}/logs", stdout=1).body) == {"stdout": b"out\n"}


def test_never_started(docker: Client, name: str) -> None:
    """A3.4: an empty log is no error."""
    docker.ok("create", "--name", name, "busybox")
    assert docker("logs", name) == (0, "", "")
    assert docker("logs", "-f", name, timeout=20) == (0, "", "")
