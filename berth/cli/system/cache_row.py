"""A record of the build cache as one line of ``system df -v``."""

import calendar
import time

from berth.base.units import human_duration, human_size
from berth.cli.format.rows import Row
from berth.cli.format.text import truncate_id

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any, ClassVar

_HEADERS = {
    "ID": "CACHE ID",
    "Parent": "PARENT",
    "CacheType": "CACHE TYPE",
    "Size": "SIZE",
    "CreatedSince": "CREATED",
    "LastUsedSince": "LAST USED",
    "UsageCount": "USAGE",
    "InUse": "IN USE",
    "Shared": "SHARED",
    "Description": "DESCRIPTION",
}


def _since(moment: str) -> str:
    seconds = calendar.timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))
    return human_duration(time.time() - seconds) + " ago"


class CacheRow(Row):
    """Cells of one build cache record."""

    GO_TYPE = "*formatter.buildCacheContext"
    HEADERS = _HEADERS
    CELLS: "ClassVar[tuple[str, ...]]" = (
        "CacheType", "CreatedAt", "CreatedSince", "Description", "ID", "InUse", "LastUsedAt",
        "LastUsedSince", "Parent", "Shared", "Size", "UsageCount",
    )  # fmt: skip

    def __init__(self, record: "dict[str, Any]", *, trunc: bool) -> None:
        self._record = record
        self._trunc = trunc

    def _text(self, name: str) -> str:
        return str(self._record.get(name) or "")

    def _word(self, name: str) -> str:
        return "true" if self._record.get(name) else "false"

    def ID(self) -> str:
        """The id; a star marks records in use."""
        identity = truncate_id(self._text("ID")) if self._trunc else self._text("ID")
        return identity + "*" if self._record.get("InUse") else identity

    def Parent(self) -> str:
        """What it was made from."""
        # The API spells this one name with a leading blank.
        parent = ", ".join(self._record.get(" Parents") or ()) or self._text("Parent")
        return truncate_id(parent) if self._trunc else parent

    def CacheType(self) -> str:
        """What kind of step made it."""
        return self._text("Type")

    def Description(self) -> str:
        """The step."""
        return self._text("Description")

    def Size(self) -> str:
        """Its bytes."""
        return human_size(self._record.get("Size", 0))

    def CreatedAt(self) -> str:
        """When it was made."""
        from berth.cli.format.template.values import Time

        return Time(self._text("CreatedAt")).text()

    def CreatedSince(self) -> str:
        """How long ago it was made."""
        return _since(self._text("CreatedAt") or "0001-01-01T00:00:00Z")

    def LastUsedAt(self) -> str:
        """When it was last used."""
        from berth.cli.format.template.values import Time

        return Time(self._text("LastUsedAt")).text() if self._text("LastUsedAt") else ""

    def LastUsedSince(self) -> str:
        """How long ago it was last used."""
        return _since(self._text("LastUsedAt")) if self._text("LastUsedAt") else ""

    def UsageCount(self) -> str:
        """How often it was used."""
        return str(self._record.get("UsageCount", 0))

    def InUse(self) -> str:
        """Whether a build uses it now."""
        return self._word("InUse")

    def Shared(self) -> str:
        """Whether other records share its bytes."""
        return self._word("Shared")
