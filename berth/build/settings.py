"""What each instruction does to the configuration of an image, and how the history tells it.

One function for each instruction that is only about the configuration. The instruction is expanded already.
The rules are BuildKit's; the texts of the history are those of Docker's classic builder, compared with 20.10:
``#(nop)`` marks what did not run, behind the shell that would have run it.
"""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from berth.base.errors import InvalidArgument
from berth.base.signals import parse_signal
from berth.dockerfile.instructions import (
    Arg,
    Cmd,
    Command,
    Entrypoint,
    Env,
    Expose,
    HealthCheck,
    Label,
    Maintainer,
    OnBuild,
    Shell,
    StageInstruction,
    StopSignal,
    User,
    Volume,
    Workdir,
)  # fmt: skip
from berth.dockerfile.ports import parse_port
from berth.dockerfile.text import quoted
from berth.image.config import ImageHealth, ImageSettings

DEFAULT_SHELL = ("/bin/sh", "-c")
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_UNITS = ((3_600_000_000_000, "h"), (60_000_000_000, "m"))
_RUNES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
          "'": "\\'", "\\": "\\\\"}  # fmt: skip


class State(NamedTuple):
    """The configuration of a stage between two instructions; ``command_set`` since its own CMD."""

    settings: ImageSettings
    author: str = ""
    command_set: bool = False

    @property
    def shell(self) -> tuple[str, ...]:
        """What runs a shell form."""
        return self.settings.shell or DEFAULT_SHELL


def begin(settings: ImageSettings, author: str = "") -> State:
    """The first state of a stage. Triggers are not inherited, and there is always a PATH."""
    env = settings.env or ()
    if not any(item.startswith("PATH=") for item in env):
        env = (*env, f"PATH={DEFAULT_PATH}")
    return State(msgspec.structs.replace(settings, on_build=None, env=env), author)


def apply(state: State, instruction: StageInstruction) -> State:
    """The state after an expanded instruction; those that only make files change nothing.

    InvalidArgument in Docker's words for a value that cannot be.
    """
    action = _ACTIONS.get(type(instruction))
    return action(state, instruction) if action is not None else state


def history(after: State, instruction: StageInstruction) -> str:
    """``created_by`` of an expanded instruction that makes no files, and of WORKDIR."""
    if isinstance(instruction, Workdir):
        return nop(after.shell, f"WORKDIR {after.settings.working_dir}")
    return nop(after.shell, f" {_told(after, instruction)}")


def nop(shell: Sequence[str], text: str) -> str:
    """How the history shows what did not run."""
    return f"{' '.join(shell)} #(nop) {text}"


def command_words(state: State, command: Command) -> tuple[str, ...]:
    """The words that run: those of the exec form, or the shell with its text."""
    return (*state.shell, *command.words) if command.shell else command.words


def environment(settings: ImageSettings) -> dict[str, str]:
    """The variables of a configuration."""
    return {name: value for name, _, value in (item.partition("=") for item in settings.env or ())}


def _replace(state: State, **changes: Any) -> State:
    return state._replace(settings=msgspec.structs.replace(state.settings, **changes))


def _env(state: State, instruction: Env) -> State:
    variables = environment(state.settings)
    for name, value in instruction.pairs:
        if not name:
            raise InvalidArgument(f"invalid environment variable: ={value}")
        variables[name] = value
    return _replace(state, env=tuple(f"{name}={value}" for name, value in variables.items()))


def _label(state: State, instruction: Label) -> State:
    for name, value in instruction.pairs:
        if not name:
            raise InvalidArgument(f"LABEL names can not be blank: ={value}")
    return _replace(state, labels={**(state.settings.labels or {}), **dict(instruction.pairs)})


def _cmd(state: State, instruction: Cmd) -> State:
    words = command_words(state, instruction.command)
    return _replace(state, cmd=words)._replace(command_set=True)


def _entrypoint(state: State, instruction: Entrypoint) -> State:
    """A new entrypoint makes a command meaningless that came with the base."""
    words = command_words(state, instruction.command)
    cmd = state.settings.cmd if state.command_set else None
    return _replace(state, entrypoint=words or None, cmd=cmd)


def _expose(state: State, instruction: Expose) -> State:
    ports = dict(state.settings.exposed_ports or {})
    for text in instruction.ports:
        ports |= {port: {} for port in parse_port(text).exposed}
    return _replace(state, exposed_ports=ports)


def _user(state: State, instruction: User) -> State:
    return _replace(state, user=instruction.user)


def _workdir(state: State, instruction: Workdir) -> State:
    path = posixpath.join("/", state.settings.working_dir or "", instruction.path)
    return _replace(state, working_dir="/" + posixpath.normpath(path).lstrip("/"))


