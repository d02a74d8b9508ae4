"""How a container ended, as an exit code of the client."""

from berth.base.errors import BerthError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.client.response import Response

CANNOT_RUN, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127
_MISSING = ("executable file not found", "no such file or directory", "system cannot find the file specified")
_FORBIDDEN = ("permission denied", "is a directory")


def start_failure_code(text: str) -> int:
    """126 or 127 when the program inside could not be run, else 125.

    The API has no field for this; Docker's client reads it from the words, and so must every other.
    """
    if any(words in text for words in _MISSING):
        return NOT_FOUND
    return NOT_EXECUTABLE if any(words in text for words in _FORBIDDEN) else CANNOT_RUN


def wait_for_exit(cli: "Cli", container: str, *, removed: bool) -> "Response":
    """Ask for the container's exit before it starts; the answer's head says that the engine is watching."""
    condition = "removed" if removed else "next-exit"
    return cli.client.request("POST", f"/containers/{container}/wait", {"condition": condition})


def exit_code(cli: "Cli", answer: "Response") -> int:
    """Wait for the exit and return its code; 125 when the engine failed to tell."""
    try:
        result = answer.json()
    except (BerthError, OSError, ValueError) as error:
        cli.note(f"error waiting for container: {error}")
        return CANNOT_RUN
    problem = (result or {}).get("Error")
    if not result or (problem and problem.get("Message")):
        cli.note(f"Error waiting for container: {(problem or {}).get('Message', 'unexpected EOF')}")
        return CANNOT_RUN
    return int(result["StatusCode"]) & 0xFF if result["StatusCode"] >= 0 else CANNOT_RUN
