"""``POST /images/{name}/tag``."""

from berth.api.args import repo_tag
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.engine.image.tag import tag
from berth.server.message import Answer, Response


async def handle(call: Call) -> Answer:
    """Give an image another name."""
    target = repo_tag(call.text("repo"), call.text("tag"))
    if target is None:
        raise InvalidArgument("invalid reference format: the repository name is empty")
    await tag(call.engine, call.name, target)
    return Response(201)
