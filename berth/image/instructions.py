"""What the instructions of a Dockerfile that are only about the configuration do to it.

One function for each; the instruction is expanded already. Builds use them, and so do ``import`` and
``commit``, which accept some of them as changes. The rules are BuildKit's, the texts Docker's.
"""

import posixpath
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from berth.base.errors import InvalidArgument
from berth.base.signals import parse_signal
from berth.dockerfile.instruction_expand import expand
from berth.dockerfile.instructions import (
    Cmd,
    Command,
    Entrypoint,
    Env,
    Expose,
    From,
    HealthCheck,
    Instruction,
    Label,
    OnBuild,
    Shell,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from berth.dockerfile.parser import parse_instruction
from berth.dockerfile.ports import parse_port
from berth.image.config import ImageHealth, ImageSettings

DEFAULT_SHELL = ("/bin/sh", "-c")

_ALLOWED = (
    "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip


def apply_changes(settings: ImageSettings, changes: Iterable[str]) -> ImageSettings:
    """``settings`` after ``changes``, one instruction each. InvalidArgument says what is wrong."""
    command_set = False
    for change in changes:
        instruction = _parse(change)
        assert not isinstance(instruction, From)  # _parse lets none through
        expanded = expand(instruction, environment(settings).get, "\\")
        settings = apply_instruction(settings, expanded, command_set=command_set)
        command_set |= isinstance(instruction, Cmd)
    return settings


def apply_instruction(
    settings: ImageSettings, instruction: Instruction, *, command_set: bool
) -> ImageSettings:
    """The configuration after an expanded instruction; one that it does not show in changes nothing.

    ``command_set``: whether its CMD is of the same author as the instruction, and not inherited.
    InvalidArgument in Docker's words for a value that cannot be.
    """
    if isinstance(instruction, Entrypoint) and not command_set:
        # A new entrypoint makes a command meaningless that came with the base.
        settings = msgspec.structs.replace(settings, cmd=None)
    action = _ACTIONS.get(type(instruction))
    return msgspec.structs.replace(settings, **action(settings, instruction)) if action else settings


def environment(settings: ImageSettings) -> dict[str, str]:
    """The variables of a configuration."""
    return {name: value for name, _, value in (item.partition("=") for item in settings.env or ())}


def command_words(settings: ImageSettings, command: Command) -> tuple[str, ...]:
    """The words that run: those of the exec form, or the shell with its text."""
    return (*(settings.shell or DEFAULT_SHELL), *command.words) if command.shell else command.words


def health_of(instruction: HealthCheck) -> ImageHealth:
    """The check that a HEALTHCHECK sets."""
    command = instruction.command
    if instruction.none or command is None:
        return ImageHealth(test=("NONE",))
    words = ("CMD-SHELL" if command.shell else "CMD", *command.words)
    return ImageHealth(test=words, **dict(instruction.options))


def _parse(change: str) -> Instruction:
    words = change.split(None, 1)
    if not words:
        raise InvalidArgument("file with no instructions")
    if words[0].upper() not in _ALLOWED:
        raise InvalidArgument(f"{words[0].lower()} is not a valid change command")
    return parse_instruction(change)


_Changes = dict[str, Any]


def _cmd(settings: ImageSettings, instruction: Cmd) -> _Changes:
    return {"cmd": command_words(settings, instruction.command)}


def _entrypoint(settings: ImageSettings, instruction: Entrypoint) -> _Changes:
    return {"entrypoint": command_words(settings, instruction.command) or None}


def _env(settings: ImageSettings, instruction: Env) -> _Changes:
    variables = environment(settings)
    for name, value in instruction.pairs:
        if not name:
            raise InvalidArgument(f"invalid environment variable: ={value}")
        variables[name] = value
    return {"env": tuple(f"{name}={value}" for name, value in variables.items())}


def _label(settings: ImageSettings, instruction: Label) -> _Changes:
    for name, value in instruction.pairs:
        if not name:
            raise InvalidArgument(f"LABEL names can not be blank: ={value}")
    return {"labels": {**(settings.labels or {}), **dict(instruction.pairs)}}


def _expose(settings: ImageSettings, instruction: Expose) -> _Changes:
    ports = dict(settings.exposed_ports or {})
    for text in instruction.ports:
        ports |= {port: {} for port in parse_port(text).exposed}
    return {"exposed_ports": ports}


def _user(_: ImageSettings, instruction: User) -> _Changes:
    return {"user": instruction.user}


def _workdir(settings: ImageSettings, instruction: Workdir) -> _Changes:
    path = posixpath.join("/", settings.working_dir or "", instruction.path)
    return {"working_dir": "/" + posixpath.normpath(path).lstrip("/")}


def _volume(settings: ImageSettings, instruction: Volume) -> _Changes:
    if not all(instruction.paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    return {"volumes": {**(settings.volumes or {}), **{path: {} for path in instruction.paths}}}


def _shell(_: ImageSettings, instruction: Shell) -> _Changes:
    return {"shell": instruction.words}


def _stop_signal(_: ImageSettings, instruction: StopSignal) -> _Changes:
    try:
        parse_signal(instruction.signal)
    except InvalidArgument:
        raise InvalidArgument(f"Invalid signal: {instruction.signal}") from None
    return {"stop_signal": instruction.signal}


def _healthcheck(_: ImageSettings, instruction: HealthCheck) -> _Changes:
    return {"healthcheck": health_of(instruction)}


def _onbuild(settings: ImageSettings, instruction: OnBuild) -> _Changes:
    return {"on_build": (*(settings.on_build or ()), instruction.trigger)}


_ACTIONS: dict[type, Callable[[ImageSettings, Any], _Changes]] = {
    Cmd: _cmd, Entrypoint: _entrypoint, Env: _env, Expose: _expose, HealthCheck: _healthcheck, Label: _label,
    OnBuild: _onbuild, Shell: _shell, StopSignal: _stop_signal, User: _user, Volume: _volume,
    Workdir: _workdir,
}  # fmt: skip
