"""``berth builder du``: what the build cache holds."""

from berth.base.errors import InvalidArgument
from berth.base.units import human_size
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.rows import TABLE, column_table
from berth.cli.system.cache_row import CacheRow
from berth.cli.system.usage import cache_size

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (
        Flag("filter", "", "filter", 'Provide filter values (e.g. "type=exec.cachemount", "inuse=true")'),
        Flag("format", "", "string", "Format the output using a Go template"),
        Flag("verbose", "", "bool", "Show every field of each record"),
    ),
)
_COLUMNS = ("ID", "Reclaimable", "Size", "LastAccessed", "Description")
_HEADERS = {**CacheRow.HEADERS, "ID": "ID", "Reclaimable": "RECLAIMABLE", "LastAccessed": "LAST ACCESSED"}
_FOUR_DIGITS = 4


class DuRow(CacheRow):
    """A record as buildx's ``du`` lists it."""

    HEADERS = _HEADERS
    CELLS: "ClassVar[tuple[str, ...]]" = tuple(sorted((*CacheRow.CELLS, "LastAccessed", "Reclaimable")))

    def Reclaimable(self) -> str:
        """Whether ``builder prune`` may take it."""
        return "false" if self._record.get("InUse") else "true"

    def LastAccessed(self) -> str:
        """How long ago it was used; empty when it never was."""
        return self.LastUsedSince()

    def Description(self) -> str:
        """The step, on one line."""
        return " ".join(super().Description().split())


def run(cli: "Cli", options: "Options") -> int:
    """List the records of the build cache, the largest first, and their sum."""
    query = {"type": "build-cache"} if cli.client.at_least("1.42") else None
    usage = cli.client.get("/system/df", query)
    records = [record for record in usage.get("BuildCache") or () if _fits(record, options.filter)]
    records.sort(key=_order)
    if options.format and options.format != TABLE:
        rows = [DuRow(record, trunc=False) for record in records]
        cli.out.write(formatted(rows, DuRow, options.format))
        return 0
    if options.verbose:
        for record in records:
            cli.out.write(_verbose(DuRow(record, trunc=False)))
    else:
        cli.out.write(column_table([DuRow(record, trunc=True) for record in records], DuRow, _COLUMNS))
    _sums(cli, records)
    return 0


def _order(record: "dict[str, Any]") -> tuple[int, str]:
    return -record.get("Size", 0), record.get("ID", "")


def _verbose(row: DuRow) -> str:
    cells = [(name, getattr(row, name)()) for name in ("ID", "Parent", "CreatedAt", "InUse", "Reclaimable")]
    cells += [(name, getattr(row, name)()) for name in ("Shared", "Size", "Description", "UsageCount")]
    cells += [("Last used", row.LastUsedSince()), ("Type", row.CacheType())]
    return "".join(f"{name + ':':<14}{value}\n" for name, value in cells if value) + "\n"


def _sums(cli: "Cli", records: "list[dict[str, Any]]") -> None:
    shared = [record for record in records if record.get("Shared")]
    if shared:
        cli.out.line(f"Shared:\t\t{human_size(sum(r.get('Size', 0) for r in shared), _FOUR_DIGITS)}")
        cli.out.line(f"Private:\t{human_size(cache_size(records), _FOUR_DIGITS)}")
    free = sum(record.get("Size", 0) for record in records if not record.get("InUse"))
    total = sum(record.get("Size", 0) for record in records)
    cli.out.line(f"Reclaimable:\t{human_size(free, _FOUR_DIGITS)}")
    cli.out.line(f"Total:\t\t{human_size(total, _FOUR_DIGITS)}")


def _fits(record: "dict[str, Any]", pairs: "list[tuple[str, str]]") -> bool:
    """The filters of buildx's ``du`` that mean something for these records."""
    for name, value in pairs:
        if name == "id":
            good = str(record.get("ID", "")).startswith(value)
        elif name == "type":
            good = record.get("Type") == value
        elif name in ("inuse", "shared", "private"):
            is_so = bool(record.get("InUse" if name == "inuse" else "Shared"))
            good = (is_so != (name == "private")) == (value not in ("false", "0"))
        elif name == "description":
            good = value in str(record.get("Description", ""))
        else:
            raise InvalidArgument(f"invalid filter '{name}'")
        if not good:
            return False
    return True
