"""The configuration of a stage from instruction to instruction, and how the history tells these.

What an instruction does to it is ``berth.image.instructions``. The texts of the history are those of Docker's
classic builder, compared with 20.10: ``#(nop)`` marks what did not run, behind the shell that would have run
it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from berth.dockerfile.instructions import (
    Arg,
    Cmd,
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
from berth.dockerfile.text import quoted
from berth.image.config import ImageHealth, ImageSettings
from berth.image.instructions import DEFAULT_SHELL, apply_instruction, command_words, health_of

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
    if isinstance(instruction, Maintainer):
        return state._replace(author=instruction.author)
    settings = apply_instruction(state.settings, instruction, command_set=state.command_set)
    return state._replace(settings=settings, command_set=state.command_set or isinstance(instruction, Cmd))


def history(after: State, instruction: StageInstruction) -> str:
    """``created_by`` of an expanded instruction that makes no files, and of WORKDIR."""
    if isinstance(instruction, Workdir):
        return nop(after.shell, f"WORKDIR {after.settings.working_dir}")
    return nop(after.shell, f" {_told(after, instruction)}")


def nop(shell: Sequence[str], text: str) -> str:
    """How the history shows what did not run."""
    return f"{' '.join(shell)} #(nop) {text}"


def _told(after: State, instruction: StageInstruction) -> str:
    match instruction:
        case Env(pairs) | Label(pairs):
            word = "ENV" if isinstance(instruction, Env) else "LABEL"
            return " ".join((word, *(f"{name}={value}" for name, value in pairs)))
        case Arg(pairs=given):
            told = (name if value is None else f"{name}={value}" for name, value in given)
            return " ".join(("ARG", *told))
        case Cmd(command):
            return f"CMD {_quoted_words(command_words(after.settings, command))}"
        case Entrypoint(command):
            return f"ENTRYPOINT {_quoted_words(command_words(after.settings, command))}"
        case Expose(ports):
            return f"EXPOSE {' '.join(ports)}"
        case HealthCheck():
            return f"HEALTHCHECK {_health_text(health_of(instruction))}"
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
