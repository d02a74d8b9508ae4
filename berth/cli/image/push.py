"""``berth push``."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.auth import registry_auth
from berth.cli.command import Command
from berth.cli.container.spec.image import ImageName
from berth.cli.flags import Flag
from berth.cli.image.name import parse_name
from berth.cli.image.platform import parse_platform
from berth.cli.notes import print_note
from berth.cli.progress import discarding, show_progress
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_PLATFORM = """Push a platform-specific manifest as a single-platform image to the registry.
Image index won't be pushed, meaning that other manifests, including attestations won't be preserved.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)"""
COMMAND = Command(
    "[OPTIONS] NAME[:TAG]",
    (
        Flag("all-tags", "a", "bool", "Push all tags of an image to the repository"),
        Flag("disable-content-trust", "", "bool", "Skip image signing", default=True),
        Flag("platform", "", "string", _PLATFORM, api="1.46"),
        Flag("quiet", "q", "bool", "Suppress verbose output"),
    ),
    min_args=1,
    max_args=1,
    aliases=("image push", "push"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Bring an image, or all tags of a repository, to its registry."""
    name = parse_name(options.args[0])
    platform = _platform(cli, options.platform)
    if name.digest:
        raise BerthError("cannot push a digest reference")
    if options.all_tags and name.tag:
        raise BerthError("tag can't be used with --all-tags/-a")
    if not options.all_tags and not name.tag:
        name = ImageName(name.domain, name.path, "latest", "")
        if not options.quiet:
            cli.out.line("Using default tag: latest")
            cli.out.flush()
    query: dict[str, Any] = {"tag": name.tag or None, "platform": platform}
    headers = {"X-Registry-Auth": registry_auth(cli.config, name.domain, cli.env)}
    path = f"/images/{quote_path(name.familiar_name)}/push"
    messages = cli.client.request("POST", path, query, headers=headers).json_lines()
    if options.quiet:
        with discarding() as nowhere:
            show_progress(messages, nowhere)
        cli.out.line(name.full)
    else:
        show_progress(messages, cli.out)
    return 0


def _platform(cli: "Cli", text: str) -> "dict[str, Any] | None":
    if not text:
        return None
    try:
        platform = parse_platform(text)
    except InvalidArgument as error:
        raise BerthError(f"Invalid platform {text}{error}") from None
    print_note(
        cli.out,
        "Using --platform pushes only the specified platform manifest of a multi-platform image index.\n"
        "Other components, like attestations, will not be included.\n"
        "To push the complete multi-platform image, remove the --platform flag.\n",
    )
    return platform
