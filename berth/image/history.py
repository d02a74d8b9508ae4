"""``history``: the steps of an image, with the sizes of the layers that they made."""

from berth.base.digest import Digest
from berth.image.config import parse_time
from berth.image.index import ImageIndex
from berth.image.layers import LayerStore
from berth.image.model import HistoryRow, Image


def history_of(image: Image, index: ImageIndex, layers: LayerStore) -> tuple[HistoryRow, ...]:
    """Newest first. The newest row has the image's own id; older ones have the ids of parents that are here.

    An image without a history has one row per layer, as far as its layers tell.
    """
    remaining = list(image.layers)
    rows: list[HistoryRow] = []
    for item in image.config.history or ():
        size = 0
        if not item.empty_layer and remaining:
            info = layers.find(remaining.pop(0))
            size = info.size if info else 0
        rows.append(HistoryRow(None, parse_time(item.created or ""), item.created_by, (), size, item.comment))
    for diff_id in remaining:
        info = layers.find(diff_id)
        rows.append(HistoryRow(None, image.created_ns, "", (), info.size if info else 0, ""))
    rows.reverse()
    current: Image | None = image
    seen: set[Digest] = set()
    for position, row in enumerate(rows):
        if current is None or current.id in seen:
            break
        seen.add(current.id)
        rows[position] = row._replace(id=current.id, tags=index.names(current.id))
        current = index.find(current.parent) if current.parent else None
    return tuple(rows)
