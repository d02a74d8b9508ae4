"""``berth login``."""

import posix

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.notes import print_note
from berth.cli.streams import is_terminal, read_line

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] [SERVER]",
    (
        Flag("password", "p", "string", "Password or Personal Access Token (PAT)"),
        Flag("password-stdin", "", "bool", "Take the Password or Personal Access Token (PAT) from stdin"),
        Flag("username", "u", "string", "Username"),
    ),
    max_args=1,
    long="Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
)
_INTERRUPTED = 130
_NO_TERMINAL = "Error: Cannot perform an interactive login from a non TTY device"


def run(cli: "Cli", options: "Options") -> int:
    """Try credentials at a registry by way of the daemon, and keep them if they are taken."""
    from berth.cli.credentials import find, server_key

    password = _given_password(cli, options)
    server = server_key(options.args[0] if options.args else "")
    known = find(cli.config, server, cli.env)
    if not options.username and not password and _usable(known):
        status = _with_stored(cli, known)
        if status:
            cli.out.line(status)
            return 0
    entry = _asked(cli, options, password, server, known)
    cli.out.line(_log_in(cli, entry))
    return 0


def _usable(known: "dict[str, str]") -> bool:
    return bool(known.get("identitytoken") or (known.get("username") and known.get("password")))


def _given_password(cli: "Cli", options: "Options") -> str:
    """The password of the flags, after checking that they make sense together."""
    if options.changed("username") and not options.username:
        raise BerthError("username is empty")
    if options.changed("password") and not options.password:
        raise BerthError("password is empty")
    if options.password and options.password_stdin:
        raise BerthError("conflicting options: cannot specify both --password and --password-stdin")
    if options.password_stdin:
        if not options.username:
            raise BerthError("the --password-stdin option requires --username to be set")
        return _read_all(cli.stdin).removesuffix("\n").removesuffix("\r")
    if options.password:
        cli.note("WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
    return str(options.password)


def _read_all(fd: int) -> str:
    parts = []
    while piece := posix.read(fd, 65536):
        parts.append(piece)
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _with_stored(cli: "Cli", known: "dict[str, str]") -> str:
    """Try what is kept; the status, or an empty text when it is no good any more."""
    cli.note(f"Authenticating with existing credentials... [Username: {known.get('username', '')}]")
    print_note(
        cli.err,
        f"To login with a different account, run '{cli.program} logout' followed by '{cli.program} login'",
    )
    cli.note("\n")
    from berth.client.errors import ApiError

    try:
        return _log_in(cli, known)
    except ApiError as error:
        unauthorized = error.status == 401
        cli.note(
            "Stored credentials invalid or expired"
            if unauthorized
            else f"Login did not succeed, error: {error}"
        )
        return ""


def _asked(
    cli: "Cli", options: "Options", password: str, server: str, known: "dict[str, str]"
) -> "dict[str, str]":
    """User and password from the flags and, where these leave something open, from the terminal."""
    if (not options.username or not password) and not is_terminal(cli.stdin):
        raise BerthError(_NO_TERMINAL)
    user = options.username
    if not user:
        default = known.get("username", "")
        cli.out.write(f"Username ({default}): " if default else "Username: ")
        cli.out.flush()
        user = read_line(cli.stdin).strip() or default
        if not user:
            raise BerthError("Error: Non-null Username Required")
    if not password:
        password = _read_secret(cli, "Password: ")
        if not password:
            raise BerthError("Error: Password Required")
    return {"serveraddress": server, "username": user, "password": password}


def _read_secret(cli: "Cli", prompt: str) -> str:
    """A line that is not shown while it is typed; the terminal is put right again whatever happens."""
    import signal
    import termios

    before = termios.tcgetattr(cli.stdin)
    silent = termios.tcgetattr(cli.stdin)
    silent[3] &= ~termios.ECHO
    # Ctrl-C must not leave a terminal behind that shows nothing any more.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        termios.tcsetattr(cli.stdin, termios.TCSADRAIN, silent)
        cli.out.write(prompt)
        cli.out.flush()
        return read_line(cli.stdin).strip("\r")
    except KeyboardInterrupt:
        raise Exit(_INTERRUPTED) from None
    finally:
        termios.tcsetattr(cli.stdin, termios.TCSADRAIN, before)
        signal.signal(signal.SIGINT, handler)
        cli.out.line()
        cli.out.flush()


def _log_in(cli: "Cli", entry: "dict[str, str]") -> str:
    """Let the daemon try, keep what was taken; returns the daemon's status."""
    from berth.cli.credentials import store

    answer: dict[str, Any] = cli.client.post("/auth", body=entry) or {}
    kept = dict(entry)
    if answer.get("IdentityToken"):
        kept["password"] = ""
        kept["identitytoken"] = answer["IdentityToken"]
    try:
        readable = store(cli.config, kept, cli.env)
    except BerthError as error:
        raise BerthError(f"Error saving credentials: {error}") from None
    if readable:
        cli.note(
            f"\nWARNING! Your credentials are stored unencrypted in '{cli.config.directory}/config.json'.\n"
            "Configure a credential helper to remove this warning. See\n"
            "https://docs.docker.com/go/credential-store/\n"
        )
    return str(answer.get("Status") or "Login Succeeded")
