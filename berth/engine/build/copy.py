"""COPY, ADD and WORKDIR: layers that are written without a container."""

import itertools
from collections.abc import Iterator

from berth.base.tasks import Stop
from berth.build.chown import find_owner
from berth.build.copy import CopyLayer, CopySpec
from berth.build.destination import Destination, Made
from berth.build.plan_step import Step
from berth.build.tree import FileTree
from berth.image.layers import StagedLayer, Staging
from berth.image.outflow import gather
from berth.image.tar.writer import END


def write_copy(
    staging: Staging, spec: CopySpec, target: FileTree, stop: Stop
) -> tuple[StagedLayer | None, str]:
    """The layer of one COPY, None when it is empty, and the key of its content. Call it in a thread; it ends
    soon after ``stop`` was asked for."""
    layer = CopyLayer(spec, target)

    def next_chunk() -> bytes | memoryview:
        stop.check()
        return layer.next_chunk()

    staged = staging.write(next_chunk)
    return (None if layer.empty else staged), layer.key


def write_pieces(staging: Staging, pieces: Iterator[bytes], stop: Stop) -> StagedLayer:
    """A layer from the pieces of its archive. Call it in a thread; it ends soon after ``stop`` was asked
    for."""

    def next_chunk() -> bytes:
        stop.check()
        return gather(pieces)

    return staging.write(next_chunk)


def write_workdir(
    staging: Staging, step: Step, target: FileTree, now: int, latest: int | None
) -> StagedLayer | None:
    """The layer that makes a working directory; None when it is there. Call it in a thread.

    It belongs to the user of the image at that point (BuildKit's rule).
    """
    user = step.settings.user or ""
    uid, gid = find_owner(user, target) if user else (0, 0)
    destination = Destination(target, Made(0o755, uid, gid, now, latest))
    pieces = destination.make_directory(destination.resolve(step.workdir.lstrip("/")))
    first = next(pieces, None)
    if first is None:
        return None
    every = (bytes(piece) for piece in itertools.chain((first,), pieces, (END,)))
    return staging.write(lambda: gather(every))
