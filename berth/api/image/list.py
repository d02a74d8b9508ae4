"""``GET /images/json``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.image import row
from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.engine.image.list import FILTERS, list_images
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """The images, newest first."""
    if call.version >= (1, 54) and call.flag("identity") and not call.flag("manifests"):
        raise InvalidArgument("conflicting options: identity requires manifests=1")
    rows = await list_images(
        call.engine,
        all=call.flag("all"),
        filters=_filters(call),
        shared_size=call.flag("shared-size") and call.version >= (1, 42),
    )
    return json_answer([row(found, call.version) for found in rows])


def _filters(call: Call) -> Filters:
    """``filter=NAME`` is how names were filtered before API 1.25."""
    given = call.filters(FILTERS)
    legacy = call.text("filter")
    if legacy and call.version < (1, 25) and "reference" not in given:
        return Filters(
            {**{name: given.get(name) for name in FILTERS if name in given}, "reference": [legacy]}
        )
    return given
