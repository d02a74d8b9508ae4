"""``GET /events``."""

from collections.abc import AsyncIterator

import msgspec

from berth.api.answers import JSON, stream
from berth.api.args import unix_time
from berth.api.call import Call
from berth.api.shape.system import event as shape
from berth.base.errors import InvalidArgument
from berth.engine.system.events import FILTERS, events
from berth.server.message import Answer
from berth.state.events import Event

JSON_LINES = "application/jsonl"
_SEQUENCE = "application/json-seq"
_ASKED = (JSON_LINES, "application/x-ndjson", _SEQUENCE)


async def handle(call: Call) -> Answer:
    """What happens, one JSON document a line. The media type can be asked for since API 1.52."""
    since = unix_time(call.text("since"), "since") or None
    until = unix_time(call.text("until"), "until") or None
    if since is not None and until is not None and until < since:
        raise InvalidArgument(
            f"`since` time ({call.text('since')}) cannot be after `until` time ({call.text('until')})"
        )
    found = events(call.engine, since, until, call.filters(FILTERS))
    media = _media(call)
    return stream(_lines(found, call, separated=media == _SEQUENCE), media)


def _media(call: Call) -> str:
    accepted = [part.partition(";")[0].strip() for part in call.request.headers.get("accept", "").split(",")]
    asked = [media for media in accepted if media in _ASKED]
    return asked[0] if asked else JSON_LINES if call.version >= (1, 52) else JSON


async def _lines(found: AsyncIterator[Event], call: Call, *, separated: bool) -> AsyncIterator[bytes]:
    lead = b"\x1e" if separated else b""
    async for event in found:
        if event.kind == "image" and event.action == "create" and call.version < (1, 46):
            continue  # these events are as new as that
        yield lead + msgspec.json.encode(shape(event, call.version)) + b"\n"
