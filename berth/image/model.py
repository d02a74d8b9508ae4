"""The records of this room, as the engine sees them."""

from typing import NamedTuple, Protocol

import msgspec

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.image.config import ImageConfig


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """One image. ``size`` is what its layers' files hold together, in bytes, as Docker counts it.

    ``parent`` is the image that it was built or committed from on this machine. Times are nanoseconds
    since the epoch; ``tagged_ns`` is 0 until the first tag. ``owner`` is who brought or made it.
    """

    id: Digest
    config: ImageConfig
    size: int
    parent: Digest | None = None
    added_ns: int = 0
    tagged_ns: int = 0
    owner: Caller = LOCAL_ROOT

    @property
    def created_ns(self) -> int:
        """When the image was made, as its configuration says; 0 when it does not say."""
        return self.config.created_ns

    @property
    def layers(self) -> tuple[Digest, ...]:
        """diff_ids, the base first."""
        return self.config.diff_ids


class LayerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A stored layer. ``size``: what its files hold; ``tar_size``: length of its archive."""

    diff_id: Digest
    form: str
    size: int
    tar_size: int
    opaque_root: bool = False


class Loaded(NamedTuple):
    """One line of ``load``: ``ref`` is None for an image without name. ``displaced`` had it before."""

    ref: ImageRef | None
    id: Digest
    displaced: Digest | None = None


class Removed(NamedTuple):
    """What a removal took away: the image, and the chain ids of layers that nothing else needs, top first."""

    id: Digest
    chain_ids: tuple[Digest, ...]


class HistoryRow(NamedTuple):
    """One line of ``history``, newest first. ``id`` is known for images that are here, else None."""

    id: Digest | None
    created_ns: int
    created_by: str
    tags: tuple[ImageRef, ...]
    size: int
    comment: str


class Progress(Protocol):
    """Told what happens while something long runs. It may be called from any thread and must not wait."""

    def update(self, item: str, action: str, current: int = 0, total: int = 0) -> None:
        """``item`` (a layer's short id, or empty) is at ``current`` of ``total`` bytes of ``action``."""


class Silent:
    """Progress that nobody wants to hear."""

    def update(self, item: str, action: str, current: int = 0, total: int = 0) -> None:
        """See Progress."""
