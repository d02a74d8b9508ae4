"""A plan carried out: stages at the same time, each step from the cache or done.

One task a stage. Stages wait for those that they need; the first failure cancels the others, and so does
the client when it goes away. Whatever is not published by then leaves nothing behind.
"""

import asyncio
import time

from berth.base.digest import Digest
from berth.build.cache import Keys
from berth.build.outline import IMAGE, STAGE
from berth.build.plan import Plan, StagePlan
from berth.build.plan_result import scratch_config
from berth.build.plan_step import FROM, METADATA, RUN, WORKDIR, Step, keys_after, keys_with, link_key
from berth.build.records import StepCached, StepCanceled, StepDone
from berth.dockerfile.instructions import Add, Copy
from berth.engine.build.describe import step_failed
from berth.engine.build.fetch import fetch_sources
from berth.engine.build.session import BuildSession, Report
from berth.engine.build.stage import Begin, Outcome, Stage
from berth.engine.build.steps import do_copy, do_run, do_workdir, told
from berth.engine.build.work import Aids, Materials, Turn, Work
from berth.engine.engine import Engine
from berth.image.layers import Staging
from berth.image.model import Image


async def execute(
    engine: Engine,
    session: BuildSession,
    plan: Plan,
    materials: Materials,
    aids: Aids,
    report: Report,
) -> Stage:
    """Do everything that is not in the cache; the target's stage. The failure of a step is raised after its
    record was told."""
    loop = asyncio.get_running_loop()
    results: dict[int, asyncio.Future[Stage]] = {number: loop.create_future() for number in plan.stages}
    work = Work(engine, session, plan, materials, aids.reasons, aids.borrowed, report, results, [])
    try:
        async with asyncio.TaskGroup() as group:
            for planned in plan.stages.values():
                group.create_task(_run_stage(work, planned), name=f"stage {planned.number}")
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    finally:
        for future in results.values():
            future.cancel()
        await asyncio.shield(asyncio.gather(*work.removals, return_exceptions=True))
    return results[plan.target].result()


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that ended the others."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _run_stage(work: Work, planned: StagePlan) -> None:
    begin = await _begin(work, planned)
    stage = Stage(work.engine, work.session, work.report, begin, work.plan.epoch)
    staging = work.engine.images.open_staging()
    try:
        for step in planned.steps:
            await _take_turn(work, stage, step, staging)
        await stage.publish()
        work.results[planned.number].set_result(stage)
    finally:
        await asyncio.shield(asyncio.to_thread(staging.close))


async def _begin(work: Work, planned: StagePlan) -> Begin:
    if planned.base.kind == STAGE:
        other = await work.stage(planned.base.stage)
        return Begin(other.image, other.config, other.keys, other.base)
    if planned.base.kind == IMAGE:
        image = work.materials.bases[planned.base.name]
        work.session.hold.keep(image.id)
        return Begin(image, image.config, planned.begin, image.config)
    nothing = scratch_config(planned.platform)
    return Begin(None, nothing, planned.begin, nothing)


async def _take_turn(work: Work, stage: Stage, step: Step, staging: Staging) -> None:
    """One step, from the cache or done; its failure is told, and raised."""
    turn = Turn(work, stage, step, staging)
    try:
        await _do(turn)
    except asyncio.CancelledError:
        work.report(StepCanceled(step=step.index, time_ns=time.time_ns()))
        raise
    except Exception as error:
        request = work.session.request
        lines = tuple(request.dockerfile.decode("utf-8", "replace").splitlines())
        work.report(step_failed(step, error, lines, request.dockerfile_name, turn.tail, turn.left))
        raise


async def _do(turn: Turn) -> None:
    work, stage, step = turn.work, turn.stage, turn.step
    if step.kind == FROM:
        image = stage.image.id if stage.image is not None else Digest("")
        work.report(StepDone(step=step.index, image=image, time_ns=time.time_ns()))
        return
    needs = {number: (await work.stage(number)).keys for number in step.needs}
    digests, sources = await fetch_sources(turn)
    keys = keys_after(step, stage.keys, needs, digests)
    linked = isinstance(step.instruction, Copy | Add) and step.instruction.link
    link = link_key(step, needs, digests) if linked else None
    if await _from_cache(turn, keys, link):
        return
    turn.reason = work.reasons.missed(step)
    outcome: Outcome | None
    if step.kind == METADATA:
        started = time.monotonic()
        outcome = Outcome(step, keys, done=lambda image: told(turn, image, started))
    elif step.kind == RUN:
        outcome = await do_run(turn, keys)
    elif step.kind == WORKDIR:
        outcome = await do_workdir(turn, keys)
    else:
        outcome = await do_copy(turn, keys, sources, link)
    if outcome is not None:
        await stage.add(outcome)


async def _from_cache(turn: Turn, keys: Keys, link: Digest | None) -> bool:
    """Take the result, or at least its files, if they were made on the layers that the stage has; a layer
    that is linked may have been made on any."""
    work, stage, step = turn.work, turn.stage, turn.step
    if step.uncached:
        return False
    found = work.session.hold.find(keys.image)
    if found is not None and stage.continues(found):
        await stage.take(found)
        work.report(_cached(step, found.image))
        return True
    kept = _kept_layer(turn, keys, link)
    if kept is None:
        return False
    layers, files = kept
    await stage.add(
        Outcome(
            step,
            keys_with(step, stage.keys, files),
            (keys,),
            link,
            kept=layers[0] if layers else None,
            done=lambda image: _cached(step, image),
        )
    )
    return True


def _kept_layer(turn: Turn, keys: Keys, link: Digest | None) -> tuple[tuple[Digest, ...], Digest] | None:
    """The layer that the step would make, if it is there (none for a step that wrote nothing), and the name
    of the files after it."""
    hold, stage = turn.work.session.hold, turn.stage
    found = hold.find(keys.files) if turn.step.layer else None
    if found is not None and stage.continues(found):
        layers = found.image.layers[len(stage.layers) :]
        if len(layers) <= 1:
            return layers, found.after.files
    borrowed = turn.work.borrowed.get(turn.step.index)
    if borrowed is not None and borrowed[: len(stage.layers)] == stage.layers:
        return borrowed[len(stage.layers) :][:1], keys.files
    found = hold.find(link) if link is not None else None
    history = found.image.config.history if found is not None else None
    if found is not None and history and not history[-1].empty_layer:
        return found.image.layers[-1:], keys.files
    return None


def _cached(step: Step, image: Image) -> StepCached:
    return StepCached(step=step.index, image=image.id, time_ns=time.time_ns())
