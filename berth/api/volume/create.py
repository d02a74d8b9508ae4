"""``POST /volumes/create``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.volume import volume as shape
from berth.base.errors import Unavailable
from berth.engine.spec.naming import Record
from berth.engine.volume.create import VolumeOptions, create
from berth.server.message import Answer


class VolumeCreateRequest(Record, frozen=True, kw_only=True):
    """The body."""

    name: str = ""
    driver: str = ""
    driver_opts: dict[str, str] | None = None
    labels: dict[str, str] | None = None


async def handle(call: Call) -> Answer:
    """Make a volume, or describe the one that has the name."""
    wanted = await call.json(VolumeCreateRequest)
    options = VolumeOptions(
        wanted.name, wanted.driver, wanted.driver_opts or {}, wanted.labels or {}, call.request.caller
    )
    return json_answer(shape(await create(call.engine, options)), 201)


async def update(call: Call) -> Answer:
    """``PUT /volumes/{name}``: only volumes of a swarm can be changed."""
    raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")
