"""Failures of starting something, with the exit code that Docker gives to each."""

from berth.base.errors import BerthError, Internal, InvalidArgument

CANNOT_INVOKE = 126
"""The command exists and cannot be run (permission, a directory)."""
NOT_FOUND = 127
"""There is no such command, or a path of a mount does not fit."""
UNKNOWN_FAILURE = 128
"""Anything else; what dockerd records as the container's exit code."""


class LaunchError(BerthError):
    """A container or exec session could not be started; nothing of it runs.

    ``exit_code`` is what ``inspect`` shows and what the client makes of it. Raised as one of the two kinds
    below, which decide the HTTP status as dockerd does.
    """

    def __init__(self, message: str, exit_code: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


class CommandError(LaunchError, InvalidArgument):
    """The request is at fault: no such command, not executable, a mount that does not fit (400)."""


class RuntimeFailure(LaunchError, Internal):
    """The runtime or the kernel refused for another reason (500)."""
