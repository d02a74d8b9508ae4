"""``--shell-on-fail``: a shell in the state in which the step that failed has left its container."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli

_SHELL = "/bin/sh"


def open_shell(cli: "Cli", container: str) -> None:
    """Make an image of the container, run a shell on it, and take both away again with the container.

    The shell has the step's environment, user, directory and network; what the step had mounted (caches,
    secrets) is not there.
    """
    path = f"/containers/{quote_path(container)}"
    try:
        said = cli.client.get(f"{path}/json")
        image = cli.client.post("/commit", {"container": container, "pause": False})["Id"]
    except BerthError as error:
        cli.note(f"no shell: {error}")
        return
    try:
        cli.note("")
        cli.note("this is the state in which the step failed; leave it with exit or Ctrl-D")
        _run(cli, said, image)
    finally:
        for what in (f"/images/{quote_path(image)}", path):
            try:
                cli.client.delete(what, {"force": True})
            except BerthError as error:
                cli.note(f"not removed: {error}")


def _run(cli: "Cli", said: "dict[str, Any]", image: str) -> None:
    from berth.cli.dispatch import execute
    from berth.cli.streams import is_terminal

    words = ["run", "--rm", "-i", "--entrypoint", shell_of(said)]
    if is_terminal(cli.stdin):
        words.append("-t")
    network = (said.get("HostConfig") or {}).get("NetworkMode") or "default"
    if network not in ("default", "bridge"):
        words += ["--network", network]
    try:
        execute(cli, [*words, image])
    except Exit as stop:
        # A shell that ends with a failure is no failure of ours; one that cannot start is worth a word.
        if stop.args and str(stop):
            cli.note(str(stop))


def shell_of(said: "dict[str, Any]") -> str:
    """The shell that the step ran in: the first word of a command whose second one is ``-c``."""
    config = said.get("Config") or {}
    words = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
    if len(words) > 2 and words[1].startswith("-") and words[1].endswith("c"):
        return str(words[0])
    return _SHELL
