"""The Dockerfile instructions that ``import`` and ``commit`` accept as changes of a configuration.

The rules and texts are dockerd's. Only metadata is meant here: nothing runs.
"""

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Mapping

import msgspec

from berth.base.errors import BerthError, InvalidArgument
from berth.base.units import parse_duration
from berth.image.config import ImageHealth, ImageSettings

_VARIABLE = re.compile(
    r"\\(?P<escaped>.)|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?:(?P<how>:[-+])(?P<word>[^}]*))?\})", re.ASCII
)
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.ASCII | re.IGNORECASE)
_DURATIONS = {
    "--interval": "interval", "--timeout": "timeout", "--start-period": "start_period",
    "--start-interval": "start_interval",
}  # fmt: skip
_DEFAULT_SHELL = ("/bin/sh", "-c")


def apply_changes(settings: ImageSettings, changes: Iterable[str]) -> ImageSettings:
    """``settings`` after ``changes``, one instruction each. InvalidArgument names the one that is wrong."""
    command_set = False
    for change in changes:
        keyword, _, rest = change.strip().partition(" ")
        action = _ACTIONS.get(keyword.upper())
        if action is None:
            raise InvalidArgument(f"{keyword.lower()} is not a valid change command")
        rest = rest.strip()
        if not rest:
            raise InvalidArgument(f"{keyword.upper()} requires at least one argument")
        settings = action(settings, rest)
        command_set |= keyword.upper() == "CMD"
        if keyword.upper() == "ENTRYPOINT" and not command_set:
            # A new entrypoint makes an inherited command meaningless.
            settings = msgspec.structs.replace(settings, cmd=None)
    return settings


def environment(settings: ImageSettings) -> dict[str, str]:
    """The variables of a configuration."""
    pairs = (item.partition("=") for item in settings.env or ())
    return {name: value for name, _, value in pairs}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$NAME``, ``${NAME}``, ``${NAME:-word}`` and ``${NAME:+word}``; a backslash protects."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"] is not None:
            return match["escaped"] if match["escaped"] in "$\\" else match[0]
        found = variables.get(match["plain"] or match["name"], "")
        if match["how"] == ":-":
            return found or match["word"]
        if match["how"] == ":+":
            return match["word"] if found else ""
        return found

    return _VARIABLE.sub(value, text)


def _json_words(text: str) -> tuple[str, ...] | None:
    """The words of an exec form, None for a shell form."""
    if not text.startswith("["):
        return None
    try:
        return msgspec.json.decode(text, type=tuple[str, ...])
    except msgspec.MsgspecError:
        return None


def _command(settings: ImageSettings, text: str) -> tuple[str, ...]:
    words = _json_words(text)
    return words if words is not None else (*(settings.shell or _DEFAULT_SHELL), text)


def _cmd(settings: ImageSettings, text: str) -> ImageSettings:
    return msgspec.structs.replace(settings, cmd=_command(settings, text))


def _entrypoint(settings: ImageSettings, text: str) -> ImageSettings:
    return msgspec.structs.replace(settings, entrypoint=_command(settings, text) or None)


def _pairs(keyword: str, settings: ImageSettings, text: str) -> list[tuple[str, str]]:
    variables = environment(settings)
    first = text.split(None, 1)[0]
    if "=" not in first:
        name, _, value = text.partition(" ")
        if not value.strip():
            raise InvalidArgument(f"{keyword} must have two arguments")
        return [(name, expand(value.strip(), variables))]
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
        lexer.whitespace_split, lexer.commenters = True, ""
        words = list(lexer)
    except ValueError as error:
        raise InvalidArgument(f"{keyword}: {error}") from None
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise InvalidArgument(
                f'Syntax error - can\'t find = in "{word}". Must be of the form: name=value'
            )
        if not name:
            raise InvalidArgument(f"{keyword} names can not be blank")
        pairs.append((name, expand(value, variables)))
    return pairs


