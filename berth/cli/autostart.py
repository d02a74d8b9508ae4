"""Starting the daemon when the default one is wanted, does not run, and the caller is root."""

import posix

from berth.client.errors import ConnectionFailed
from berth.client.probe import answers

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.client.endpoint import Endpoint


def ensure_daemon(cli: "Cli", endpoint: "Endpoint") -> None:
    """Return when something may answer at ``endpoint``; start berthd first when nothing can.

    The check is one connect. Whoever is not root, or has set BERTH_AUTOSTART=0, gets the ordinary
    "cannot connect" from the request that follows.
    """
    if answers(endpoint.path):
        return
    if posix.geteuid() != 0 or cli.env.get("BERTH_AUTOSTART") == "0":
        return
    from berth.cli.spawn import start_daemon

    problem = start_daemon(cli, endpoint.path)
    if problem:
        text = f"Cannot connect to the Docker daemon at {endpoint.url}. Is the docker daemon running?"
        raise ConnectionFailed(text, hint=problem)
