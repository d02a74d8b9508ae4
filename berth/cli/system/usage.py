"""The four sums of ``system df``."""

from berth.base.units import human_size
from berth.cli.format.rows import Row

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_HEADERS = {
    "Type": "TYPE",
    "TotalCount": "TOTAL",
    "Active": "ACTIVE",
    "Size": "SIZE",
    "Reclaimable": "RECLAIMABLE",
}
_FOUR_DIGITS = 4
_ACTIVE_STATES = ("running", "paused", "restarting")


class UsageRow(Row):
    """One kind of object: how many, how many in use, their bytes and what removing the rest would free.

    ``share`` is the percentage shown behind the freed bytes, None for none.
    """

    GO_TYPE = "*formatter.diskUsageImagesContext"
    HEADERS = _HEADERS
    CELLS = ("Active", "Reclaimable", "Size", "TotalCount", "Type")

    def __init__(
        self, kind: str, total: int, active: int, size: int, *, freed: int, share: int | None
    ) -> None:
        self._kind = kind
        self._total = total
        self._active = active
        self._size = size
        self._freed = freed
        self._share = share

    def Type(self) -> str:
        """What is counted."""
        return self._kind

    def TotalCount(self) -> str:
        """How many there are."""
        return str(self._total)

    def Active(self) -> str:
        """How many are in use."""
        return str(self._active)

    def Size(self) -> str:
        """Their bytes."""
        return human_size(self._size, _FOUR_DIGITS)

    def Reclaimable(self) -> str:
        """Bytes of those that are not in use."""
        freed = human_size(self._freed, _FOUR_DIGITS)
        return freed if self._share is None else f"{freed} ({self._share}%)"


def _share(part: int, whole: int) -> int | None:
    return part * 100 // whole if whole > 0 else None


def image_usage(images: "list[dict[str, Any]]", layers: int) -> UsageRow:
    """Images; ``layers`` are the bytes of all layers together, each counted once."""
    used = 0
    for image in images:
        size, shared = image.get("Size", 0), image.get("SharedSize", 0)
        if image.get("Containers", 0) != 0 and -1 not in (size, shared):
            used += size - shared
    active = sum(image.get("Containers", 0) > 0 for image in images)
    freed = layers - used
    return UsageRow("Images", len(images), active, layers, freed=freed, share=_share(freed, layers))


def container_usage(containers: "list[dict[str, Any]]") -> UsageRow:
    """Containers by their writable layers."""
    active = [entry for entry in containers if entry.get("State") in _ACTIVE_STATES]
    size = sum(entry.get("SizeRw") or 0 for entry in containers)
    freed = size - sum(entry.get("SizeRw") or 0 for entry in active)
    return UsageRow("Containers", len(containers), len(active), size, freed=freed, share=_share(freed, size))


def volume_usage(volumes: "list[dict[str, Any]]") -> UsageRow:
    """Volumes; those whose bytes nobody counted do not count."""
    size = freed = active = 0
    for volume in volumes:
        usage = volume.get("UsageData") or {}
        active += usage.get("RefCount", 0) > 0
        if usage.get("Size", 0) != -1:
            size += usage.get("Size", 0)
            freed += usage.get("Size", 0) if usage.get("RefCount", 0) == 0 else 0
    return UsageRow("Local Volumes", len(volumes), active, size, freed=freed, share=_share(freed, size))


def cache_usage(records: "list[dict[str, Any]]") -> UsageRow:
    """The build cache."""
    size = cache_size(records)
    in_use = [record for record in records if record.get("InUse")]
    held = cache_size(in_use)
    return UsageRow("Build Cache", len(records), len(in_use), size, freed=size - held, share=None)


def cache_size(records: "list[dict[str, Any]]") -> int:
    """Bytes of the records, shared ones left out."""
    return sum(record.get("Size", 0) for record in records if not record.get("Shared"))
