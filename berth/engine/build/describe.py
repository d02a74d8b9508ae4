"""Failures of a build in words that lead to the line: what Docker says, where it is, what stands there."""

from berth.base.errors import BerthError
from berth.build.plan_step import Step
from berth.build.records import StepFailed

_AROUND = 3
_TAIL = 8 << 10


class CommandFailed(BerthError):
    """A RUN that ended with another exit status than 0. ``code`` is that status."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"The command '{command}' returned a non-zero code: {code}")
        self.command = command
        self.code = code


class Tail:
    """The last of what a step printed."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        """One more piece."""
        self._parts.append(text)
        self._size += len(text)
        while self._size - len(self._parts[0]) >= _TAIL:
            self._size -= len(self._parts.pop(0))

    @property
    def text(self) -> str:
        """At most ``_TAIL`` characters."""
        return "".join(self._parts)[-_TAIL:]


def step_failed(
    step: Step, error: BaseException, lines: tuple[str, ...], file: str, tail: Tail, container: str | None
) -> StepFailed:
    """The record of a failure, with the lines of the Dockerfile around it."""
    first = max(1, step.line - _AROUND)
    return StepFailed(
        step=step.index,
        message=message_of(error),
        code=code_of(error),
        hint=(error.hint or "") if isinstance(error, BerthError) else "",
        file=file,
        line=step.line,
        end_line=step.end_line,
        excerpt=tuple(lines[first - 1 : step.end_line + _AROUND]) if step.line else (),
        excerpt_line=first if step.line else 0,
        command=error.command if isinstance(error, CommandFailed) else "",
        output_tail=tail.text,
        container=container,
    )


def message_of(error: BaseException) -> str:
    """What a client is told."""
    return error.message if isinstance(error, BerthError) else str(error) or type(error).__name__


def code_of(error: BaseException) -> int | None:
    """The exit status of a command that ran."""
    if isinstance(error, CommandFailed):
        return error.code
    return None
