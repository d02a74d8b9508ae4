"""A container's state: the object of ``inspect`` and the sentence of ``ps``."""

from berth.api.shape.times import rfc3339
from berth.api.shape.wire import Json
from berth.base.units import human_duration
from berth.engine.container.record import ContainerState, Health, Status

_SECOND_NS = 1_000_000_000


def state(given: ContainerState) -> Json:
    """``State``; Docker's booleans follow from the one status (a paused container is also running)."""
    status = given.status
    shaped: Json = {
        "Status": status,
        "Running": status in (Status.RUNNING, Status.PAUSED, Status.RESTARTING),
        "Paused": status is Status.PAUSED,
        "Restarting": status is Status.RESTARTING,
        "OOMKilled": given.oom_killed,
        "Dead": status is Status.DEAD,
        "Pid": given.pid,
        "ExitCode": given.exit_code,
        "Error": given.error,
        "StartedAt": rfc3339(given.started_at),
        "FinishedAt": rfc3339(given.finished_at),
    }
    if given.health is not None:
        shaped["Health"] = _health(given.health)
    return shaped


def _health(health: Health) -> Json:
    return {
        "Status": health.status,
        "FailingStreak": health.failing_streak,
        "Log": [
            {
                "Start": rfc3339(probe.started_at),
                "End": rfc3339(probe.ended_at),
                "ExitCode": probe.exit_code,
                "Output": probe.output,
            }
            for probe in health.log
        ],
    }


def status_text(given: ContainerState, now_ns: int) -> str:
    """ "Up 3 minutes (healthy)", "Exited (0) 2 hours ago": what ``ps`` prints."""
    status = given.status
    if status is Status.RESTARTING:
        return f"Restarting ({given.exit_code}) {_since(given.finished_at, now_ns)} ago"
    if status is Status.PAUSED:
        return f"Up {_since(given.started_at, now_ns)} (Paused)"
    if status is Status.RUNNING:
        up = f"Up {_since(given.started_at, now_ns)}"
        if given.health is None:
            return up
        words = "health: starting" if given.health.status == "starting" else given.health.status
        return f"{up} ({words})"
    if status is Status.REMOVING:
        return "Removal In Progress"
    if status is Status.DEAD:
        return "Dead"
    if status is Status.CREATED:
        return "Created"
    return f"Exited ({given.exit_code}) {_since(given.finished_at, now_ns)} ago"


def _since(then_ns: int, now_ns: int) -> str:
    return human_duration(max(0, now_ns - then_ns) / _SECOND_NS)
