"""``--security-opt``: what the client does with it before the engine sees it."""

from berth.base.errors import InvalidArgument
from berth.cli.config import read_file
from berth.cli.flags import quote
from berth.wire.json import dumps, loads


def security_options(given: list[str]) -> tuple[list[str] | None, list[str] | None, list[str] | None]:
    """(options to send, masked paths, read-only paths).

    A seccomp profile named by a file is replaced by its content; ``systempaths=unconfined`` becomes empty
    lists of masked and read-only paths.
    """
    sent: list[str] = []
    paths: list[str] | None = None
    for option in given:
        _check(option)
        if option == "systempaths=unconfined":
            paths = []
        else:
            sent.append(_with_profile(option))
    return (sent if given else None), paths, paths


def _check(option: str) -> None:
    name, separator, value = _split(option)
    if name != "no-new-privileges" and (not separator or not value):
        raise InvalidArgument(f"Invalid --security-opt: {quote(option)}")


def _split(option: str) -> tuple[str, str, str]:
    if "=" in option or option == "no-new-privileges":
        return option.partition("=")
    return option.partition(":")


def _with_profile(option: str) -> str:
    name, _, value = _split(option)
    if name != "seccomp" or value in ("builtin", "unconfined"):
        return option
    try:
        content = read_file(value)
        problem = f"open {value}: no such file or directory"
    except OSError as error:
        content, problem = None, f"open {value}: {(error.strerror or '').lower()}"
    if content is None:
        raise InvalidArgument(f"opening seccomp profile ({value}) failed: {problem}")
    try:
        return f"seccomp={dumps(loads(content))}"
    except ValueError as error:
        raise InvalidArgument(f"compacting json for seccomp profile ({value}) failed: {error}") from None
