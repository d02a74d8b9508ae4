"""The steps that make layers, one function for each kind."""

import codecs
import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial

from berth.base.digest import Digest
from berth.base.errors import BerthError, InvalidArgument, Unsupported
from berth.base.tasks import Stop, in_thread
from berth.build.cache import Keys
from berth.build.copy import CopySource, CopySpec
from berth.build.outline import Origin
from berth.build.plan_result import new_result
from berth.build.plan_step import RunPlan, content_keys
from berth.build.records import StepCached, StepDone, StepLog, StepStarted
from berth.build.select import Selection
from berth.dockerfile.instructions import Add, Copy
from berth.engine.build.container import Wanted
from berth.engine.build.context_image import image_of
from berth.engine.build.copy import write_copy, write_workdir
from berth.engine.build.describe import CommandFailed
from berth.engine.build.limits import host_config
from berth.engine.build.mounts import mounted
from berth.engine.build.run import StepContainer
from berth.engine.build.stage import Outcome
from berth.engine.build.views import viewed
from berth.engine.build.work import Turn
from berth.engine.container.create import owner_of
from berth.engine.container.record import MountPoint
from berth.engine.spec.config import ContainerConfig
from berth.image.layers import StagedLayer
from berth.image.model import Image

_ENCODINGS = {1: "stdout", 2: "stderr"}


async def do_run(turn: Turn, keys: Keys) -> Outcome:
    """RUN. CommandFailed when the command fails."""
    work, step = turn.work, turn.step
    run = step.run
    assert run is not None
    _check(turn, run)
    parent = await turn.stage.require_image()
    started = time.monotonic()
    async with mounted(work.engine, work.session, run.mounts, partial(image_of, work)) as made:
        points = [*made.points, *_script(turn, run)]
        container = await StepContainer.make(work.engine, _wanted(turn, run, parent, tuple(points)))
        async with container:
            cell = container.cell
            cell.secret_env = tuple(made.env)
            work.report(StepStarted(step=step.index, container=cell.id, time_ns=time.time_ns()))
            await container.lay_stubs()
            layer = await _run(turn, container, run)
            removed = work.session.request.rm
            if removed:
                work.removals.append(container.remove_later())
            else:
                await container.leave()
    also: tuple[Keys, ...] = ()
    if step.uncached:
        # It may have made something else than the last time: steps that read it must not be taken from then.
        made_now = layer.info.diff_id if layer is not None else ""
        keys, also = content_keys(step, turn.stage.keys, made_now), (keys,)
    return Outcome(
        step,
        keys,
        also,
        layer=layer,
        done=lambda image: told(turn, image, started, layer, cell.id if removed else None),
    )


async def _run(turn: Turn, container: StepContainer, run: RunPlan) -> StagedLayer | None:
    try:
        with _output(turn) as output:
            code = await container.run(output, turn.work.report.room)
        if code:
            raise CommandFailed(" ".join(run.argv), code)
    except BerthError:
        if not turn.work.session.request.force_rm:
            await container.leave()
            turn.left = container.cell.id
        raise
    return await container.pack(turn.staging, turn.work.plan.epoch)


@contextlib.contextmanager
def _output(turn: Turn) -> Iterator[Callable[[int, bytes], None]]:
    """A taker of output that tells it as text; a character cut in two by the pieces is put together."""
    decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in _ENCODINGS}

    def tell(stream: int, text: str) -> None:
        if text:
            turn.tail.add(text)
            turn.work.report(StepLog(step=turn.step.index, stream=stream, data=text, time_ns=time.time_ns()))

    yield lambda stream, data: tell(stream, decoders[stream].decode(data))
    for stream, decoder in decoders.items():
        tell(stream, decoder.decode(b"", final=True))


def _check(turn: Turn, run: RunPlan) -> None:
    if run.devices:
        raise Unsupported(
            f"RUN --device={run.devices[0]}: this engine has no devices to give to builds",
            hint="devices of CDI files are not supported yet",
        )
    if run.security == "insecure" and not turn.work.engine.settings.build_insecure:
        raise InvalidArgument(
            "security.insecure is not allowed",
            hint='the administrator can allow it: {"builder": {"entitlements": {"security-insecure": true}}}',
        )


