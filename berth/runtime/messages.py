"""What an OCI runtime says when it fails, in dockerd's words and with Docker's exit codes.

dockerd passes runc's text on, and clients look for ``executable file not found`` (127) and ``permission
denied`` (126) in it. crun words things otherwise, so its texts are turned into runc's here. A text that is
unknown goes through as it is.
"""

import msgspec

from berth.runtime.errors import (
    CANNOT_INVOKE,
    NOT_FOUND,
    UNKNOWN_FAILURE,
    CommandError,
    LaunchError,
    RuntimeFailure,
)

_NO_COMMAND = "executable file not found in $PATH"
_MISSING = ("executable file not found", "no such file or directory")
_MOUNT_HINT = (
    "Are you trying to mount a directory onto a file (or vice-versa)? "
    "Check if the specified host path exists and is the expected type"
)


class _LogLine(msgspec.Struct):
    msg: str = ""
    level: str = "error"


def parse_output(output: bytes) -> str:
    """The error in a runtime's stderr: the last error of its JSON log, else the last line of text."""
    text = output.decode("utf-8", "replace")
    errors, others = [], []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            entry = msgspec.json.decode(line, type=_LogLine)
        except msgspec.DecodeError:
            others.append(line.strip())
            continue
        if entry.level in ("error", "fatal", "panic"):
            errors.append(entry.msg)
    found = errors or others
    return found[-1].strip() if found else ""


def launch_error(runtime: str, verb: str, output: bytes, command: str) -> LaunchError:
    """The failure of ``create``, ``start`` or ``exec``; ``command`` is the first word of what was to run."""
    said = translate(parse_output(output), command) or "the runtime failed and said nothing"
    said = said.removeprefix(f"{runtime} {verb} failed: ").removeprefix(f"{verb} failed: ")
    inner = f"{runtime} create failed" if verb in ("create", "start") else f"{verb} failed"
    outer = "create" if verb == "start" else verb
    if said.startswith(("exec: ", "chdir to cwd", "error mounting")):
        said = f"unable to start container process: {said}"
    return classify(f"OCI runtime {outer} failed: {inner}: {said}: unknown")


def classify(message: str) -> LaunchError:
    """The kind and exit code that dockerd gives to a text (its setExitCodeFromError)."""
    lowered = message.lower()
    if "permission denied" in lowered:
        return CommandError(message, CANNOT_INVOKE)
    if "is a directory" in lowered:
        return CommandError(f"{message}: permission denied", CANNOT_INVOKE)
    if "not a directory" in lowered:
        return CommandError(f"{message}: {_MOUNT_HINT}", NOT_FOUND)
    if any(text in lowered for text in _MISSING):
        return CommandError(message, NOT_FOUND)
    return RuntimeFailure(message, UNKNOWN_FAILURE)


def translate(message: str, command: str) -> str:
    """crun's wording turned into runc's; any other text with its errno in Go's lower case."""
    head, tail = _split_errno(message)
    if head.startswith("executable file `"):
        if "/" in command:
            return f'exec: "{command}": stat {command}: no such file or directory'
        return f'exec: "{command}": {_NO_COMMAND}'
    if head == "open executable":
        # crun says "not permitted" of what is no regular file, such as a directory or an empty name.
        return f'exec: "{command}": ' + ("permission denied" if command else _NO_COMMAND)
    if head.startswith(("chdir `", "chdir to `")):
        path = head.partition("`")[2].rstrip("`")
        return f'chdir to cwd ("{path}") set in config.json failed: {tail}'
    if head.startswith("mount `"):
        source, _, target = head.removeprefix("mount `").partition("` to `")
        return f'error mounting "{source}" to rootfs at "/{target.rstrip("`").lstrip("/")}": {tail}'
    return f"{head}: {tail}" if tail else head


def _split_errno(message: str) -> tuple[str, str]:
    head, colon, tail = message.rpartition(": ")
    if not colon or not tail[:1].isupper():
        return message, ""
    return head, tail[0].lower() + tail[1:]
