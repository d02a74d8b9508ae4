"""``--cache-from IMAGE``: results taken from an image that somebody else built.

The rule: an image serves from its beginning on, as long as its history tells what the plan would do. It
must begin with the base of the stage (same layers, same history). Then each line of the history must be,
letter by letter, that of the next step; a line without an empty layer stands for the next layer of the
image. The lines of COPY and ADD name the content that was copied, the lines of RUN the arguments, so equal
lines mean equal steps, as far as the builder of the image is trusted: that is what naming it says. Steps
that read other stages or the network are not told by their line, and end the match.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from berth.base.digest import Digest
from berth.build.outline import IMAGE
from berth.build.plan import Plan, StagePlan
from berth.build.plan_step import FROM, Step
from berth.image.config import HistoryItem
from berth.image.model import Image

Borrowed: TypeAlias = dict[int, tuple[Digest, ...]]
"""By index of step: all layers of its result."""


def borrow(plan: Plan, bases: Mapping[str, Image], candidates: Iterable[Image]) -> Borrowed:
    """What ``candidates`` have of the plan's results; the first that has most of a stage is taken for it."""
    images = list(candidates)
    found: Borrowed = {}
    for stage in plan.stages.values():
        steps = _chain(plan, stage)
        root = _root(plan, stage)
        base = bases[root.base.name] if root.base.kind == IMAGE else None
        best: Borrowed = {}
        for image in images:
            matched = _match(steps, base, image)
            if len(matched) > len(best):
                best = matched
        for index, layers in best.items():
            found.setdefault(index, layers)
    return found


def _root(plan: Plan, stage: StagePlan) -> StagePlan:
    while stage.base.stage >= 0:
        stage = plan.stages[stage.base.stage]
    return stage


def _chain(plan: Plan, stage: StagePlan) -> list[Step]:
    """Every step from the image that all begins with to the end of the stage."""
    before = _chain(plan, plan.stages[stage.base.stage]) if stage.base.stage >= 0 else []
    return [*before, *(step for step in stage.steps if step.kind != FROM)]


def _match(steps: Sequence[Step], base: Image | None, image: Image) -> Borrowed:
    own = base.config.history or () if base is not None else ()
    layers = base.layers if base is not None else ()
    history = image.config.history or ()
    if image.layers[: len(layers)] != layers or not _same(own, history[: len(own)]):
        return {}
    found: Borrowed = {}
    taken = len(layers)
    for step, item in zip(steps, history[len(own) :], strict=False):
        if step.created_by != item.created_by or step.needs or step.urls:
            break
        if not item.empty_layer:
            taken += 1
            if not step.layer or taken > len(image.layers):
                break
        found[step.index] = image.layers[:taken]
    return found


def _same(one: Sequence[HistoryItem], other: Sequence[HistoryItem]) -> bool:
    return [item.created_by for item in one] == [item.created_by for item in other]
