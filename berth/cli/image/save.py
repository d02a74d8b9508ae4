"""``berth save``."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.cli.format.files import check_output, write_whole
from berth.cli.image.platform import platform_flag, platform_query

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_FORMATS = ("docker", "oci")


def _parse_format(text: str) -> str:
    if text not in _FORMATS:
        raise InvalidArgument(f"must be one of {', '.join(_FORMATS)}")
    return text


COMMAND = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    (
        # Not listed: help stays Docker's own, which has no such flag.
        Flag("format", "", "string", "Layout of the archive", parse=_parse_format, hidden=True),
        Flag("output", "o", "string", "Write to a file, instead of STDOUT"),
        platform_flag("Save only the given platform variant."),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("image save", "save"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Write images with all their layers as one archive; a file appears whole or not at all."""
    query = {"names": options.args, **(platform_query(options.platform) or {})}
    if options.format:
        query["format"] = options.format
    if options.output:
        check_output(options.output, "failed to save image")
        write_whole(options.output, cli.client.request("GET", "/images/get", query).pieces())
        return 0
    if cli.out.is_terminal():
        raise BerthError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    for piece in cli.client.request("GET", "/images/get", query).pieces():
        cli.out.write_bytes(piece)
    return 0
