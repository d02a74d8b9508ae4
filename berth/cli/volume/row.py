"""A volume as one line of a listing."""

from berth.base.units import human_size
from berth.cli.format.rows import Row
from berth.cli.format.text import join_labels

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_HEADERS = {
    "ID": "ID",
    "Name": "VOLUME NAME",
    "Group": "GROUP",
    "Driver": "DRIVER",
    "Scope": "SCOPE",
    "Availability": "AVAILABILITY",
    "Mountpoint": "MOUNTPOINT",
    "Labels": "LABELS",
    "Links": "LINKS",
    "Size": "SIZE",
    "Status": "STATUS",
}
_UNKNOWN = "N/A"
_FOUR_DIGITS = 4


class VolumeRow(Row):
    """Cells of one entry of ``/volumes``."""

    GO_TYPE = "*formatter.volumeContext"
    HEADERS = _HEADERS
    CELLS = (
        "Availability", "Driver", "Group", "Labels", "Links", "Mountpoint", "Name", "Scope", "Size", "Status",
    )  # fmt: skip
    CALLS = ("Label",)

    def __init__(self, volume: "dict[str, Any]") -> None:
        self._volume = volume
        self._usage = volume.get("UsageData")

    def Name(self) -> str:
        """The name."""
        return str(self._volume.get("Name", ""))

    def Driver(self) -> str:
        """Who keeps it."""
        return str(self._volume.get("Driver", ""))

    def Scope(self) -> str:
        """``local``: on this machine only."""
        return str(self._volume.get("Scope", ""))

    def Mountpoint(self) -> str:
        """Its directory."""
        return str(self._volume.get("Mountpoint", ""))

    def Labels(self) -> str:
        """All labels, sorted."""
        return join_labels(self._volume.get("Labels"))

    def Label(self, name: str) -> str:
        """One label's value."""
        return str((self._volume.get("Labels") or {}).get(name, ""))

    def Links(self) -> str:
        """How many containers use it, where the daemon counted."""
        return str(self._usage.get("RefCount", 0)) if self._usage else _UNKNOWN

    def Size(self) -> str:
        """Its bytes, where the daemon counted."""
        return human_size(self._usage.get("Size", 0), _FOUR_DIGITS) if self._usage else _UNKNOWN

    def Group(self) -> str:
        """Of cluster volumes only."""
        return _UNKNOWN

    def Availability(self) -> str:
        """Of cluster volumes only."""
        return _UNKNOWN

    def Status(self) -> str:
        """Of cluster volumes only."""
        return _UNKNOWN
