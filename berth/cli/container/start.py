"""``berth start``."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import container_path
from berth.cli.flags import Flag
from berth.client.errors import ApiError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    (
        Flag("attach", "a", "bool", "Attach STDOUT/STDERR and forward signals"),
        Flag("interactive", "i", "bool", "Attach container's STDIN"),
        Flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container start", "start"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Start containers and print their names; with -a or -i attach to the one and return its exit code."""
    if options.attach or options.interactive:
        if len(options.args) > 1:
            raise BerthError("you cannot start and attach multiple containers at once")
        return _attached(cli, options)
    failed: list[str] = []
    for name in options.args:
        try:
            cli.client.request("POST", f"{container_path(name)}/start").close()
        except ApiError as error:
            cli.note(str(error))
            failed.append(name)
        else:
            cli.out.line(name)
    if failed:
        raise Exit(1, f"Error: failed to start containers: {', '.join(failed)}")
    return 0


def _attached(cli: "Cli", options: "Options") -> int:
    from berth.cli.container.exits import exit_code, wait_for_exit
    from berth.cli.container.session import Detached, Session
    from berth.cli.container.streaming import attach_query, keys_of

    found = cli.client.get(f"{container_path(options.args[0])}/json")
    tty = found["Config"]["Tty"]
    stdin = options.interactive and found["Config"]["OpenStdin"]
    removed = found["HostConfig"]["AutoRemove"]
    path = f"/containers/{found['Id']}"
    session = Session(
        cli,
        tty=tty,
        keys=keys_of(cli, options.detach_keys),
        signal_path="" if tty else f"{path}/kill",
        resize_path=f"{path}/resize",
    )
    with session:
        query = attach_query(cli, options.detach_keys, stdin=stdin, stdout=True, stderr=True)
        stream = cli.client.takeover(f"{path}/attach", query)
        answer = wait_for_exit(cli, found["Id"], removed=removed)
        if stdin:
            session.raw_input()
        try:
            cli.client.request("POST", f"{path}/start").close()
        except ApiError:
            stream.connection.close()
            if removed:
                answer.read()
            raise
        if tty and cli.out.is_terminal():
            session.watch_window()
        try:
            session.copy(stream, stdin=stdin, exit_answer=answer)
        except Detached:
            return 0
        return exit_code(cli, answer)
