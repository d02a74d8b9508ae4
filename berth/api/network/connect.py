"""``POST /networks/{id}/connect``."""

from msgspec.structs import replace

from berth.api.call import Call
from berth.engine.network.connect import connect
from berth.engine.spec.naming import Record
from berth.engine.spec.network import EndpointSettings
from berth.server.message import Answer, Response


class ConnectRequest(Record, frozen=True, kw_only=True):
    """The body."""

    container: str = ""
    endpoint_config: EndpointSettings | None = None


async def handle(call: Call) -> Answer:
    """Connect a container. A MAC address can be chosen here since API 1.54."""
    wanted = await call.json(ConnectRequest)
    settings = wanted.endpoint_config or EndpointSettings()
    if call.version < (1, 54):
        settings = replace(settings, mac_address="")
    await connect(call.engine, call.name, wanted.container, settings)
    return Response(200)
