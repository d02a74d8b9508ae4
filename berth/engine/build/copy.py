"""COPY, ADD and WORKDIR: layers that are written without a container."""

import itertools

from berth.build.chown import find_owner
from berth.build.copy import CopyLayer, CopySpec
from berth.build.destination import Destination, Made
from berth.build.plan_step import Step
from berth.build.tree import FileTree
from berth.image.layers import StagedLayer, Staging
from berth.image.outflow import gather
from berth.image.tar.writer import END


def write_copy(staging: Staging, spec: CopySpec, target: FileTree) -> tuple[StagedLayer | None, str]:
    """The layer of one COPY, None when it is empty, and the key of its content. Call it in a thread."""
    layer = CopyLayer(spec, target)
    staged = staging.write(layer.next_chunk)
    return (None if layer.empty else staged), layer.key


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
