"""The kinds of failure that berth knows.

A verb raises the kind nearest to the cause, with Docker's own wording where Docker has one. Each face
maps kinds to its own codes in one table (HTTP status in ``api``, exit status in ``cli``); nobody matches
on text. This module is on the client's start path: it imports nothing.
"""


class BerthError(Exception):
    """A failure that a person can act on.

    ``message`` is the one line that Docker's clients print; ``hint`` is an optional second line with the
    remedy, shown by berth's own client only.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class InvalidArgument(BerthError):
    """The request itself is wrong, whatever the state of the engine (HTTP 400)."""


class Unauthorized(BerthError):
    """The caller did not prove who they are (HTTP 401)."""


class Forbidden(BerthError):
    """The caller is known and may not do this (HTTP 403)."""


class NotFound(BerthError):
    """The named object does not exist (HTTP 404)."""


class Conflict(BerthError):
    """The state of an object does not allow the request (HTTP 409)."""


class NotModified(BerthError):
    """The object is already in the wanted state (HTTP 304); clients treat it as success."""


class Unsupported(BerthError):
    """Understood, and not something this engine or kernel can do (HTTP 501)."""


class Unavailable(BerthError):
    """A part that is needed is not there at the moment (HTTP 503)."""


class Internal(BerthError):
    """The engine or a program it called failed (HTTP 500)."""
