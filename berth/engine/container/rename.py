"""``rename``: another name for the same container."""

import msgspec

from berth.base.errors import InvalidArgument
from berth.engine.container.change import event, save_record
from berth.engine.engine import Engine
from berth.engine.verbs import change


@change
async def rename(engine: Engine, ref: str, name: str) -> None:
    """Give the container ``name``; Conflict when another one has it."""
    wanted = name.removeprefix("/")
    cell = engine.containers.resolve(ref)
    if not wanted:
        raise InvalidArgument("Neither old nor new names may be empty")
    async with cell.lock:
        old = cell.record.name
        if wanted == old:
            raise InvalidArgument("Renaming a container with the same name as its current name")
        engine.containers.claim(wanted, cell.id)
        record = msgspec.structs.replace(cell.record, name=wanted)
        happened = event(record, "rename", {"oldName": f"/{old}"})
        try:
            await save_record(engine, record, happened)
        except BaseException:
            engine.containers.release(wanted, cell.id)
            raise
        cell.replace(record)
        await engine.networks.rename(cell.id, wanted)
        engine.containers.release(old, cell.id)
