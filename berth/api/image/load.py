"""``POST /images/load``."""

from collections.abc import Iterator

from berth.api.answers import stream
from berth.api.call import Call
from berth.api.progress import told
from berth.api.shape.wire import Json
from berth.engine.image.load import load
from berth.image.model import Loaded
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Images from an archive in the body; progress unless ``quiet``, which is the default here."""
    body, caller = call.request.body, call.request.caller
    lines = told(
        call.engine,
        "load",
        lambda progress: load(call.engine, body, progress, caller),
        _result,
        quiet=call.flag("quiet", default=True),
    )
    return stream(lines)


def _result(loaded: list[Loaded]) -> Iterator[Json]:
    for line in loaded:
        if line.ref is None:
            yield {"stream": f"Loaded image ID: {line.id}\n"}
            continue
        name = line.ref.familiar
        if line.displaced is not None:
            yield {
                "stream": f"The image {name} already exists, renaming the old one with ID {line.displaced} "
                "to empty string\n"
            }
        yield {"stream": f"Loaded image: {name}\n"}
