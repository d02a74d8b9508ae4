"""``GET /containers/{id}/stats``."""

from berth.api.answers import begun, json_answer, json_lines, stream
from berth.api.call import Call
from berth.api.shape.stats import stats as shape
from berth.engine.container.stats import stats
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Readings every second, or one: then with the reading before it, unless ``one-shot`` (API 1.41)."""
    streaming = call.flag("stream", default=True)
    one_shot = call.flag("one-shot") and call.version >= (1, 41)
    samples = stats(call.engine, call.name, stream=streaming, one_shot=one_shot)
    if not streaming:
        return json_answer(shape(await anext(samples), call.version))
    return stream(json_lines(await begun(samples), lambda sample: shape(sample, call.version)))
