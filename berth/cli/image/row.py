"""An image as lines of a listing: one per name. On the start path of ``images``."""

import time

from berth.base.units import human_duration, human_size
from berth.cli.format.names import split_reference
from berth.cli.format.rows import Row
from berth.cli.format.text import local_time, truncate_id

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_HEADERS = {
    "ID": "IMAGE ID",
    "Repository": "REPOSITORY",
    "Tag": "TAG",
    "Digest": "DIGEST",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "Size": "SIZE",
    "Containers": "CONTAINERS",
    "VirtualSize": "SIZE",
    "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE",
}
NONE = "<none>"
_DANGLING = (["<none>:<none>"], ["<none>@<none>"])
_FOUR_DIGITS = 4


class ImageRow(Row):
    """Cells of one name of an entry of ``/images/json``."""

    GO_TYPE = "*formatter.imageContext"
    HEADERS = _HEADERS
    CELLS = (
        "Containers", "CreatedAt", "CreatedSince", "Digest", "ID", "Repository", "SharedSize", "Size", "Tag",
        "UniqueSize", "VirtualSize",
    )  # fmt: skip

    def __init__(self, summary: "dict[str, Any]", name: "tuple[str, str, str]", *, trunc: bool) -> None:
        self._summary = summary
        self._name = name
        self._trunc = trunc

    def ID(self) -> str:
        """The id, short unless ``--no-trunc``."""
        identity = str(self._summary.get("Id", ""))
        return truncate_id(identity) if self._trunc else identity

    def Repository(self) -> str:
        """The name without its tag."""
        return self._name[0]

    def Tag(self) -> str:
        """The tag."""
        return self._name[1]

    def Digest(self) -> str:
        """The digest of the manifest that it was pulled by."""
        return self._name[2]

    def CreatedSince(self) -> str:
        """How long ago it was made."""
        return human_duration(time.time() - int(self._summary.get("Created", 0))) + " ago"

    def CreatedAt(self) -> str:
        """When it was made, in the local zone."""
        return local_time(int(self._summary.get("Created", 0)))

    def Size(self) -> str:
        """Bytes of all layers."""
        return human_size(self._summary.get("Size", 0))

    def Containers(self) -> str:
        """How many containers use it, where the daemon counted."""
        count = self._summary.get("Containers", 0)
        return "N/A" if count == -1 else str(count)

    def VirtualSize(self) -> str:
        """The old name of Size."""
        return human_size(self._summary.get("Size", 0), _FOUR_DIGITS)

    def SharedSize(self) -> str:
        """Bytes of layers that other images have too, where the daemon counted."""
        shared = self._summary.get("SharedSize", 0)
        return "N/A" if shared == -1 else human_size(shared, _FOUR_DIGITS)

    def UniqueSize(self) -> str:
        """Bytes of layers that only this image has."""
        size, shared = self._summary.get("Size", 0), self._summary.get("SharedSize", 0)
        return "N/A" if -1 in (size, shared) else human_size(size - shared, _FOUR_DIGITS)


def is_dangling(summary: "dict[str, Any]") -> bool:
    """Whether the image has no name at all."""
    tags, digests = summary.get("RepoTags") or [], summary.get("RepoDigests") or []
    return (not tags and not digests) or (tags, digests) == _DANGLING


def image_rows(
    summaries: "Iterable[dict[str, Any]]", *, trunc: bool, digests: bool, digest_shown: bool
) -> "list[ImageRow]":
    """A row per tag of each image; ``digests`` and ``digest_shown`` (a format asks for them) decide whether
    its digests make rows."""
    rows = []
    for summary in summaries:
        names = [(NONE, NONE, NONE)]
        if not is_dangling(summary):
            names = _names(summary, digests=digests, digest_shown=digest_shown)
        rows += [ImageRow(summary, name, trunc=trunc) for name in names]
    return rows


def _names(summary: "dict[str, Any]", *, digests: bool, digest_shown: bool) -> "list[tuple[str, str, str]]":
    tags: dict[str, list[str]] = {}
    for reference in summary.get("RepoTags") or ():
        name, tag, _ = split_reference(reference)
        if tag:
            tags.setdefault(name, []).append(tag)
    by_digest: dict[str, list[str]] = {}
    for reference in summary.get("RepoDigests") or ():
        name, _, digest = split_reference(reference)
        if digest:
            by_digest.setdefault(name, []).append(digest)
    found = []
    for name, given in tags.items():
        own = by_digest.pop(name, [])
        shown = own if (digests or digest_shown) and own else [NONE]
        found += [(name, tag, digest) for tag in given for digest in shown]
    for name, own in by_digest.items():
        found += [(name, NONE, digest) for digest in own] if digests else [(name, NONE, "")]
    return found
