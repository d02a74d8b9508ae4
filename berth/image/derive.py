"""``derive``: the images that the steps of a build make on top of one another.

A step's result is an image like any other: it can be run and inspected by its id, and the next step is made
from it. It is hidden, so that only ``images --all`` lists it, until somebody gives it a name.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest, sha256
from berth.base.reference import ImageRef
from berth.image.config import ImageConfig, encode_config
from berth.image.core import ImageCore, NewImage
from berth.image.layers import StagedLayer
from berth.image.model import Image

Also: TypeAlias = Callable[[sqlite3.Connection, Sequence[Digest]], None]
"""Writes further rows in the transaction that makes the images visible; gets their ids."""


class Derivation(NamedTuple):
    """One image to be made. It is hidden if ``hidden`` is set and ``names`` is empty."""

    config: ImageConfig
    names: tuple[ImageRef, ...] = ()
    hidden: bool = True


async def derive(
    store: ImageCore,
    parent: Image | None,
    steps: Sequence[Derivation],
    *,
    staged: StagedLayer | None = None,
    owner: Caller = LOCAL_ROOT,
    also: Also | None = None,
) -> tuple[Image, ...]:
    """Publish one image for each of ``steps``, all or none, and return them in order.

    The first one's parent is ``parent``, that of the others the one before. The layers that the
    configurations name are stored already, except the one that is ``staged``. Hold a lease.
    """
    news: list[NewImage] = []
    ids: list[Digest] = []
    before = parent.id if parent is not None else None
    for step in steps:
        data = encode_config(step.config)
        news.append(NewImage(data, step.names, before, step.hidden and not step.names))
        before = sha256(data)
        ids.append(before)

    def rows(connection: sqlite3.Connection) -> None:
        if also is not None:
            also(connection, ids)

    published = await store.publish(news, [staged] if staged is not None else (), owner, rows)
    return tuple(one.image for one in published)
