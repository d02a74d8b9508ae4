"""``POST /build/prune``: the build cache, which is always empty while this engine does not build."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Nothing to remove; ``docker system prune`` asks for it last."""
    return json_answer({"CachesDeleted": None, "SpaceReclaimed": 0})
