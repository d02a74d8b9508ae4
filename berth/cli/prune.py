"""What the five ``prune`` verbs share: the question before, the request, and the report after (A3.13)."""

from berth.base.units import human_size
from berth.cli.flags import Flag
from berth.cli.streams import read_line
from berth.client.target import filters

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli

    Pairs = list[tuple[str, str]]

DRY_RUN = Flag("dry-run", "", "bool", "Show what would be removed, and remove nothing")
SURE = "Are you sure you want to continue?"


def confirmed(cli: "Cli", warning: str) -> bool:
    """Ask on standard output; only ``y`` means yes."""
    cli.out.write(f"{warning} [y/N] ")
    cli.out.flush()
    return read_line(cli.stdin).strip().lower() == "y"


def wanted_filters(cli: "Cli", given: "Pairs") -> "Pairs":
    """The filters given, and those that ``pruneFilters`` of config.json adds without contradicting them."""
    found = list(given)
    always = cli.config.values.get("pruneFilters")
    opposite = {"label": "label!", "label!": "label"}
    for text in always if isinstance(always, list) else ():
        name, equals, value = str(text).partition("=")
        if equals and (opposite.get(name), value) not in given:
            found.append((name, value))
    return found


def prune(
    cli: "Cli", path: str, pairs: "Pairs", *, dry: bool = False, every: "bool | None" = None
) -> "dict[str, Any]":
    """Ask the engine to remove, or with ``dry`` what it would remove; its report.

    An engine that cannot tell has no such path: nothing is ever removed by a request that only asks.
    """
    query = {"filters": filters(pairs), "all": every}
    report = cli.client.get(f"/berth{path}", query) if dry else cli.client.post(path, query)
    return report if isinstance(report, dict) else {}


def title(what: str, *, dry: bool) -> str:
    """The heading of a block."""
    return f"Would delete {what}:" if dry else f"Deleted {what}:"


def listed(heading: str, lines: "list[str]") -> str:
    """A block of the report; empty when nothing was removed."""
    return "".join(f"{line}\n" for line in (heading, *lines)) if lines else ""


def containers(cli: "Cli", pairs: "Pairs", *, dry: bool = False) -> tuple[str, int]:
    """Remove stopped containers: the report and the bytes gained."""
    report = prune(cli, "/containers/prune", pairs, dry=dry)
    return listed(title("Containers", dry=dry), report.get("ContainersDeleted") or []), _gained(
        report, "ContainersDeleted"
    )


def images(cli: "Cli", pairs: "Pairs", *, every: bool, dry: bool = False) -> tuple[str, int]:
    """Remove dangling images, or with ``every`` all that no container uses."""
    report = prune(cli, "/images/prune", [*pairs, ("dangling", str(not every).lower())], dry=dry)
    lines = [
        f"untagged: {item['Untagged']}" if item.get("Untagged") else f"deleted: {item.get('Deleted', '')}"
        for item in report.get("ImagesDeleted") or ()
    ]
    return listed(title("Images", dry=dry), lines), _gained(report, "ImagesDeleted")


def volumes(cli: "Cli", pairs: "Pairs", *, dry: bool = False) -> tuple[str, int]:
    """Remove unused volumes."""
    report = prune(cli, "/volumes/prune", pairs, dry=dry)
    return listed(title("Volumes", dry=dry), report.get("VolumesDeleted") or []), _gained(
        report, "VolumesDeleted"
    )


def networks(cli: "Cli", pairs: "Pairs", *, dry: bool = False) -> str:
    """Remove unused networks."""
    report = prune(cli, "/networks/prune", pairs, dry=dry)
    return listed(title("Networks", dry=dry), report.get("NetworksDeleted") or [])


def build_cache(
    cli: "Cli", pairs: "Pairs", *, every: bool, room: "dict[str, int] | None" = None
) -> tuple[str, int]:
    """Remove the build cache; ``room`` says in the API's fields how much of it may stay."""
    query = {"filters": filters(pairs), "all": every or None, **(room or {})}
    report = cli.client.post("/build/prune", query) or {}
    return listed(title("build cache objects", dry=False), report.get("CachesDeleted") or []), _gained(
        report, "CachesDeleted"
    )


def _gained(report: "dict[str, Any]", name: str) -> int:
    return int(report.get("SpaceReclaimed") or 0) if report.get(name) else 0


def show(cli: "Cli", output: str) -> None:
    """Print a block and the blank line behind it."""
    if output:
        cli.out.line(output)


def show_total(cli: "Cli", gained: int, *, dry: bool = False) -> None:
    """Print what was, or would be, gained."""
    what = "Would reclaim" if dry else "Total reclaimed space"
    cli.out.line(f"{what}: {human_size(gained, 4)}")
