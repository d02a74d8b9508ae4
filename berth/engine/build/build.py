"""``build``: an image from a Dockerfile and a context.

From text to image in four moves: outline (what is needed), bases (found or pulled), plan (every step,
expanded and named), execution. A build is a transfer: it dies with the client that asked for it, and what it
has made by then is in the cache.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

from berth.base.errors import BerthError, Unsupported
from berth.base.tasks import Stop, in_thread
from berth.build.cache_from import borrow
from berth.build.listing import Listing
from berth.build.outline import Outline
from berth.build.outline import outline as make_outline
from berth.build.plan import Plan, make_plan, planned
from berth.build.reasons import Sources
from berth.build.records import Built, Failed, Warning
from berth.build.request import BuildRequest
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.parser import parse
from berth.engine.build.bases import find_bases, find_cache_images, local_bases
from berth.engine.build.describe import code_of, message_of
from berth.engine.build.execute import execute
from berth.engine.build.explain import Reasons, check_file, dry_run
from berth.engine.build.finish import announce_names, finish
from berth.engine.build.session import BuildSession, Given, Report
from berth.engine.build.upkeep import keep_within_bounds
from berth.engine.build.work import Aids, Materials
from berth.engine.engine import Engine
from berth.image.model import Image


class BuildOrder(NamedTuple):
    """A build that can begin: its request, what was understood of it, and what it may use."""

    request: BuildRequest
    given: Given
    outline: Outline
    context: Listing | None
    named: Mapping[str, Listing]


def order_build(
    request: BuildRequest, given: Given, context: Listing | None, named: Mapping[str, Listing]
) -> BuildOrder:
    """Read the Dockerfile. DockerfileError with its line, or InvalidArgument, for what is plain at once."""
    if request.gpus:
        raise Unsupported("GPUs are not given to builds by this engine yet")
    outline = make_outline(parse(request.dockerfile), request)
    return BuildOrder(request, given, outline, context, named)


async def build(engine: Engine, order: BuildOrder, report: Report) -> None:
    """Build, and tell ``report`` all of it; the last record is ``Built`` or ``Failed``.

    It raises nothing but cancellation and what nobody foresaw.
    """
    try:
        async with engine.images.lease():
            with (
                engine.builds.cache.hold() as hold,
                engine.builds.running.open(order.given, order.request, hold) as session,
            ):
                report(await _build(engine, session, order, report))
                engine.builds.cache.touch(hold.images)
        engine.tasks.spawn("keep the build cache small", keep_within_bounds(engine))
    except BerthError as error:
        line = error.line if isinstance(error, DockerfileError) else 0
        report(
            Failed(
                message=message_of(error),
                code=code_of(error),
                hint=error.hint or "",
                file=order.request.dockerfile_name if line else "",
                line=line,
                time_ns=time.time_ns(),
            )
        )


async def _build(engine: Engine, session: BuildSession, order: BuildOrder, report: Report) -> Built:
    request = order.request
    if request.check:
        for finding in check_file(request, order.outline, local_bases(engine, order.outline)):
            report(finding)
        return Built(time_ns=time.time_ns())
    outline, bases = await find_bases(engine, session, order.outline, report)
    # A context may have a hundred thousand files, which all go into the keys.
    plan = await in_thread(Stop(), make_plan, outline, request, bases, order.context, order.named)
    for finding in check_file(request, outline, bases):
        report(finding)
    sources = Sources(bases, order.context, order.named)
    if request.dry_run:
        shown, end = dry_run(engine, plan, sources)
        report(shown)
        return end
    report(planned(plan))
    reasons = Reasons(engine, plan, sources)
    aids = Aids(reasons, borrow(plan, bases, await find_cache_images(engine, session, report)))
    materials = Materials(bases, order.context, order.named)
    target = await execute(engine, session, plan, materials, aids, report)
    _warn(plan, report)
    image, is_new = await finish(engine, session, target, plan.epoch)
    # What is written now shares one wait for the disk; of a build that changed nothing, nobody waits for it.
    note = _note(engine, request, image, reasons)
    if is_new:
        await engine.tasks.finish("note a build", note)
    else:
        engine.tasks.spawn("note a build", note)
    return Built(image=image.id, tags=tuple(ref.familiar for ref in request.tags), time_ns=time.time_ns())


async def _note(engine: Engine, request: BuildRequest, image: Image, reasons: Reasons) -> None:
    await asyncio.gather(announce_names(engine, request, image), reasons.remember())


def _warn(plan: Plan, report: Report) -> None:
    if plan.unused_args:
        names = " ".join(plan.unused_args)
        report(Warning(text=f"One or more build-args [{names}] were not consumed"))
