"""Runs ``berthd`` detached and waits until its socket answers."""

import fcntl
import os
import select
import sys

from berth.client.probe import answers

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli

LOG = "/var/log/berthd.log"
_PATIENCE = 15.0
_PAUSE = 0.02


def daemon_command(env: "dict[str, str]") -> list[str]:
    """How to call the daemon that belongs to this client.

    BERTH_DAEMON names it; else it is the script beside the client, one in PATH, or the module.
    """
    if env.get("BERTH_DAEMON"):
        return [env["BERTH_DAEMON"]]
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0] or "berth")), "berthd")
    candidates = [beside, os.path.join(os.path.dirname(sys.executable), "berthd")]
    candidates += [os.path.join(folder, "berthd") for folder in env.get("PATH", "").split(":") if folder]
    for path in candidates:
        if os.access(path, os.X_OK):
            return [path]
    return [sys.executable, "-m", "berth.daemon"]


def start_daemon(cli: "Cli", socket_path: str) -> str:
    """Start the daemon and wait for its socket; an empty text, or why it did not come up.

    Of several clients that find no daemon at the same time one starts it and the others wait.
    """
    try:
        lock = os.open(f"{socket_path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return f"{socket_path}.lock cannot be written: {error.strerror}"
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return "" if answers(socket_path) else _start(cli, socket_path)
    finally:
        os.close(lock)


def _start(cli: "Cli", socket_path: str) -> str:
    command = [*daemon_command(dict(cli.env)), "-H", f"unix://{socket_path}"]
    log = cli.env.get("BERTH_AUTOSTART_LOG") or LOG
    cli.note(f"berth: no daemon is running, starting {command[0]} (its log: {log})")
    try:
        log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    except OSError as error:
        return f"the daemon's log {log} cannot be written: {error.strerror}"
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, source, fd) for fd, source in enumerate((null, log_fd, log_fd))]
        # A session of its own: the daemon must not die with the terminal that happened to start it.
        pid = os.posix_spawn(command[0], command, dict(cli.env), file_actions=actions, setsid=True)
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    finally:
        os.close(log_fd)
        os.close(null)
    return _wait_ready(pid, socket_path, log)


def _wait_ready(pid: int, socket_path: str, log: str) -> str:
    watch = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    try:
        for _ in range(int(_PATIENCE / _PAUSE)):
            if answers(socket_path):
                return ""
            if poll.poll(_PAUSE * 1000):
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                return f"the daemon ended with code {status}; see {log}"
    finally:
        os.close(watch)
    return f"the daemon did not answer within {_PATIENCE:.0f} seconds; see {log}"
