"""``berth rmi``."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.cli.image.platform import parse_platform, platform_flag
from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    (
        Flag("force", "f", "bool", "Force removal of the image"),
        Flag("no-prune", "", "bool", "Do not delete untagged parents"),
        platform_flag("Remove only the given platform variant.", "stringSlice"),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("image rm", "image remove", "rmi"),
)
_NOT_FOUND = 404


def run(cli: "Cli", options: "Options") -> int:
    """Remove names, and images that have none left. With --force an unknown name is no failure."""
    query: dict[str, object] = {"force": options.force or None, "noprune": options.no_prune or None}
    if options.platform:
        query["platforms"] = [parse_platform(text) for text in options.platform]
    errors: list[BerthError] = []
    fatal = False
    for name in options.args:
        try:
            removed = cli.client.delete(f"/images/{quote_path(name)}", query)
        except ApiError as error:
            fatal = fatal or error.status != _NOT_FOUND
            errors.append(error)
            continue
        for entry in removed or ():
            verb = "Deleted" if entry.get("Deleted") else "Untagged"
            cli.out.line(f"{verb}: {entry.get(verb, '')}")
    text = "\n".join(str(error) for error in errors)
    if errors and (fatal or not options.force):
        raise Exit(1, text, hint=next((error.hint for error in errors if error.hint), None))
    if errors:
        cli.note(text)
    return 0
