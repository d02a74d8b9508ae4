"""``DELETE /images/{name}``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.image import removed
from berth.base.errors import InvalidArgument
from berth.engine.image.rm import remove
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Take a name from an image, and the image away with its last one."""
    if not call.name.strip():
        raise InvalidArgument("image name cannot be blank")
    gone = await remove(call.engine, call.name, force=call.flag("force"), noprune=call.flag("noprune"))
    return json_answer([removed(one) for one in gone])
