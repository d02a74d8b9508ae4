"""The ``# name=value`` lines at the top of a Dockerfile: ``syntax``, ``escape`` and ``check``.

They count only before anything else, an ordinary comment included, each once, names in any case. A ``#!``
line may stand above them.
"""

from typing import NamedTuple

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.instructions import Directives
from berth.dockerfile.text import quoted

_NAMES = ("syntax", "escape", "check")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


class CheckOptions(NamedTuple):
    """``skip=A,B;experimental=C;error=true``; ``skip`` is None when not given, empty with ``skip_all``."""

    skip: frozenset[str] | None = None
    skip_all: bool = False
    error: bool = False
    experimental: frozenset[str] = frozenset()  # the one name "all" stands for every rule


def parse_directives(lines: tuple[str, ...]) -> tuple[Directives, int]:
    """The directives of a file given by its lines, and how many lines they take."""
    found: dict[str, str] = {}
    check = CheckOptions()
    taken = 0
    for number, line in enumerate(lines, start=1):
        if number == 1 and line.startswith("#!"):
            continue
        pair = parse_directive(line.lstrip(), "#")
        if pair is None:
            break
        name, value = pair
        if name in found:
            raise _error(f"only one {name} parser directive can be used", number)
        found[name] = value
        taken = number
        if name == "escape" and value not in ("\\", "`"):
            raise _error(f"invalid escape token '{value}' does not match ` or \\", number)
        if name == "check":
            check = parse_check(check_value(value), line=number)
    syntax = found.get("syntax")
    directives = Directives(
        syntax=syntax.split(" ", 1)[0] if syntax is not None else None,
        escape=found.get("escape", "\\"),
        check_skip=check.skip,
        check_all=check.skip_all,
        check_error=check.error,
        check_experimental=check.experimental,
    )
    return directives, taken


def parse_directive(line: str, mark: str) -> tuple[str, str] | None:
    """Name and value of one line, None when it is no directive."""
    if not line.startswith(mark):
        return None
    name, equals, value = line[len(mark) :].lstrip().partition("=")
    name, value = name.rstrip().lower(), value.strip()
    return (name, value) if equals and value and name in _NAMES else None


def check_value(text: str) -> str:
    """The options in the value of a ``check`` line: behind the first blank, words for people may follow."""
    words = text.split(" ")
    end = next((i for i, word in enumerate(words, start=1) if not word.endswith((",", ";"))), len(words))
    return "".join(words[:end])


def parse_check(text: str, *, line: int = 0) -> CheckOptions:
    """The value of ``check=``, also of the build argument BUILDKIT_DOCKERFILE_CHECK."""
    options = CheckOptions()
    if not text.strip():
        return options
    for part in text.split(";", 2):
        key, equals, value = part.partition("=")
        key, value = key.strip(), value.strip()
        if not equals:
            raise _error(f"invalid check option {quoted(part)}", line)
        names = frozenset(name.strip() for name in value.split(","))
        if key == "skip":
            options = options._replace(skip=frozenset() if value == "all" else names, skip_all=value == "all")
        elif key == "experimental":
            options = options._replace(experimental=names)
        elif key == "error":
            if value not in (*_TRUE, *_FALSE):
                raise _error(f"failed to parse check option {quoted(part)}", line)
            options = options._replace(error=value in _TRUE)
        else:
            raise _error(f"invalid check option {quoted(key)}", line)
    return options


def _error(text: str, line: int) -> DockerfileError:
    return DockerfileError(f"failed to parse Dockerfile: {text}", line=line)
