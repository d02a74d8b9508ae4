"""What a build tells while it runs. Faces only render these: the classic stream, berth's own lines of JSON.

Encoded, every record is one JSON object with the field ``kind`` (``planned``, ``step_started`` ...); fields
that have their default value are left out. Steps and stages are named by their index in ``Planned``. Times
are nanoseconds since the epoch. A build begins with ``Planned`` (or ``Failed``) and ends with ``Built`` or
``Failed``; ``Transfer`` may come before ``Planned``.

The fields are enough for a BuildKit status stream as well: a vertex is a step (its digest is ``key``, its
inputs ``needs``), a log is ``StepLog``, a vertex status is ``Transfer`` with a step.
"""

import msgspec

from berth.base.digest import Digest


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag=_snake):
    """The base of all; ``kind`` is the class in lower case."""


class PlannedStage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stage that will be built. ``index`` counts all stages of the file; ``name`` is empty when it has
    none.

    ``base``: the name after FROM. ``needs``: indexes of the stages whose results it uses.
    """

    index: int
    name: str = ""
    base: str = ""
    needs: tuple[int, ...] = ()


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step of the plan; its own index is its place in ``Planned.steps``.

    ``number`` is what "Step n/m" shows and ``text`` what follows it. The steps of an ONBUILD trigger have
    the number 0 and ``trigger`` set: they run within the FROM before them. ``type``: from, metadata, run,
    copy, add, workdir. ``needs``: indexes of steps whose results it reads. ``cached`` and ``reason`` are
    filled in dry runs only.
    """

    stage: int
    number: int
    type: str
    text: str
    key: Digest
    line: int = 0
    end_line: int = 0
    needs: tuple[int, ...] = ()
    trigger: bool = False
    cached: bool | None = None
    reason: str = ""


class Planned(Record, frozen=True, kw_only=True):
    """The plan. ``total`` is m of "Step n/m". ``preamble`` are the first of these: the ARG before any
    FROM."""

    stages: tuple[PlannedStage, ...]
    steps: tuple[PlannedStep, ...]
    total: int
    preamble: tuple[str, ...] = ()


class Transfer(Record, frozen=True, kw_only=True):
    """Bytes on their way: ``current`` of ``total`` (0 when unknown).

    ``what``: ``context``, ``pull``, ``download``, ``git``, ``push``, ``export`` ...; ``name``: of the thing
    (an image reference, a URL, a context); ``item`` and ``action``: as in a pull ("3f4a...",
    "Downloading"). ``step`` is the step that needs it, None when none does yet.
    """

    what: str
    name: str = ""
    item: str = ""
    action: str = ""
    current: int = 0
    total: int = 0
    step: int | None = None
    time_ns: int = 0


class StepStarted(Record, frozen=True, kw_only=True):
    """Work has begun; told once more when the ``container`` of a RUN is known."""

    step: int
    container: str | None = None
    time_ns: int = 0


class StepLog(Record, frozen=True, kw_only=True):
    """What a step printed, as it came: not cut at lines. ``stream`` is 1 (stdout) or 2 (stderr)."""

    step: int
    stream: int
    data: str
    time_ns: int = 0


class StepCached(Record, frozen=True, kw_only=True):
    """The result was there already. ``same_content`` means that the inputs were made anew and came out
    equal."""

    step: int
    image: Digest
    same_content: bool = False
    time_ns: int = 0


class StepDone(Record, frozen=True, kw_only=True):
    """The step is done. ``container`` is the container of a RUN that was removed after it; ``layer`` the
    bytes in the files of the new layer, None when it made none. ``reason``: why it was not taken from the
    cache."""

    step: int
    image: Digest
    seconds: float = 0.0
    container: str | None = None
    layer: int | None = None
    reason: str = ""
    time_ns: int = 0


class StepFailed(Record, frozen=True, kw_only=True):
    """The step failed, and with it the build.

    ``code`` is the exit status of the command, None when there was none; ``message`` what Docker says.
    ``excerpt`` are the lines of ``file`` around ``line``..``end_line`` (1-based), beginning with
    ``excerpt_line``. ``command`` is what ran, ``output_tail`` its last output, ``container`` the container
    that is left to look into.
    """

    step: int
    message: str
    code: int | None = None
    hint: str = ""
    file: str = ""
    line: int = 0
    end_line: int = 0
    excerpt: tuple[str, ...] = ()
    excerpt_line: int = 0
    command: str = ""
    output_tail: str = ""
    container: str | None = None
    time_ns: int = 0


class StepCanceled(Record, frozen=True, kw_only=True):
    """The step was given up because another one failed or the client went away."""

    step: int
    time_ns: int = 0


class Warning(Record, frozen=True, kw_only=True):
    """A finding of the checks, or something a person should know. ``rule`` is empty when no rule says so."""

    text: str
    rule: str = ""
    description: str = ""
    file: str = ""
    line: int = 0
    end_line: int = 0
    step: int | None = None


class Built(Record, frozen=True, kw_only=True):
    """The end: the image and the names that it got. ``image`` is empty for a dry run and a check."""

    image: str = ""
    tags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    time_ns: int = 0


class Failed(Record, frozen=True, kw_only=True):
    """The end without an image. ``code`` is the exit status of the command that failed, if one did;
    ``line`` of ``file`` is where the trouble is, 0 when nowhere."""

    message: str
    code: int | None = None
    hint: str = ""
    file: str = ""
    line: int = 0
    time_ns: int = 0


AnyRecord = (
    Planned
    | Transfer
    | StepStarted
    | StepLog
    | StepCached
    | StepDone
    | StepFailed
    | StepCanceled
    | Warning
    | Built
    | Failed
)

_decoder: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)
_encoder = msgspec.json.Encoder()


def encode_record(record: AnyRecord) -> bytes:
    """One line of JSON, with its line feed."""
    return _encoder.encode(record) + b"\n"


def decode_record(line: bytes) -> AnyRecord:
    """The record of one line; raises msgspec.ValidationError for anything else."""
    return _decoder.decode(line)
