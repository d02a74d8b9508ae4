"""The plain verbs on several containers: names that succeeded on stdout, errors behind, exit code 1 (A7)."""

import pytest

from tests.unit.cli.conftest import Call, FakeDaemon

MISSING = (404, {"message": "No such container: zz"})


@pytest.mark.parametrize(
    ("line", "what", "query"),
    [
        ("pause", "POST {}/pause", {}),
        ("unpause", "POST {}/unpause", {}),
        ("kill", "POST {}/kill", {}),
        ("kill -s USR1", "POST {}/kill", {"signal": "USR1"}),
        ("stop", "POST {}/stop", {}),
        ("stop -s INT -t 0", "POST {}/stop", {"signal": "INT", "t": "0"}),
        ("stop --timeout=-1", "POST {}/stop", {"t": "-1"}),
        ("restart -t 5", "POST {}/restart", {"t": "5"}),
        ("rm", "DELETE {}", {}),
        ("rm -fvl", "DELETE {}", {"force": "1", "v": "1", "link": "1"}),
        ("container remove -v", "DELETE {}", {"v": "1"}),
    ],
)
def test_several(line: str, what: str, query: dict[str, str], daemon: FakeDaemon, docker: Call) -> None:
    for name in ("a", "b"):
        daemon.on(what.format(f"/containers/{name}"), (204, None))
    daemon.on(what.format("/containers/zz"), MISSING)
    forced = "-f" in line
    assert tuple(docker(*line.split(), "a", "zz", "b")) == (
        0 if forced else 1,
        "a\nb\n",
        "Error response from daemon: No such container: zz\n",
    )
    assert daemon.asked(what.format("/containers/a")).query == query
    assert tuple(docker(*line.split(), "a")) == (0, "a\n", "")


def test_errors_come_together(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/zz/kill", MISSING)
    daemon.on("POST /containers/x/kill", (409, {"message": "not running"}))
    assert tuple(docker("kill", "zz", "x")) == (
        1,
        "",
        "Error response from daemon: No such container: zz\nError response from daemon: not running\n",
    )


def test_names_are_quoted(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/a%3Fb%20c/pause", (204, None))
    assert docker("pause", "a?b c").code == 0


def test_wait(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/a/wait", (200, {"StatusCode": 137}))
    daemon.on("POST /containers/zz/wait", MISSING)
    assert tuple(docker("wait", "zz", "a")) == (
        1,
        "137\n",
        "Error response from daemon: No such container: zz\n",
    )


def test_rename(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/a/rename", (204, None))
    assert tuple(docker("rename", "a", "b")) == (0, "", "")
    assert daemon.asked("POST /containers/a/rename").query == {"name": "b"}
    daemon.on("POST /containers/zz/rename", MISSING)
    assert docker("rename", "zz", "b").err == (
        "Error response from daemon: No such container: zz\nError: failed to rename container named zz\n"
    )
    assert docker("rename", "", "b").err == "Error: Neither old nor new names may be empty\n"


def test_old_flag_of_stop(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/a/stop", (204, None))
    assert docker("stop", "--time", "3", "a").out == (
        "Flag --time has been deprecated, use --timeout instead\na\n"
    )
    assert daemon.asked("POST /containers/a/stop").query == {"t": "3"}
    assert docker("stop", "--time", "3", "-t", "4", "a").err == (
        "conflicting options: cannot specify both --timeout and --time\n"
    )


def test_empty_name(docker: Call) -> None:
    assert docker("rm", "").err == "container name cannot be empty\n"
    assert docker("kill", "").err == "invalid container name or ID: value is empty\n"
