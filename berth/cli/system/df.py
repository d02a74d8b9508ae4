"""``berth system df``."""

from berth.base.errors import InvalidArgument
from berth.base.units import human_size
from berth.cli.command import Command
from berth.cli.container.row import ContainerRow
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FORMAT
from berth.cli.format.names import split_reference
from berth.cli.format.rows import RAW, TABLE, column_table
from berth.cli.image.row import NONE, ImageRow, is_dangling
from berth.cli.system.cache_row import CacheRow
from berth.cli.system.usage import (
    UsageRow,
    cache_size,
    cache_usage,
    container_usage,
    image_usage,
    volume_usage,
)
from berth.cli.volume.row import VolumeRow

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (FORMAT, Flag("verbose", "v", "bool", "Show detailed information on space usage")),
)

_COLUMNS = ("Type", "TotalCount", "Active", "Size", "Reclaimable")
_IMAGES = (
    "Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers",
)  # fmt: skip
_CONTAINERS = ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")
_VOLUMES = ("Name", "Links", "Size")
_CACHE = ("ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared")
_RAW_FORMAT = """type: {{.Type}}
total: {{.TotalCount}}
active: {{.Active}}
size: {{.Size}}
reclaimable: {{.Reclaimable}}
"""
_FOUR_DIGITS = 4


def run(cli: "Cli", options: "Options") -> int:
    """Show how much room images, containers, volumes and the build cache take."""
    usage = cli.client.get("/system/df")
    text = options.format or TABLE
    cli.out.write(_details(usage, text) if options.verbose else _sums(usage, text))
    return 0


def _sums(usage: "dict[str, Any]", text: str) -> str:
    rows = [
        image_usage(usage.get("Images") or [], usage.get("LayersSize") or 0),
        container_usage(usage.get("Containers") or []),
        volume_usage(usage.get("Volumes") or []),
        cache_usage(usage.get("BuildCache") or []),
    ]
    if text == TABLE:
        return column_table(rows, UsageRow, _COLUMNS)
    return formatted(rows, UsageRow, _RAW_FORMAT if text == RAW else text)


def _details(usage: "dict[str, Any]", text: str) -> str:
    trunc = text.startswith(TABLE)
    images = [_image(summary, trunc=trunc) for summary in usage.get("Images") or ()]
    containers = [
        ContainerRow({**summary, "SizeRootFs": 0}, trunc=trunc) for summary in usage.get("Containers") or ()
    ]
    volumes = [VolumeRow(volume) for volume in usage.get("Volumes") or ()]
    records = sorted(usage.get("BuildCache") or (), key=_cache_order)
    cache = [CacheRow(record, trunc=trunc) for record in records]
    if text != TABLE:
        parts = {"Images": images, "Containers": containers, "Volumes": volumes, "BuildCache": cache}
        return _rendered(parts, text)
    size = human_size(cache_size(records), _FOUR_DIGITS)
    return "".join((
        "Images space usage:\n\n", column_table(images, ImageRow, _IMAGES),
        "\nContainers space usage:\n\n", column_table(containers, ContainerRow, _CONTAINERS),
        "\nLocal Volumes space usage:\n\n", column_table(volumes, VolumeRow, _VOLUMES),
        f"\nBuild cache usage: {size}\n\n", column_table(cache, CacheRow, _CACHE),
    ))  # fmt: skip


def _cache_order(record: "dict[str, Any]") -> tuple[str, str]:
    """Least recently used first, never used ones before all."""
    return record.get("LastUsedAt") or "", record.get("ID", "")


def _image(summary: "dict[str, Any]", *, trunc: bool) -> ImageRow:
    """One row per image, by its first name."""
    name, tag = NONE, NONE
    if not is_dangling(summary) and summary.get("RepoTags"):
        name, tag, _ = split_reference(summary["RepoTags"][0])
    return ImageRow(summary, (name, tag, ""), trunc=trunc)


def _rendered(parts: "dict[str, Any]", text: str) -> str:
    from berth.cli.format.listing import parse_format
    from berth.cli.format.template import TemplateExecutionError
    from berth.cli.format.template.values import Struct

    if text == RAW:
        from berth.cli.system.df_raw import VERBOSE_RAW

        text = VERBOSE_RAW
    data = Struct("formatter.diskUsageContext", parts, {name: (name, False) for name in parts}, pointer=True)
    try:
        return parse_format(text).execute(data)
    except TemplateExecutionError as failure:
        raise InvalidArgument(str(failure)) from None
