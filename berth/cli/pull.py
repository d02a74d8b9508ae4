"""Pulling an image that ``run`` or ``create`` found missing; its progress goes to standard error."""

import posix

from berth.cli.auth import registry_auth
from berth.cli.progress import show_progress
from berth.cli.streams import Writer

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.container.spec.image import ImageName


def pull_image(cli: "Cli", image: "ImageName", *, platform: str, quiet: bool) -> None:
    """Pull ``image`` (``latest`` without a tag); errors are the engine's."""
    query = {
        "fromImage": image.familiar_name,
        "tag": image.digest or image.tag or "latest",
        "platform": platform.lower() or None,
    }
    headers = {"X-Registry-Auth": registry_auth(cli.config, image.domain)}
    answer = cli.client.request("POST", "/images/create", query, headers=headers)
    messages = answer.json_lines()
    if not quiet:
        show_progress(messages, cli.err)
        return
    # The stream is read to its end all the same: an error may come last.
    discard = posix.open("/dev/null", posix.O_WRONLY | posix.O_CLOEXEC)
    try:
        show_progress(messages, Writer(discard))
    finally:
        posix.close(discard)
