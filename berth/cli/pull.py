"""Pulling an image: asked for, or found missing by ``run`` and ``create``."""

from berth.cli.auth import registry_auth
from berth.cli.progress import discarding, show_progress

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.container.spec.image import ImageName
    from berth.cli.streams import Writer


def pull_image(
    cli: "Cli",
    image: "ImageName",
    *,
    platform: str,
    quiet: bool,
    out: "Writer | None" = None,
    every: bool = False,
) -> None:
    """Pull ``image`` (``latest`` without a tag, all tags with ``every``); errors are the engine's.

    Progress goes to ``out``, standard error when it is None.
    """
    query = {
        "fromImage": image.familiar_name,
        "tag": image.digest or image.tag or (None if every else "latest"),
        "platform": platform.lower() or None,
    }
    headers = {"X-Registry-Auth": registry_auth(cli.config, image.domain, cli.env)}
    answer = cli.client.request("POST", "/images/create", query, headers=headers)
    messages = answer.json_lines()
    if not quiet:
        show_progress(messages, out or cli.err)
        return
    with discarding() as nowhere:
        show_progress(messages, nowhere)
