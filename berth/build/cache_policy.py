"""Which entries of the build cache go: by a person's filters, and by the space that they may take.

Pure: entries in, entries out. The same rules serve results of steps, files of contexts and cache mounts, so
whoever keeps any of them describes them as ``CacheEntry``. The names of filters and types are BuildKit's, as
``docker builder prune`` and ``GET /system/df`` use them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters

FILTERS = frozenset(
    ("until", "unused-for", "id", "parent", "type", "description", "inuse", "shared", "private")
)
REGULAR, LOCAL, GIT, MOUNT = "regular", "source.local", "source.git.checkout", "exec.cachemount"


class CacheEntry(NamedTuple):
    """One thing that is kept for later builds. Times are nanoseconds since the epoch, ``used_ns`` 0 for
    never.

    ``size``: bytes that belong to ``content``; entries with the same content (a layer) share those bytes.
    An empty ``content`` is the entry's own. ``shared``: something outside of the cache has them too, so
    removing the entry frees nothing. ``depth`` orders entries of the same age: the deeper go first.
    """

    id: str
    type: str = REGULAR
    description: str = ""
    parents: tuple[str, ...] = ()
    size: int = 0
    content: str = ""
    created_ns: int = 0
    used_ns: int = 0
    uses: int = 0
    in_use: bool = False
    shared: bool = False
    depth: int = 0


class Bounds(NamedTuple):
    """How much may stay, in bytes; None does not bound.

    ``reserved``: so much is never taken. ``max_used``: more than this goes. ``min_free``: the disk shall have
    so much free.
    """

    reserved: int | None = None
    max_used: int | None = None
    min_free: int | None = None


class Rule(NamedTuple):
    """A rule by which the daemon prunes of itself: of what fits ``filters`` the longest unused goes until
    ``bounds`` are kept. Without ``all`` what an image has as well stays."""

    bounds: Bounds
    filters: Mapping[str, tuple[str, ...]] = {}
    all: bool = True


class Disk(NamedTuple):
    """A file system, in bytes."""

    total: int
    free: int


def default_bounds(disk: Disk) -> Bounds:
    """What is kept when nobody says: a tenth of the disk, and no more than 20 GB."""
    return Bounds(max_used=min(disk.total // 10, 20 * 10**9))


def select(
    entries: Iterable[CacheEntry], filters: Filters, *, all: bool, before_ns: int | None = None
) -> list[CacheEntry]:
    """The entries that ``builder prune`` may remove: used last no later than ``before_ns``.

    Never what is in use. Without ``all`` nothing whose bytes are shared with an image, since nothing is
    gained. InvalidArgument for filters that have several values.
    """
    return [
        entry
        for entry in matching(entries, filters, before_ns)
        if not entry.in_use and (all or not entry.shared)
    ]


def matching(
    entries: Iterable[CacheEntry], filters: Filters, before_ns: int | None = None
) -> list[CacheEntry]:
    """The entries that a listing with ``filters`` shows; InvalidArgument as ``select``."""
    return [
        entry
        for entry in entries
        if _fits(entry, filters) and (before_ns is None or (entry.used_ns or entry.created_ns) <= before_ns)
    ]


def within(
    entries: Sequence[CacheEntry], removable: Iterable[CacheEntry], bounds: Bounds, disk: Disk
) -> list[CacheEntry]:
    """Those of ``removable`` that must go so that ``entries`` keep to ``bounds``: the longest unused first.

    Without any bound all of them go.
    """
    queue = sorted(removable, key=lambda e: (e.used_ns or e.created_ns, -e.depth, e.id))
    if bounds == Bounds():
        return queue
    holders = Counter(entry.content for entry in entries if entry.content)
    used = used_bytes(entries)
    free = disk.free
    going: list[CacheEntry] = []
    for entry in queue:
        if not _too_much(used, free, bounds):
            break
        going.append(entry)
        if entry.content:
            holders[entry.content] -= 1
        if not entry.shared and not holders[entry.content]:
            used -= entry.size
            free += entry.size
    return going


def used_bytes(entries: Iterable[CacheEntry]) -> int:
    """What the entries alone keep on disk."""
    contents: dict[str, int] = {}
    own = 0
    for entry in entries:
        if entry.shared:
            continue
        if entry.content:
            contents[entry.content] = entry.size
        else:
            own += entry.size
    return own + sum(contents.values())


def freed_bytes(entries: Iterable[CacheEntry], gone: Iterable[CacheEntry]) -> int:
    """What removing ``gone`` from ``entries`` frees."""
    ids = {entry.id for entry in gone}
    every = list(entries)
    return used_bytes(every) - used_bytes(entry for entry in every if entry.id not in ids)


def _too_much(used: int, free: int, bounds: Bounds) -> bool:
    if bounds.reserved is not None and used <= bounds.reserved:
        return False
    if bounds.max_used is not None and used > bounds.max_used:
        return True
    if bounds.min_free is not None:
        return free < bounds.min_free
    return bounds.max_used is None and bounds.reserved is not None


def age_filter(filters: Filters) -> str | None:
    """The text of ``until`` or ``unused-for``, which mean the same: a duration or a moment."""
    if "until" in filters and "unused-for" in filters:
        raise InvalidArgument("conflicting filters: until and unused-for")
    return _single(filters, "until") or _single(filters, "unused-for")


def _single(filters: Filters, name: str) -> str | None:
    values = filters.get(name)
    if len(values) > 1:
        raise InvalidArgument("filters expect only one value")
    return values[0] if values else None


def _fits(entry: CacheEntry, filters: Filters) -> bool:
    pattern = _single(filters, "id")
    if pattern is not None:
        try:
            if not re.search(pattern, entry.id):
                return False
        except re.error:
            raise InvalidArgument(f"invalid filter 'id={pattern}'") from None
    parent = _single(filters, "parent")
    kind = _single(filters, "type")
    description = _single(filters, "description")
    return (
        (parent is None or parent in entry.parents)
        and (kind is None or kind == entry.type)
        and (description is None or description == entry.description)
        and _flag(filters, "inuse", entry.in_use)
        and _flag(filters, "shared", entry.shared)
        and _flag(filters, "private", not entry.shared)
    )


def _flag(filters: Filters, name: str, value: bool) -> bool:  # noqa: FBT001 - a property of an entry
    """``name`` alone means true, as BuildKit reads it."""
    if name not in filters:
        return True
    text = _single(filters, name)
    if text in (None, "", "true", "1"):
        return value
    if text in ("false", "0"):
        return not value
    raise InvalidArgument(f"invalid filter '{name}={text}'")
