"""What the attaching verbs share: queries, detach keys, the state a container must be in."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.terminal import DEFAULT_DETACH_KEYS, detach_keys

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli


def chosen_keys(cli: "Cli", given: str) -> str:
    """The detach keys as text: the flag's, else ``detachKeys`` of config.json, else empty."""
    return given or cli.config.text("detachKeys")


def keys_of(cli: "Cli", given: str) -> bytes:
    """The detach keys as bytes; keys that are none give a warning and the default."""
    try:
        return detach_keys(chosen_keys(cli, given))
    except InvalidArgument as error:
        cli.note(f"invalid detach escape keys, using default: {error}")
        return DEFAULT_DETACH_KEYS


def attach_query(cli: "Cli", keys: str, *, stdin: bool, stdout: bool, stderr: bool) -> "dict[str, Any]":
    """The query of an attach request."""
    return {
        "stream": True,
        "stdin": stdin or None,
        "stdout": stdout or None,
        "stderr": stderr or None,
        "detachKeys": chosen_keys(cli, keys) or None,
    }


def check_attachable(found: "dict[str, Any]") -> None:
    """Refuse a container that cannot be attached to, in Docker's words."""
    state = found["State"]
    if not state["Running"]:
        raise BerthError("You cannot attach to a stopped container, start it first")
    if state["Paused"]:
        raise BerthError("You cannot attach to a paused container, unpause it first")
    if state["Restarting"]:
        raise BerthError("You cannot attach to a restarting container, wait until it is running")
