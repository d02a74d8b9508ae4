"""``inspect``: everything about one container."""

from typing import NamedTuple

from berth.engine.container.record import ContainerRecord
from berth.engine.engine import Engine


class Inspected(NamedTuple):
    """The record, and what is not stored in it. Sizes are bytes, None when not asked for."""

    record: ContainerRecord
    exec_ids: tuple[str, ...]
    storage: dict[str, str]
    size_rw: int | None
    size_root: int | None


async def inspect(engine: Engine, ref: str, *, size: bool = False) -> Inspected:
    """Describe the container named ``ref``; with ``size`` its writable layer and its image are measured."""
    cell = engine.containers.resolve(ref)
    record = cell.record
    size_rw = size_root = None
    if size:
        size_rw = await engine.images.usage(record.id)
        image = engine.images.find(record.image_id)
        size_root = size_rw + (image.size if image else 0)
    return Inspected(
        record,
        tuple(engine.execs.ids_of(record.id)),
        {"UpperDir": str(engine.images.upper(record.id)), "MergedDir": str(engine.images.rootfs(record.id))},
        size_rw,
        size_root,
    )
