"""``GET /system/df``."""

import time
from collections.abc import Sequence

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.container.list import ShownImages, sized_row
from berth.api.shape.build import cache_row
from berth.api.shape.image import row as image_row
from berth.api.shape.volume import volume as volume_row
from berth.api.shape.wire import Json
from berth.base.errors import InvalidArgument
from berth.build.cache_policy import used_bytes
from berth.engine.container.list import Row
from berth.engine.container.record import Status
from berth.engine.system.df import KINDS, DiskUsage, df
from berth.server.message import Answer

_ACTIVE = frozenset((Status.RUNNING, Status.PAUSED, Status.RESTARTING))


_ROWS = (
    ("Image", "Images"),
    ("Container", "Containers"),
    ("Volume", "Volumes"),
    ("BuildCache", "BuildCache"),
)


async def handle(call: Call) -> Answer:
    """Use of the disk by kind. Lists up to API 1.51; sums since 1.52, with the lists inside ``verbose``, and
    both for clients that speak 1.52 without having asked for the new form."""
    kinds = KINDS
    if call.version >= (1, 42) and "type" in call.request.query:
        kinds = frozenset(call.all("type"))
        for kind in kinds - KINDS:
            raise InvalidArgument(f"unknown object type: {kind}")
    verbose = call.version >= (1, 52) and call.flag("verbose")
    lists = _lists(call, await df(call.engine, kinds))
    shaped: Json = {} if verbose else dict(lists.shaped)
    if call.version >= (1, 52):
        shaped |= lists.sums(verbose=verbose)
    return json_answer(shaped)


class _Lists:
    """The rows of every kind, and what they add up to."""

    def __init__(self, usage: DiskUsage, shaped: Json) -> None:
        self._usage = usage
        self.shaped = shaped

    def sums(self, *, verbose: bool) -> Json:
        """``ImageUsage`` and the like, which leave zeros out."""
        usage = self._usage
        shaped: Json = {}
        if usage.images is not None:
            free = sum(i.image.size - (i.shared_size or 0) for i in usage.images if not i.containers)
            active = sum(1 for i in usage.images if i.containers)
            shaped["ImageUsage"] = _sum(len(usage.images), active, usage.layers, free)
        if usage.containers is not None:
            idle = [row for row in usage.containers if row.record.state.status not in _ACTIVE]
            total, free = _sizes(usage.containers), _sizes(idle)
            active = len(usage.containers) - len(idle)
            shaped["ContainerUsage"] = _sum(len(usage.containers), active, total, free)
        if usage.volumes is not None:
            unused = [volume.size or 0 for volume in usage.volumes if not volume.users]
            total = sum(volume.size or 0 for volume in usage.volumes)
            active = len(usage.volumes) - len(unused)
            shaped["VolumeUsage"] = _sum(len(usage.volumes), active, total, sum(unused))
        if usage.cache is not None:
            cache, spare = usage.cache, [entry for entry in usage.cache if not entry.in_use]
            shaped["BuildCacheUsage"] = _sum(
                len(cache), len(cache) - len(spare), used_bytes(cache), used_bytes(spare)
            )
        if verbose:
            for name, rows in _ROWS:
                if self.shaped.get(rows):
                    shaped[f"{name}Usage"]["Items"] = self.shaped[rows]
        return shaped


def _lists(call: Call, usage: DiskUsage) -> _Lists:
    now, names = time.time_ns(), ShownImages(call.engine)
    shaped: Json = {}
    if usage.images is not None:
        if usage.layers:
            shaped["LayersSize"] = usage.layers
        shaped["Images"] = [image_row(image, call.version, counted=True) for image in usage.images]
    if usage.containers is not None:
        shaped["Containers"] = [sized_row(row, names, call.version, now) for row in usage.containers]
    if usage.volumes is not None:
        shaped["Volumes"] = [volume_row(volume) for volume in usage.volumes]
    if usage.cache is not None:
        shaped["BuildCache"] = [cache_row(entry) for entry in usage.cache]
    return _Lists(usage, shaped)


def _sizes(rows: Sequence[Row]) -> int:
    return sum(row.size_rw or 0 for row in rows)


def _sum(count: int, active: int, total: int, free: int) -> Json:
    values = {"ActiveCount": active, "Reclaimable": free, "TotalCount": count, "TotalSize": total}
    return {name: value for name, value in values.items() if value}
