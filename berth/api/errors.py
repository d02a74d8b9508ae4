"""What an error becomes on the wire: one table of kinds, one shape."""

import logging
import secrets

import msgspec

from berth.base import errors
from berth.server.message import Response

log = logging.getLogger(__name__)

STATUS: dict[type[errors.BerthError], int] = {
    errors.InvalidArgument: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NotModified: 304,
    errors.Unsupported: 501,
    errors.Unavailable: 503,
    errors.Internal: 500,
}


def status_of(error: errors.BerthError) -> int:
    """The HTTP status of an error's kind; a kind without a row is looked up by its bases."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def error_body(message: str, hint: str | None = None) -> bytes:
    """``{"message": ...}``; our own client also shows ``hint``, the others ignore it."""
    return msgspec.json.encode({"message": message} | ({"hint": hint} if hint else {})) + b"\n"


def error_response(error: errors.BerthError) -> Response:
    """The answer that says what went wrong. 304 has no body: to the client it is a success."""
    status = status_of(error)
    if status == 304:
        return Response(status)
    if status >= 500:
        log.warning("answering %d: %s", status, error.message)
    return Response(status, [("Content-Type", "application/json")], error_body(error.message, error.hint))


def unexpected(error: BaseException, what: str) -> str:
    """Log an exception that nobody foresaw; returns the line for the client, with an id to find it by."""
    mark = secrets.token_hex(4)
    log.error("[%s] unexpected failure of %s", mark, what, exc_info=error)
    return f"unexpected internal error {mark}: the daemon's log says more"
