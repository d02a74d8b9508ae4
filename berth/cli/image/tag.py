"""``berth tag``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.base.reference import ImageRef
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_ID_LENGTH = 64
COMMAND = Command(
    "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    min_args=2,
    max_args=2,
    aliases=("image tag", "tag"),
    interspersed=False,
)


def run(cli: "Cli", options: "Options") -> int:
    """Give an image one more name; silent."""
    source, target = options.args
    if not _is_id(source):
        _parsed(source)
    reference = _parsed(target)
    if reference.digest:
        raise BerthError("refusing to create a tag with a digest reference")
    query = {"repo": reference.familiar_name, "tag": reference.with_default_tag().tag}
    cli.client.request("POST", f"/images/{quote_path(source)}/tag", query).close()
    return 0


def _is_id(text: str) -> bool:
    return len(text) == _ID_LENGTH and all(char in "0123456789abcdef" for char in text)


def _parsed(text: str) -> "ImageRef":
    from berth.base.reference import parse_reference

    try:
        return parse_reference(text)
    except BerthError as error:
        problem = f'Error parsing reference: "{text}" is not a valid repository/tag: {error}'
        raise BerthError(problem) from None
