"""``POST /containers/{id}/wait``."""

from collections.abc import AsyncIterator

import msgspec

from berth.api.answers import json_answer, stream
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.engine.container.cell import ExitStatus
from berth.engine.container.wait import Waiter, wait
from berth.server.message import Answer

_CONDITIONS = ("", "not-running", "next-exit", "removed")


async def handle(call: Call) -> Answer:
    """Wait for an exit or a removal.

    The head goes out as soon as the wait is armed (API 1.30): the client starts the container only then, so
    that it cannot miss a short life.
    """
    if call.version < (1, 30):
        waiter = await wait(call.engine, call.name, "not-running")
        return json_answer(_shape(await waiter.result()))
    condition = call.text("condition")
    if condition not in _CONDITIONS:
        raise InvalidArgument(f'invalid condition: "{condition}"')
    return stream(_result(await wait(call.engine, call.name, condition or "not-running")))


async def _result(waiter: Waiter) -> AsyncIterator[bytes]:
    yield msgspec.json.encode(_shape(await waiter.result())) + b"\n"


def _shape(status: ExitStatus) -> dict[str, object]:
    error = {"Error": {"Message": status.error}} if status.error else {}
    return {**error, "StatusCode": status.code}
