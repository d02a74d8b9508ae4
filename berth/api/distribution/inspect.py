"""``GET /distribution/{name}/json``."""

import msgspec

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.reference import parse_reference
from berth.engine.distribution.inspect import inspect_remote
from berth.registry.credentials import decode_header
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """The descriptor that the registry has under the name, and its platforms."""
    ref = parse_reference(call.name)
    credentials = decode_header(call.request.headers.get("x-registry-auth", ""))
    found = await inspect_remote(call.engine, ref, credentials)
    return json_answer(
        {
            "Descriptor": msgspec.to_builtins(found.descriptor),
            "Platforms": [msgspec.to_builtins(platform) for platform in found.platforms] or None,
        }
    )
