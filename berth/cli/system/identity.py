"""What this client says about itself in ``info`` and ``version``."""

import posix
import sys

from berth import __version__
from berth.cli.context import current_context
from berth.client.client import NEWEST_API

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def context_in_force(cli: "Cli") -> str:
    """The name of the context that commands use; "default" where a host was named directly."""
    options = cli.globals
    if options is not None and options.host:
        return "default"
    if options is not None and options.context:
        return str(options.context)
    if cli.env.get("BERTH_HOST") or cli.env.get("DOCKER_HOST"):
        return "default"
    return current_context(cli)


def client_facts(cli: "Cli") -> "dict[str, Any]":
    """The client's half, with the field names of the API's version object."""
    machine = posix.uname().machine
    return {
        "Version": __version__,
        "DefaultAPIVersion": NEWEST_API,
        # What Docker's client was built with and of; here an interpreter, and no build.
        "GoVersion": f"python{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}",
        "GitCommit": "",
        "BuildTime": "",
        "Os": "linux",
        "Arch": _ARCHITECTURES.get(machine, machine),
        "Context": context_in_force(cli),
    }
