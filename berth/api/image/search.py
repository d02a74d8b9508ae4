"""``GET /images/search``."""

import msgspec

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.engine.image.search import FILTERS, search
from berth.registry.credentials import decode_header
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Images that fit ``term``, at most ``limit``."""
    credentials = decode_header(call.request.headers.get("x-registry-auth", ""))
    try:
        filters = call.filters(FILTERS)
    except InvalidArgument as error:
        raise InvalidArgument(error.message[:1].upper() + error.message[1:]) from None
    found = await search(call.engine, call.text("term"), call.number("limit"), filters, credentials)
    return json_answer([_shaped(msgspec.to_builtins(image)) for image in found])


def _shaped(image: dict[str, object]) -> dict[str, object]:
    return {**image, "description": image["description"] or ""}