def _volume(state: State, instruction: Volume) -> State:
    if not all(instruction.paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    return _replace(state, volumes={**(state.settings.volumes or {}), **{p: {} for p in instruction.paths}})


def _shell(state: State, instruction: Shell) -> State:
    return _replace(state, shell=instruction.words)


def _stop_signal(state: State, instruction: StopSignal) -> State:
    try:
        parse_signal(instruction.signal)
    except InvalidArgument:
        raise InvalidArgument(f"Invalid signal: {instruction.signal}") from None
    return _replace(state, stop_signal=instruction.signal)


def _health(instruction: HealthCheck) -> ImageHealth:
    command = instruction.command
    if instruction.none or command is None:
        return ImageHealth(test=("NONE",))
    words = ("CMD-SHELL" if command.shell else "CMD", *command.words)
    return ImageHealth(test=words, **dict(instruction.options))


def _healthcheck(state: State, instruction: HealthCheck) -> State:
    return _replace(state, healthcheck=_health(instruction))


def _onbuild(state: State, instruction: OnBuild) -> State:
    return _replace(state, on_build=(*(state.settings.on_build or ()), instruction.trigger))


def _maintainer(state: State, instruction: Maintainer) -> State:
    return state._replace(author=instruction.author)


_ACTIONS: dict[type, Callable[[State, Any], State]] = {
    Cmd: _cmd, Entrypoint: _entrypoint, Env: _env, Expose: _expose, HealthCheck: _healthcheck, Label: _label,
    Maintainer: _maintainer, OnBuild: _onbuild, Shell: _shell, StopSignal: _stop_signal, User: _user,
    Volume: _volume, Workdir: _workdir,
}  # fmt: skip


def _told(after: State, instruction: StageInstruction) -> str:
    match instruction:
        case Env(pairs) | Label(pairs):
            word = "ENV" if isinstance(instruction, Env) else "LABEL"
            return " ".join((word, *(f"{name}={value}" for name, value in pairs)))
        case Arg(pairs=given):
            told = (name if value is None else f"{name}={value}" for name, value in given)
            return " ".join(("ARG", *told))
        case Cmd(command):
            return f"CMD {_quoted_words(command_words(after, command))}"
        case Entrypoint(command):
            return f"ENTRYPOINT {_quoted_words(command_words(after, command))}"
        case Expose(ports):
            return f"EXPOSE {' '.join(ports)}"
        case HealthCheck():
            return f"HEALTHCHECK {_health_text(_health(instruction))}"
        case User(user):
            return f"USER {user}"
        case Volume(paths):
            return f"VOLUME [{' '.join(paths)}]"
        case Shell(words):
            return f"SHELL [{' '.join(words)}]"
        case StopSignal(signal):
            return f"STOPSIGNAL {signal}"
        case OnBuild(trigger):
            return f"ONBUILD {trigger}"
        case Maintainer(author):
            return f"MAINTAINER {author}"
        case _:
            raise TypeError(f"{type(instruction).__name__} has a history of its own")


def _quoted_words(words: Iterable[str]) -> str:
    return f"[{' '.join(quoted(word) for word in words)}]"


def _health_text(health: ImageHealth) -> str:
    """Go's ``%q`` of the structure, as the classic builder has it; a start interval came after it."""
    durations = [health.interval, health.timeout, health.start_period]
    if health.start_interval:
        durations.append(health.start_interval)
    told = " ".join(f'"{_duration(value)}"' for value in durations)
    return f"&{{{_quoted_words(health.test)} {told} {_rune(health.retries)}}}"


def _duration(value: int) -> str:
    """Go's ``Duration.String`` for what is not negative."""
    if 0 < value < 10**9:
        for size, unit in ((10**6, "ms"), (10**3, "µs")):
            if value >= size:
                return f"{_decimal(value, size)}{unit}"
        return f"{value}ns"
    text = ""
    for size, unit in _UNITS:
        if value >= size or text:
            text += f"{value // size}{unit}"
            value %= size
    return f"{text}{_decimal(value, 10**9)}s"


def _decimal(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    fraction = f"{rest:0{len(str(size)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def _rune(number: int) -> str:
    """Go's ``%q`` of a number: the character that it stands for."""
    if not 0 <= number <= 0x10FFFF:
        number = 0xFFFD
    char = chr(number)
    if char in _RUNES:
        return f"'{_RUNES[char]}'"
    if char.isprintable():
        return f"'{char}'"
    return f"'\\x{number:02x}'" if number < 0x80 else f"'\\u{number:04x}'"
