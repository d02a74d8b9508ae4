"""A build told in the messages of Docker's classic builder, which every client of ``POST /build`` knows.

The form was measured on dockerd 20.10. Its builder does one step after the other; ours does stages at the
same time. So what is told of a step waits until all steps before it have been shown. Where dockerd makes a
container to change nothing but the configuration, none is made here, and none is shown.
"""

from collections.abc import Iterator

import msgspec

from berth.api.shape.wire import Json
from berth.base.ids import short_id
from berth.build.records import (
    AnyRecord,
    Built,
    Failed,
    Planned,
    PlannedStep,
    StepCached,
    StepCanceled,
    StepDone,
    StepFailed,
    StepLog,
    StepStarted,
    Transfer,
    Warning,
)  # fmt: skip

_RED, _PLAIN = "\x1b[91m", "\x1b[0m"
_STDERR = 2
_EMPTY_LINE = "NoEmptyContinuation"
_WITHHELD = 4 << 20
"""So many characters of output wait to be shown, for each step that has to; the rest is only counted."""


class ClassicStream:
    """Give it every record of a build; it answers with the messages that are due."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._withheld: list[Json] = []
        self._steps: tuple[PlannedStep, ...] = ()
        self._total = 0
        self._waiting: dict[int, list[AnyRecord]] = {}
        self._over: set[int] = set()
        self._current = 0
        self._titled = -1
        self._container = ""
        self._early: list[Warning] = []
        self._late: list[str] = []
        self._failure: StepFailed | None = None
        self._sizes: dict[int, int] = {}
        self._clipped: dict[int, int] = {}

    def feed(self, record: AnyRecord) -> list[Json]:
        """The messages that ``record`` allows to be sent; with ``quiet`` none until the end."""
        messages = list(self._messages(record))
        if not self._quiet:
            return messages
        if isinstance(record, Built):
            return [_stream(f"{record.image}\n")]
        self._withheld += messages
        return self._withheld if isinstance(record, Failed) else []

    def _messages(self, record: AnyRecord) -> Iterator[Json]:
        if isinstance(record, Planned):
            self._steps, self._total = record.steps, record.total
            for early in self._early:
                yield from _about_empty_line(early)
            for number, text in enumerate(record.preamble, 1):
                yield from self._title(number, text)
            yield from self._advance()
        elif isinstance(record, Warning):
            yield from self._warning(record)
        elif isinstance(record, Transfer):
            yield from _transfer(record)
        elif isinstance(record, Built):
            yield from self._built(record)
        elif isinstance(record, Failed):
            yield from self._failed(record)
        else:
            if not isinstance(record, StepLog) or self._may_wait(record):
                self._waiting.setdefault(record.step, []).append(record)
            if isinstance(record, StepDone | StepCached | StepFailed | StepCanceled):
                self._over.add(record.step)
            yield from self._advance()

    def _may_wait(self, record: StepLog) -> bool:
        """Whether output is kept until it can be shown: at once, if its step is being shown."""
        if record.step == self._current and not self._quiet:
            return True
        size = self._sizes[record.step] = self._sizes.get(record.step, 0) + len(record.data)
        if size <= _WITHHELD:
            return True
        self._clipped[record.step] = self._clipped.get(record.step, 0) + len(record.data)
        return False

    def _warning(self, record: Warning) -> Iterator[Json]:
        if record.rule == _EMPTY_LINE:
            if self._steps:
                yield from _about_empty_line(record)
            else:
                self._early.append(record)
        elif not record.rule:
            self._late.append(f"[Warning] {record.text}\n")

    def _advance(self) -> Iterator[Json]:
        """Show what has come of the current step; with its end the next one becomes current."""
        while self._current < len(self._steps):
            index = self._current
            if index in self._waiting or index in self._over:
                yield from self._show(index)
            if index not in self._over:
                return
            self._current += 1

    def _show(self, index: int) -> Iterator[Json]:
        step = self._steps[index]
        if self._titled < index:
            self._titled = index
            if not step.trigger:
                yield from self._title(step.number, step.text)
                yield from self._about_triggers(index)
        for record in self._waiting.pop(index, []):
            yield from self._shown(index, record)

    def _title(self, number: int, text: str) -> Iterator[Json]:
        yield _stream(f"Step {number}/{self._total} : {text}")
        yield _stream("\n")

    def _about_triggers(self, index: int) -> Iterator[Json]:
        count = 0
        while index + count + 1 < len(self._steps) and self._steps[index + count + 1].trigger:
            count += 1
        if count:
            yield _stream(f"# Executing {count} build trigger")
            if count > 1:
                yield _stream("s")
            yield _stream("\n")

    def _shown(self, index: int, record: AnyRecord) -> Iterator[Json]:
        if not isinstance(record, StepStarted | StepLog) and (clipped := self._clipped.pop(index, 0)):
            yield _stream(f"[output clipped: {clipped} characters]\n")
        if isinstance(record, StepStarted):
            self._container = record.container or ""
            if record.container:
                yield _stream(f" ---> Running in {short_id(record.container)}\n")
        elif isinstance(record, StepLog):
            yield _stream(f"{_RED}{record.data}{_PLAIN}" if record.stream == _STDERR else record.data)
        elif isinstance(record, StepCached):
            if self._steps[index].type != "from":
                yield _stream(" ---> Using cache\n")
            yield from self._arrow(index, record.image)
        elif isinstance(record, StepFailed):
            self._failure = record
            if self._container and not record.container:
                yield _stream(f"Removing intermediate container {short_id(self._container)}\n")
        elif isinstance(record, StepDone):
            if record.container:
                yield _stream(f"Removing intermediate container {short_id(record.container)}\n")
            yield from self._arrow(index, record.image)

    def _arrow(self, index: int, image: str) -> Iterator[Json]:
        """The step's image, unless triggers follow, and that of the stage after its last step."""
        step = self._steps[index]
        following = self._steps[index + 1] if index + 1 < len(self._steps) else None
        if following is not None and following.trigger:
            return
        yield _stream(f" ---> {short_id(image)}\n" if image else " ---> \n")
        if following is not None and following.stage != step.stage and image:
            yield _aux(image)

    def _built(self, record: Built) -> Iterator[Json]:
        yield _aux(record.image)
        for text in self._late:
            yield _stream(text)
        yield _stream(f"Successfully built {short_id(record.image)}\n")
        for tag in record.tags:
            yield _stream(f"Successfully tagged {tag}\n")

    def _failed(self, record: Failed) -> Iterator[Json]:
        """Show the step that failed, though steps before it were given up, and say why."""
        for index in range(self._current, len(self._steps)):
            records = self._waiting.get(index, [])
            failed = next((r for r in records if isinstance(r, StepFailed)), None)
            if failed is not None:
                yield from self._show(index)
        told = record if record.line or self._failure is None else self._failure
        message = record.message
        detail: Json = {"message": message}
        if record.code is not None:
            detail = {"code": record.code, "message": message}
        elif told.line and told.message == record.message:
            message += _place(told)
            detail = {"message": message}
        yield {"errorDetail": detail, "error": message}


def _place(told: Failed | StepFailed) -> str:
    """Where it is wrong, and what to do, behind dockerd's words."""
    hint = f"; {told.hint}" if told.hint else ""
    return f" ({told.file or 'Dockerfile'}:{told.line}{hint})"


def _stream(text: str) -> Json:
    return {"stream": text}


def _aux(image: str) -> Json:
    return {"aux": {"ID": image}}


def _transfer(record: Transfer) -> Iterator[Json]:
    """Pulls are told as pulls are; the rest has no message."""
    if record.what != "pull":
        return
    message: Json = {"status": record.action}
    if record.item:
        message |= {"progressDetail": {}, "id": record.item}
        if record.total or record.current:
            message["progressDetail"] = {"current": record.current, "total": record.total}
    yield message


def _about_empty_line(record: Warning) -> Iterator[Json]:
    yield _stream(
        f"{_RED}[WARNING]: {record.text}\n"
        f"[WARNING]: Empty continuation lines will become errors in a future release.\n{_PLAIN}"
    )


_encode = msgspec.json.Encoder().encode


def encode_message(message: Json) -> bytes:
    """One message as it travels."""
    return _encode(message) + b"\r\n"
