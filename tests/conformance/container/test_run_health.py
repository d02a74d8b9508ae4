"""Health checks (D1 HEALTHCHECK as the engine runs it, A3.1 status)."""

from tests.support.cli import Client
from tests.support.events import actions
from tests.support.http import Api
from tests.support.waiting import wait_until

QUICK = ("--health-interval", "200ms", "--health-retries", "2")


def health(docker: Client, name: str) -> str:
    return docker.ok("inspect", "-f", "{{.State.Health.Status}}", name)


def test_states(docker: Client, name: str) -> None:
    """D1: starting, unhealthy after the retries, healthy once the probe succeeds; ps shows it."""
    docker.ok("run", "-d", "--name", name, "fixture-health:1", "sleep", "300")
    wait_until(lambda: health(docker, name) == "unhealthy", "two probes have failed")
    assert docker.ok("ps", "--filter", f"name={name}", "--format", "{{.Status}}").endswith(" (unhealthy)")
    docker.ok("exec", name, "touch", "/healthy")
    wait_until(lambda: health(docker, name) == "healthy", "a probe has succeeded")
    assert docker.ok("ps", "--filter", "health=healthy", "--format", "{{.Names}}") == name


def test_starting(docker: Client, name: str) -> None:
    """D1: before the first probe has run."""
    docker.ok(
        "run",
        "-d",
        "--name",
        name,
        "--health-cmd",
        "true",
        "--health-interval",
        "1h",
        "busybox",
        "sleep",
        "300",
    )
    assert docker.ok("ps", "--filter", f"name={name}", "--format", "{{.Status}}").endswith(
        " (health: starting)"
    )


def test_log_keeps_output_and_code(docker: Client, api: Api, name: str) -> None:
    """D1: output and exit code of the last probes."""
    docker.ok(
        "run", "-d", "--name", name, "--health-cmd", "echo probed; exit 1", *QUICK, "busybox", "sleep", "300"
    )
    log = wait_until(
        lambda: api.get(f"/containers/{name}/json").json()["State"]["Health"]["Log"], "a probe has run"
    )
    assert log[0]["ExitCode"] == 1
    assert log[0]["Output"] == "probed\n"
    assert log[0]["Start"] < log[0]["End"]


def test_no_healthcheck(docker: Client, name: str) -> None:
    """B4 --no-healthcheck switches the image's off."""
    docker.ok("run", "-d", "--name", name, "--no-healthcheck", "fixture-health:1", "sleep", "300")
    assert docker.ok("inspect", "-f", "{{.State.Health}}", name) in ("<nil>", "<no value>")


def test_timeout(docker: Client, name: str) -> None:
    """D1: a probe that hangs is a failed one."""
    words = ("--health-cmd", "sleep 60", "--health-timeout", "200ms", *QUICK)
    docker.ok("run", "-d", "--name", name, *words, "busybox", "sleep", "300")
    wait_until(lambda: health(docker, name) == "unhealthy", "the probe has timed out twice")


def test_event(docker: Client, api: Api, name: str) -> None:
    """D1: health_status events."""
    docker.ok("run", "-d", "--name", name, "--health-cmd", "true", *QUICK, "busybox", "sleep", "300")
    wait_until(lambda: health(docker, name) == "healthy", "a probe has succeeded")
    wait_until(lambda: "health_status: healthy" in actions(api, name), "the event is in the log")


def test_bad_interval(docker: Client) -> None:
    """Bad input."""
    result = docker("run", "-d", "--health-cmd", "true", "--health-interval", "1us", "busybox", "true")
    assert result.code == 125
    assert "nterval in Healthcheck cannot be less than 1ms" in result.err
