"""The plan of a build: every step of every stage that is needed, expanded and named, before anything happens.

No step's text depends on what an earlier one does, so all of it can be known now: mistakes in the last line
are told before the first command runs, and a dry run shows exactly what a build would do.
"""

from collections.abc import Mapping
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.build.cache import Keys
from berth.build.keys import derive
from berth.build.listing import Listing
from berth.build.outline import PROXIES, READ_BY_BUILDER, Origin, Outline
from berth.build.plan_step import Step
from berth.build.records import Planned, PlannedStage, PlannedStep
from berth.build.request import BuildRequest
from berth.build.stage import StageEnd, StageWalk, count_numbered
from berth.build.stage_scope import Inputs
from berth.image.model import Image


class StagePlan(NamedTuple):
    """A stage that will be built: ``steps`` is its part of ``Plan.steps``, its FROM first.

    ``number``: its place in the file. ``needs``: numbers of the stages that must be done for it.
    ``platform`` is "" for this machine's. ``begin`` and ``end`` are the states of its keys, as far as they
    can be told now.
    """

    number: int
    name: str
    base_name: str
    base: Origin
    platform: str
    needs: tuple[int, ...]
    steps: tuple[Step, ...]
    begin: Keys
    end: Keys


class Plan(NamedTuple):
    """``stages``: by number, each after the ones that it needs. ``target`` is the number of the one that is
    asked for.

    ``preamble``: texts of the ARG before the first FROM, which are the first of ``total`` steps.
    ``unused_args``: given, and declared nowhere. ``identity`` names this build among others: the same
    context, file and target. ``epoch``: SOURCE_DATE_EPOCH in seconds, from the request or its argument.
    """

    stages: Mapping[int, StagePlan]
    steps: tuple[Step, ...]
    target: int
    total: int
    preamble: tuple[str, ...]
    unused_args: tuple[str, ...]
    identity: str
    epoch: int | None


def make_plan(
    outline: Outline,
    request: BuildRequest,
    bases: Mapping[str, Image],
    context: Listing | None,
    named: Mapping[str, Listing],
) -> Plan:
    """Plan the build. ``bases`` has an image for each of ``outline.references`` by its key, ``named`` a
    listing for each of ``outline.contexts``; the triggers of the bases are in ``outline`` already
    (``with_triggers``).

    DockerfileError with its line for what is wrong with an instruction: a substitution, a value, a missing
    file.
    """
    inputs = Inputs(outline, request, bases, context, named)
    preamble = tuple(instruction.original for instruction in outline.dockerfile.preamble)
    numbers, total = _numbers(outline, len(preamble), len(request.labels))
    ends: dict[int, StageEnd] = {}
    stages: dict[int, StagePlan] = {}
    steps: list[Step] = []
    for index in outline.order:
        stage = outline.stages[index]
        walk = StageWalk(inputs, stage, ends, labels=index == outline.target)
        ends[index] = end = walk.walk(len(steps), numbers[index])
        steps += walk.steps
        stages[index] = StagePlan(
            number=index,
            name=stage.name,
            base_name=stage.base_name,
            base=stage.base,
            platform=stage.platform,
            needs=stage.needs,
            steps=tuple(walk.steps),
            begin=walk.steps[0].keys,
            end=end.keys,
        )
    return Plan(
        stages=stages,
        steps=tuple(steps),
        target=outline.target,
        total=total,
        preamble=preamble,
        unused_args=_unused(outline, request),
        identity=derive("build", request.source, request.dockerfile_name, request.target, request.platform),
        epoch=_epoch(request),
    )


def planned(plan: Plan, cached: Mapping[int, tuple[bool, str]] | None = None) -> Planned:
    """The plan as a record. ``cached`` has for a dry run, by index of step: from the cache or not, and
    why."""
    found = cached or {}
    last = {number: stage.steps[-1].index for number, stage in plan.stages.items()}
    stages = tuple(
        PlannedStage(index=s.number, name=s.name, base=s.base_name, needs=s.needs)
        for s in plan.stages.values()
    )
    steps = []
    for step in plan.steps:
        first = plan.stages[step.stage].steps[0].index
        before = (step.index - 1,) if step.index > first else ()
        known, reason = found.get(step.index, (None, ""))
        steps.append(
            PlannedStep(
                stage=step.stage,
                number=step.number,
                type=step.kind,
                text=step.display,
                key=step.key,
                line=step.line,
                end_line=step.end_line,
                needs=(*before, *(last[number] for number in step.needs)),
                trigger=step.trigger,
                cached=known,
                reason=reason,
            )
        )
    return Planned(stages=stages, steps=tuple(steps), total=plan.total, preamble=plan.preamble)


def _numbers(outline: Outline, preamble: int, labels: int) -> tuple[dict[int, int], int]:
    """For each needed stage the n of its FROM, in the order of the file; and m."""
    numbers = {}
    number = preamble + 1
    for index in sorted(outline.order):
        numbers[index] = number
        number += count_numbered(outline.stages[index], labels if index == outline.target else 0)
    return numbers, number - 1


def _unused(outline: Outline, request: BuildRequest) -> tuple[str, ...]:
    known = outline.declared | PROXIES | READ_BY_BUILDER | outline.globals.keys()
    return tuple(sorted(name for name in request.build_args if name not in known))


def _epoch(request: BuildRequest) -> int | None:
    if request.source_date_epoch is not None:
        return request.source_date_epoch
    text = request.build_args.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise InvalidArgument(f"invalid SOURCE_DATE_EPOCH: {text}")
    return int(text)
