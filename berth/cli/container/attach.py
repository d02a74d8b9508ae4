"""``berth attach``."""

from berth.cli.command import Command
from berth.cli.container.many import container_path
from berth.cli.container.streaming import attach_query, check_attachable, keys_of
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER",
    (
        Flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
        Flag("no-stdin", "", "bool", "Do not attach STDIN"),
        Flag("sig-proxy", "", "bool", "Proxy all received signals to the process", default=True),
        # Docker's attach has neither; people type -it out of habit, and it can only mean what attach does.
        Flag("interactive", "i", "bool", "", hidden=True),
        Flag("tty", "t", "bool", "", hidden=True),
    ),
    min_args=1,
    max_args=1,
    aliases=("container attach", "attach"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Attach to a running container; the exit code is that of its process."""
    from berth.cli.container.exits import exit_code
    from berth.cli.container.session import Session
    from berth.cli.terminal import check_tty

    if options.changed("interactive") or options.changed("tty"):
        cli.note("note: attach needs no -i or -t, the container's own settings count")
    path = container_path(options.args[0])
    answer = cli.client.request("POST", f"{path}/wait")
    found = cli.client.get(f"{path}/json")
    check_attachable(found)
    tty = found["Config"]["Tty"]
    check_tty(stdin_wanted=not options.no_stdin, tty=tty, fd=cli.stdin)
    stdin = not options.no_stdin and found["Config"]["OpenStdin"]
    session = Session(
        cli,
        tty=tty,
        keys=keys_of(cli, options.detach_keys),
        signal_path=f"{path}/kill" if options.sig_proxy and not tty else "",
        resize_path=f"{path}/resize",
        stays=True,  # as Docker's: with --sig-proxy=false one ^C has no effect at all
    )
    with session:
        query = attach_query(cli, options.detach_keys, stdin=stdin, stdout=True, stderr=True)
        stream = cli.client.takeover(f"{path}/attach", query)
        # It may have stopped in between; attaching to a stopped container would wait for ever.
        check_attachable(cli.client.get(f"{path}/json"))
        if tty and cli.out.is_terminal():
            session.nudge_window()
            session.watch_window()
        if stdin:
            session.raw_input()
        session.copy(stream, stdin=stdin)
    return exit_code(cli, answer)
