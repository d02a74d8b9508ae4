"""``berth run``: create, attach, start, and stay until the container ends or the user leaves."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.create import create_container, prepare, with_help
from berth.cli.container.exits import exit_code, start_failure_code, wait_for_exit
from berth.cli.container.spec.flags import SPEC_FLAGS
from berth.cli.flags import Flag
from berth.client.errors import ApiError, ConnectionFailed

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.container.spec.body import Spec
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    (
        *SPEC_FLAGS,
        Flag("detach", "d", "bool", "Run container in background and print container ID"),
        Flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
        Flag("sig-proxy", "", "bool", "Proxy received signals to the process", default=True),
        Flag(
            "pull",
            "",
            "string",
            'Pull image before running ("always", "missing", "never")',
            default="missing",
        ),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container run", "run"),
    interspersed=False,
)


def run(cli: "Cli", options: "Options") -> int:
    """Run a container; the exit code is that of its process (125 to 127 when it could not be run)."""
    try:
        spec = prepare(cli, options, "run")
    except ConnectionFailed as error:
        raise _status(cli, error) from None
    config = spec.config
    if options.detach:
        if options.attach:
            raise BerthError("conflicting options: cannot specify both --attach and --detach")
        config |= {"AttachStdin": False, "AttachStdout": False, "AttachStderr": False, "StdinOnce": False}
    else:
        from berth.cli.terminal import check_tty

        check_tty(stdin_wanted=config["AttachStdin"], tty=config["Tty"], fd=cli.stdin)
    try:
        container = create_container(cli, options, spec)
    except BerthError as error:
        raise _status(cli, error) from None
    if config["AttachStdin"] or config["AttachStdout"] or config["AttachStderr"]:
        return _attached(cli, options, spec, container)
    cli.out.line(container)
    cli.out.flush()
    try:
        cli.client.request("POST", f"/containers/{container}/start").close()
    except BerthError as error:
        raise _status(cli, error) from None
    return 0


def _status(cli: "Cli", error: BerthError) -> Exit:
    return Exit(start_failure_code(str(error)), with_help(cli, error, "run"), hint=error.hint)


def _attached(cli: "Cli", options: "Options", spec: "Spec", container: str) -> int:
    from berth.cli.container.session import Detached, Session
    from berth.cli.container.streaming import attach_query, keys_of

    config = spec.config
    path = f"/containers/{container}"
    session = Session(
        cli,
        tty=config["Tty"],
        keys=keys_of(cli, options.detach_keys),
        signal_path=f"{path}/kill" if options.sig_proxy else "",
        resize_path=f"{path}/resize",
    )
    with session:
        query = attach_query(
            cli,
            options.detach_keys,
            stdin=config["AttachStdin"],
            stdout=config["AttachStdout"],
            stderr=config["AttachStderr"],
        )
        stream = cli.client.takeover(f"{path}/attach", query)
        answer = wait_for_exit(cli, container, removed=options.rm)
        if config["AttachStdin"]:
            session.raw_input()
        try:
            cli.client.request("POST", f"{path}/start").close()
        except ApiError as error:
            stream.connection.close()
            if options.rm:
                answer.read()  # the engine removes what could not start; wait until it has
            raise _status(cli, error) from None
        if config["Tty"] and cli.out.is_terminal():
            session.watch_window()
        try:
            session.copy(
                stream,
                stdin=config["AttachStdin"],
                output=config["AttachStdout"] or config["AttachStderr"],
                exit_answer=answer,
            )
        except Detached:
            return 0
        return exit_code(cli, answer)