def _wanted(turn: Turn, run: RunPlan, parent: Image, points: tuple[MountPoint, ...]) -> Wanted:
    request = turn.work.session.request
    network = run.network if run.network not in ("", "default") else request.network
    return Wanted(
        build=turn.work.session.id,
        image_id=parent.id,
        command=run.argv,
        config=ContainerConfig(
            env=(*run.env, *run.proxies), user=run.user, working_dir=run.workdir, cmd=run.argv
        ),
        host=host_config(request, network=network or "default", insecure=run.security == "insecure"),
        mounts=points,
        owner=owner_of(turn.work.session.given.caller),
    )


def _script(turn: Turn, run: RunPlan) -> list[MountPoint]:
    if run.script is None:
        return []
    source = turn.work.session.write_program(run.script.content)
    return [
        MountPoint(
            kind="bind",
            source=str(source),
            destination=run.script.path,
            writable=False,
            propagation="rprivate",
        )
    ]


async def do_copy(
    turn: Turn, keys: Keys, fetched: tuple[CopySource, ...], link: Digest | None
) -> Outcome | None:
    """COPY and ADD; None when what was copied turned out to be the same as before, and was taken from there.

    InvalidArgument in dockerd's words for what cannot be copied.
    """
    work, step = turn.work, turn.step
    started = time.monotonic()
    work.report(StepStarted(step=step.index, time_ns=time.time_ns()))
    async with contextlib.AsyncExitStack() as stack:
        sources = [*fetched]
        if step.origin is not None and step.selection is not None:
            sources.append(await _source(turn, step.origin, step.selection, stack))
        target = await stack.enter_async_context(viewed(work.engine, await turn.stage.publish()))
        spec = _spec(turn, tuple(sources))
        stop = Stop()
        layer, content = await in_thread(stop, write_copy, turn.staging, spec, target, stop)
    known: tuple[Keys, ...] = ()
    if step.by_content:
        known = (keys,)
        keys = content_keys(step, turn.stage.keys, content)
        found = work.session.hold.find(keys.image)
        if found is not None and turn.stage.continues(found):
            await turn.stage.take(found)
            await work.engine.builds.cache.add(found.image.id, new_result(step, *known, found.after))
            work.report(
                StepCached(step=step.index, image=found.image.id, same_content=True, time_ns=time.time_ns())
            )
            return None
    return Outcome(step, keys, known, link, layer=layer, done=lambda image: told(turn, image, started, layer))


async def _source(
    turn: Turn, origin: Origin, selection: Selection, stack: contextlib.AsyncExitStack
) -> CopySource:
    work = turn.work
    listing = work.listing(origin)
    if listing is not None:
        return CopySource(listing, selection)
    image = await work.image(origin)
    return CopySource(
        await stack.enter_async_context(viewed(work.engine, image)), selection, keeps_owner=True
    )


def _spec(turn: Turn, sources: tuple[CopySource, ...]) -> CopySpec:
    instruction = turn.step.instruction
    assert isinstance(instruction, Copy | Add)
    now, latest = times(turn)
    return CopySpec(
        destination=instruction.destination,
        sources=sources,
        heredocs=tuple((doc.name, _encoded(doc.body)) for doc in instruction.heredocs),
        workdir=turn.step.workdir,
        chown=instruction.chown or "",
        chmod=instruction.chmod or "",
        word="ADD" if isinstance(instruction, Add) else "COPY",
        unpack=instruction.unpack if isinstance(instruction, Add) else None,
        now=now,
        latest=latest,
    )


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


async def do_workdir(turn: Turn, keys: Keys) -> Outcome:
    """WORKDIR: the directory is made where the image lacks it."""
    started = time.monotonic()
    now, latest = times(turn)
    async with viewed(turn.work.engine, await turn.stage.publish()) as target:
        layer = await in_thread(Stop(), write_workdir, turn.staging, turn.step, target, now, latest)
    return Outcome(turn.step, keys, layer=layer, done=lambda image: told(turn, image, started, layer))


def times(turn: Turn) -> tuple[int, int | None]:
    """The time that new files get, and the latest that any may have; seconds since the epoch."""
    epoch = turn.work.plan.epoch
    return (int(time.time()) if epoch is None else epoch), epoch


def told(
    turn: Turn, image: Image, started: float, layer: StagedLayer | None = None, container: str | None = None
) -> StepDone:
    """The record of a step that was done."""
    return StepDone(
        step=turn.step.index,
        image=image.id,
        seconds=round(time.monotonic() - started, 3),
        container=container,
        layer=layer.info.size if layer is not None else None,
        reason=turn.reason,
        time_ns=time.time_ns(),
    )
