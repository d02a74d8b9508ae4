"""Entry point of the client: ``berth``, and ``docker`` or ``nvidia-docker`` where it goes by these names."""

import posix
import sys

_SIGINT, _SIGPIPE = 2, 13


def main() -> None:
    """Run the command line of this process and end it.

    Ends by ``os._exit`` once both streams are written: tearing the interpreter down costs a millisecond.
    """
    import _signal  # type: ignore[import-not-found]  # signal above it imports enum

    _signal.signal(_SIGPIPE, _signal.SIG_DFL)
    _signal.signal(_SIGINT, _signal.SIG_DFL)
    code = run(sys.argv[0], sys.argv[1:], environment())
    posix._exit(code)  # noqa: SLF001 - os would have to be imported for the same call


def run(argv0: str, words: list[str], env: dict[str, str]) -> int:
    """Carry out ``words`` as the program named ``argv0``; print errors; the exit code."""
    from berth.base.errors import BerthError
    from berth.cli.cli import Cli, Exit
    from berth.cli.dispatch import execute

    name = argv0.rpartition("/")[2]
    program = "docker" if name in ("docker", "nvidia-docker") else "berth"
    cli = Cli(program, env)
    cli.nvidia = name == "nvidia-docker"
    try:
        code = execute(cli, words)
    except Exit as stop:
        code = stop.code
        _complain(cli, stop)
    except BerthError as error:
        code = 1
        _complain(cli, error)
    cli.flush()
    cli.close()
    return code


def _complain(cli, error) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    text = str(error)
    if text:
        cli.note(text)
    if error.hint:
        cli.note(f"hint: {error.hint}")


def environment() -> dict[str, str]:
    """The environment as text; undecodable bytes survive as surrogates."""
    return {
        name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
        for name, value in posix.environ.items()
    }


if __name__ == "__main__":
    main()