def _env(settings: ImageSettings, text: str) -> ImageSettings:
    variables = environment(settings)
    variables.update(_pairs("ENV", settings, text))
    return msgspec.structs.replace(settings, env=tuple(f"{k}={v}" for k, v in variables.items()))


def _label(settings: ImageSettings, text: str) -> ImageSettings:
    labels = {**(settings.labels or {}), **dict(_pairs("LABEL", settings, text))}
    return msgspec.structs.replace(settings, labels=labels)


def _expose(settings: ImageSettings, text: str) -> ImageSettings:
    ports = dict(settings.exposed_ports or {})
    for word in expand(text, environment(settings)).split():
        match = _PORT.fullmatch(word)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        if match is None or not 0 < low <= high <= 0xFFFF:
            raise InvalidArgument(f"Invalid containerPort: {word}")
        for port in range(low, high + 1):
            ports[f"{port}/{(match[3] or 'tcp').lower()}"] = {}
    return msgspec.structs.replace(settings, exposed_ports=ports)


def _volume(settings: ImageSettings, text: str) -> ImageSettings:
    words = _json_words(text)
    paths = [expand(word, environment(settings)) for word in (text.split() if words is None else words)]
    if not all(path.strip() for path in paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    return msgspec.structs.replace(settings, volumes={**(settings.volumes or {}), **{p: {} for p in paths}})


def _user(settings: ImageSettings, text: str) -> ImageSettings:
    return msgspec.structs.replace(settings, user=expand(text, environment(settings)))


def _workdir(settings: ImageSettings, text: str) -> ImageSettings:
    path = posixpath.join("/", settings.working_dir or "", expand(text, environment(settings)))
    return msgspec.structs.replace(settings, working_dir=posixpath.normpath(path))


def _onbuild(settings: ImageSettings, text: str) -> ImageSettings:
    trigger = text.split(None, 1)[0].upper()
    if trigger == "ONBUILD":
        raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in ("MAINTAINER", "FROM"):
        raise InvalidArgument(f"{trigger} isn't allowed as an ONBUILD trigger")
    return msgspec.structs.replace(settings, on_build=(*(settings.on_build or ()), text))


def _healthcheck(settings: ImageSettings, text: str) -> ImageSettings:
    numbers: dict[str, int] = {}
    rest = text
    while rest.startswith("--"):
        option, _, rest = rest.partition(" ")
        rest = rest.strip()
        name, _, value = option.partition("=")
        try:
            if name == "--retries":
                numbers["retries"] = int(value)
            else:
                numbers[_DURATIONS[name]] = parse_duration(value)
        except KeyError:
            raise InvalidArgument(f"Unknown flag: {name.removeprefix('--')}") from None
        except (ValueError, BerthError):
            raise InvalidArgument(f"invalid value for {name}: {value!r}") from None
    kind, _, command = rest.partition(" ")
    if kind.upper() == "NONE":
        return msgspec.structs.replace(settings, healthcheck=ImageHealth(test=("NONE",)))
    if kind.upper() != "CMD":
        raise InvalidArgument(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)')
    words = _json_words(command.strip())
    if not command.strip() or words == ():
        raise InvalidArgument("Missing command after HEALTHCHECK CMD")
    test = ("CMD", *words) if words is not None else ("CMD-SHELL", command.strip())
    return msgspec.structs.replace(settings, healthcheck=ImageHealth(test=test, **numbers))


_Action = Callable[[ImageSettings, str], ImageSettings]
_ACTIONS: dict[str, _Action] = {
    "CMD": _cmd, "ENTRYPOINT": _entrypoint, "ENV": _env, "EXPOSE": _expose, "HEALTHCHECK": _healthcheck,
    "LABEL": _label, "ONBUILD": _onbuild, "USER": _user, "VOLUME": _volume, "WORKDIR": _workdir,
}  # fmt: skip
