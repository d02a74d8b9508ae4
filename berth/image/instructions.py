"""The Dockerfile instructions that ``import`` and ``commit`` accept as changes of a configuration.

The rules and texts are dockerd's. Only metadata is meant here: nothing runs.
"""

import posixpath
from collections.abc import Iterable

import msgspec

from berth.base.errors import InvalidArgument
from berth.dockerfile.expand import expand_word, expand_words
from berth.dockerfile.instructions import (
    Cmd,
    Command,
    Entrypoint,
    Env,
    Expose,
    HealthCheck,
    Instruction,
    Label,
    OnBuild,
    User,
    Volume,
    Workdir,
)
from berth.dockerfile.parser import parse_instruction
from berth.dockerfile.ports import parse_port
from berth.image.config import ImageHealth, ImageSettings

_DEFAULT_SHELL = ("/bin/sh", "-c")
_ALLOWED = (
    "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip


def apply_changes(settings: ImageSettings, changes: Iterable[str]) -> ImageSettings:
    """``settings`` after ``changes``, one instruction each. InvalidArgument says what is wrong."""
    command_set = False
    for change in changes:
        instruction = _parse(change)
        settings = _apply(settings, instruction)
        command_set |= isinstance(instruction, Cmd)
        if isinstance(instruction, Entrypoint) and not command_set:
            # A new entrypoint makes an inherited command meaningless.
            settings = msgspec.structs.replace(settings, cmd=None)
    return settings


def environment(settings: ImageSettings) -> dict[str, str]:
    """The variables of a configuration."""
    pairs = (item.partition("=") for item in settings.env or ())
    return {name: value for name, _, value in pairs}


def _parse(change: str) -> Instruction:
    words = change.split(None, 1)
    if not words:
        raise InvalidArgument("file with no instructions")
    if words[0].upper() not in _ALLOWED:
        raise InvalidArgument(f"{words[0].lower()} is not a valid change command")
    return parse_instruction(change)


def _apply(settings: ImageSettings, instruction: Instruction) -> ImageSettings:
    variables = environment(settings)

    def word(text: str) -> str:
        return expand_word(text, variables.get)

    changed: dict[str, object]
    match instruction:
        case Cmd():
            changed = {"cmd": _words(settings, instruction.command)}
        case Entrypoint():
            changed = {"entrypoint": _words(settings, instruction.command) or None}
        case Env():
            given = {word(name): word(value) for name, value in instruction.pairs}
            changed = {"env": tuple(f"{name}={value}" for name, value in (variables | given).items())}
        case Label():
            given = {word(name): word(value) for name, value in instruction.pairs}
            changed = {"labels": {**(settings.labels or {}), **given}}
        case Expose():
            words = [port for text in instruction.ports for port in expand_words(text, variables.get)]
            ports = [port for text in words for port in parse_port(text).exposed]
            changed = {"exposed_ports": {**(settings.exposed_ports or {}), **{port: {} for port in ports}}}
        case Volume():
            paths = [word(path) for path in instruction.paths]
            changed = {"volumes": {**(settings.volumes or {}), **{path: {} for path in paths}}}
        case User():
            changed = {"user": word(instruction.user)}
        case Workdir():
            path = posixpath.join("/", settings.working_dir or "", word(instruction.path))
            changed = {"working_dir": posixpath.normpath(path)}
        case OnBuild():
            changed = {"on_build": (*(settings.on_build or ()), instruction.trigger)}
        case HealthCheck():
            changed = {"healthcheck": _health(instruction)}
        case _:  # _parse lets nothing else through
            raise InvalidArgument(f"{type(instruction).__name__.lower()} is not a valid change command")
    return msgspec.structs.replace(settings, **changed)


def _words(settings: ImageSettings, command: Command) -> tuple[str, ...]:
    return (*(settings.shell or _DEFAULT_SHELL), *command.words) if command.shell else command.words


def _health(instruction: HealthCheck) -> ImageHealth:
    if instruction.command is None:
        return ImageHealth(test=("NONE",))
    kind = "CMD-SHELL" if instruction.command.shell else "CMD"
    return ImageHealth(test=(kind, *instruction.command.words), **dict(instruction.options))
