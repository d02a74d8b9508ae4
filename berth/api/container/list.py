"""``GET /containers/json``: the rows of ``ps``."""

import time

from berth.api.answers import encoded_answer, json_answer
from berth.api.call import Call
from berth.api.shape.container import encode_row, encode_text, row
from berth.api.shape.state import status_text
from berth.api.versions import Version
from berth.base.errors import BerthError
from berth.engine.container.list import FILTERS, Row, list_containers
from berth.engine.container.record import ContainerRecord
from berth.engine.engine import Engine
from berth.server.message import Answer

_BREAKS: tuple[Version, ...] = ((1, 46), (1, 52))
"""Versions at which a row looks different."""


async def handle(call: Call) -> Answer:
    """List containers; sizes are measured only when asked for."""
    rows = await list_containers(
        call.engine,
        all=call.flag("all"),
        limit=call.number("limit") or 0,
        size=call.flag("size"),
        filters=call.filters(FILTERS),
    )
    images = ShownImages(call.engine)
    now = time.time_ns()
    if call.flag("size"):
        return json_answer([sized_row(found, images, call.version, now) for found in rows])
    variant = sum(call.version >= step for step in _BREAKS)
    parts: list[bytes] = []
    for found in rows:
        record = found.record
        image = images.name(record)
        kept = call.rows.get(
            record.id,
            variant,
            (record.revision, image),
            lambda record=record, image=image: encode_row(row(record, image, call.version)),  # type: ignore[misc]
        )
        parts.append(kept.before + encode_text(status_text(record.state, now)) + kept.after)
    return encoded_answer(b"[" + b",".join(parts) + b"]\n")


def sized_row(found: Row, images: "ShownImages", version: Version, now_ns: int) -> dict[str, object]:
    """A row with its sizes, as ``ps -s`` and ``system df`` have it; zero sizes are left out."""
    record = found.record
    parts = row(record, images.name(record), version)
    sizes = {"SizeRw": found.size_rw, "SizeRootFs": found.size_root}
    shown = {name: size for name, size in sizes.items() if size}
    return {**parts.before, **shown, "Status": status_text(record.state, now_ns), **parts.after}


class ShownImages:
    """What to call a container's image: the name it was made by while that still means the same image,
    else the image's id. Names are looked up once per answer."""

    def __init__(self, engine: Engine) -> None:
        self._images = engine.images
        self._ids: dict[str, str | None] = {}

    def name(self, record: ContainerRecord) -> str:
        """The name for one container's row."""
        given = record.config.image
        if given not in self._ids:
            try:
                self._ids[given] = self._images.resolve(given).id
            except BerthError:
                self._ids[given] = None
        return given if self._ids[given] == record.image_id else record.image_id
