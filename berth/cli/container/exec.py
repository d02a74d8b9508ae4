"""``berth exec``."""

from berth.base.errors import BerthError
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import container_path
from berth.cli.container.streaming import chosen_keys
from berth.cli.flags import Flag
from berth.client.errors import ConnectionFailed

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options


def _environment(text: str) -> str:
    """As the flag of ``run`` has it; imported when it is used, since most calls have no variables."""
    from berth.cli.container.spec.values import environment

    return environment(text)


COMMAND = Command(
    "[OPTIONS] CONTAINER COMMAND [ARG...]",
    (
        Flag("detach", "d", "bool", "Detached mode: run command in the background"),
        Flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
        Flag("env", "e", "list", "Set environment variables", parse=_environment),
        Flag("env-file", "", "list", "Read in a file of environment variables"),
        Flag("interactive", "i", "bool", "Keep STDIN open even if not attached"),
        Flag("privileged", "", "bool", "Give extended privileges to the command"),
        Flag("tty", "t", "bool", "Allocate a pseudo-TTY"),
        Flag("user", "u", "string", 'Username or UID (format: "<name|uid>[:<group|gid>]")'),
        Flag("workdir", "w", "string", "Working directory inside the container"),
    ),
    min_args=2,
    max_args=UNLIMITED,
    aliases=("container exec", "exec"),
    interspersed=False,
)


def run(cli: "Cli", options: "Options") -> int:
    """Run a command in a container; the exit code is the command's."""
    body = _body(cli, options)
    path = container_path(options.args[0])
    if options.tty and options.interactive and not options.detach:
        from berth.cli.terminal import check_tty

        # An unknown container is the more useful complaint, and an exec that is never started stays behind
        # in the engine: look for the container before the terminal.
        cli.client.request("GET", f"{path}/json").read()
        check_tty(stdin_wanted=True, tty=True, fd=cli.stdin)
    execution = cli.client.post(f"{path}/exec", None, body)["Id"]
    start: dict[str, Any] = {"Detach": options.detach, "Tty": options.tty}
    if options.tty:
        start["ConsoleSize"] = body["ConsoleSize"]
    if options.detach:
        cli.client.request("POST", f"/exec/{execution}/start", body=start).read()
        return 0
    code = _interact(cli, options, execution, start)
    return code & 0xFF if code is not None else _exit_code(cli, execution)


def _interact(cli: "Cli", options: "Options", execution: str, start: "dict[str, Any]") -> int | None:
    """Carry the streams; the exit code where the engine tells it at their end (Docker's does not)."""
    from berth.cli.container.session import Session
    from berth.cli.container.streaming import keys_of
    from berth.cli.streams import is_terminal

    keys = keys_of(cli, options.detach_keys)
    with Session(cli, tty=options.tty, keys=keys, resize_path=f"/exec/{execution}/resize") as session:
        stream = cli.client.takeover(
            f"/exec/{execution}/start", None, body=start, headers={"Berth-Exit-Code": "frame"}
        )
        if options.interactive:
            session.raw_input()
        if options.tty and is_terminal(cli.stdin):
            session.watch_window()
        session.copy(stream, stdin=options.interactive)
        return session.exit_code


def _exit_code(cli: "Cli", execution: str) -> int:
    try:
        return int(cli.client.get(f"/exec/{execution}/json")["ExitCode"]) & 0xFF
    except ConnectionFailed:
        return 255  # the engine went away in the meantime; what Docker's client returns then


def _body(cli: "Cli", options: "Options") -> "dict[str, Any]":
    variables: list[str] = []
    if options.env_file:
        from berth.cli.container.spec.files import read_pairs

        variables += [pair for path in options.env_file for pair in read_pairs(path, cli.env)]
    for text in options.env:
        name, equals, _ = text.partition("=")
        variables.append(text if equals or name not in cli.env else f"{name}={cli.env[name]}")
    if not options.args[0].strip():
        raise BerthError("invalid container name or ID: value is empty")
    body: dict[str, Any] = {
        "User": options.user,
        "Privileged": options.privileged,
        "Tty": options.tty,
        "AttachStdin": options.interactive and not options.detach,
        "AttachStdout": not options.detach,
        "AttachStderr": not options.detach,
        "Detach": options.detach,
        "DetachKeys": chosen_keys(cli, options.detach_keys),
        "Env": variables or None,
        "WorkingDir": options.workdir,
        "Cmd": options.args[1:],
    }
    if options.tty:
        from berth.cli.terminal import size

        body["ConsoleSize"] = list(size(cli.out.fd))
    return body
