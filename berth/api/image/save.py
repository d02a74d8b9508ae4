"""``GET /images/get`` and ``GET /images/{name}/get``."""

from berth.api.answers import TAR, begun, stream
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.engine.image.save import save
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Images as one archive."""
    names = [call.name] if "name" in call.params else call.all("names")
    if not names:
        raise InvalidArgument("no image is named: pass at least one names=IMAGE")
    return stream(await begun(save(call.engine, names)), TAR)
