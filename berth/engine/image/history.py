"""``history``: the steps that made an image, the last one first."""

from berth.engine.engine import Engine
from berth.image.model import HistoryRow


async def history(engine: Engine, ref: str) -> tuple[HistoryRow, ...]:
    """The steps of the image; NotFound when there is none."""
    return engine.images.history(engine.images.resolve(ref).id)
