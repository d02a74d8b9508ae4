"""What a build would do, without doing any of it: the answer of ``--dry-run``."""

from collections.abc import Mapping
from typing import NamedTuple

from berth.build.cache import BuildCache, Keys
from berth.build.plan import Plan
from berth.build.plan_step import FROM, Step, keys_after, keys_with
from berth.build.reasons import Explainer


class Prediction(NamedTuple):
    """``cached``: the step would be taken from the cache; ``reason`` why not, or what it depends on."""

    cached: bool
    reason: str


def predict(plan: Plan, cache: BuildCache, explainer: Explainer) -> Mapping[int, Prediction]:
    """For each step by its index what would happen to it.

    A copy of what a stage or a URL will have can turn out to be the same as before; until then it counts as
    not cached, and so does what follows it.
    """
    found: dict[int, Prediction] = {}
    missed: set[int] = set()
    ends: dict[int, Keys] = {}
    for stage in plan.stages.values():
        state = ends[stage.base.stage] if stage.base.stage >= 0 else stage.begin
        for step in stage.steps:
            if step.kind == FROM:
                found[step.index] = Prediction(cached=True, reason="")
                continue
            state, hit = _look(step, state, ends, cache)
            if not hit:
                missed.add(step.index)
            reason = "" if hit else explainer.reason(step, missed)
            if not hit and step.by_content:
                reason += "; what it copies may turn out to be the same"
            found[step.index] = Prediction(cached=hit, reason=reason)
        ends[stage.number] = state
    return found


def _look(step: Step, before: Keys, ends: Mapping[int, Keys], cache: BuildCache) -> tuple[Keys, bool]:
    state = keys_after(step, before, ends, step.urls)
    if step.uncached or step.urls:
        return state, False
    hit = cache.find(state.image)
    if hit is not None:
        return hit.after, True
    if not step.layer:
        return state, False
    files = cache.find(state.files)
    return (keys_with(step, before, files.after.files), True) if files is not None else (state, False)
