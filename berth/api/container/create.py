"""``POST /containers/create``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.container.legacy import adapt
from berth.engine.container.create import CreateOptions, create
from berth.engine.spec.create import decode_create
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Make a container; the answer has its id and warnings."""
    request, warnings = adapt(decode_create(await call.body()), call.version)
    created = await create(
        call.engine,
        CreateOptions(
            name=call.text("name"),
            config=request.config,
            host=request.host_config,
            networking=request.networking_config,
            platform=call.text("platform") if call.version >= (1, 41) else "",
            caller=call.request.caller,
        ),
    )
    return json_answer({"Id": created.id, "Warnings": [*created.warnings, *warnings]}, 201)
