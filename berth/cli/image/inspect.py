"""``berth image inspect``."""

from berth.base.errors import BerthError
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.format.inspection import Found, inspect
from berth.cli.image.platform import parse_platform
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    (
        INSPECT_FORMAT,
        Flag(
            "platform",
            "",
            "string",
            "Inspect a specific platform of the multi-platform image.\n"
            "If the image or the server is not multi-platform capable, the command will error out if the "
            "platform does not match.\n"
            "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
        ),
    ),
    min_args=1,
    max_args=UNLIMITED,
)


def run(cli: "Cli", options: "Options") -> int:
    """Show everything about the images."""
    platform = parse_platform(options.platform) if options.platform else None
    return inspect(cli, options.args, options.format, lambda name: find(cli, name, platform))


def find(cli: "Cli", name: str, platform: "dict[str, Any] | None" = None) -> Found:
    """One image; NotFound as ApiError 404."""
    if not name:
        raise BerthError("Error: No such image: ")
    answer = cli.client.request("GET", f"/images/{quote_path(name)}/json", {"platform": platform})
    return Found(answer.read().decode("utf-8", "replace"), "image.InspectResponse")
