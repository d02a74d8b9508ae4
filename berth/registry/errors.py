"""What registries and the way to them answer when something is wrong, in Docker's words.

The texts are those of the distribution client and of Go's network library, because people search for them.
"""

import http
from typing import Any

import msgspec

from berth.base.errors import Internal

_DENIED = "requested access to the resource is denied"


class RegistryError(Internal):
    """A registry refused a request.

    ``code`` is that of the distribution specification (``MANIFEST_UNKNOWN``), empty when none was sent;
    ``status`` the HTTP status; ``retry_after`` seconds that the registry asks for, None when it does not.
    """

    def __init__(
        self, message: str, *, code: str = "", status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in (408, 425, 429) or self.status >= 500


class Unreachable(Internal):
    """The registry could not be reached, or the connection to it broke.

    ``transient`` is false where trying again cannot help: an unknown name, a certificate that is not
    trusted, a port where nobody listens.
    """

    def __init__(self, message: str, *, transient: bool = True) -> None:
        super().__init__(message)
        self.transient = transient


class NoCredentials(Internal):
    """The registry wants a user name and a password, and there are none for it.

    ``cause`` is the message without the request.
    """

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause or message


class _Item(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Body(msgspec.Struct):
    errors: tuple[_Item, ...] = ()
    details: str = ""


def request_text(method: str, url: str, cause: str) -> str:
    """Go's form for a request that failed: ``Get "https://host/v2/": cause``."""
    return f'{method.capitalize()} "{url}": {cause}'


def status_text(status: int) -> str:
    """``404 Not Found``."""
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def parse_refusal(
    status: int, body: bytes, *, where: str, scope_missing: bool = False, retry_after: float | None = None
) -> RegistryError:
    """The error that a registry's answer means (distribution-spec, "Error Codes").

    ``where`` is the request, for answers that say nothing. ``scope_missing``: the challenge of a 401 said
    ``insufficient_scope`` (RFC 6750, section 3.1), which is a denial whatever the body says.
    """
    if scope_missing:
        return RegistryError(f"denied: {_DENIED}", code="DENIED", status=status)
    item = _first_item(body)
    if item is not None and item.code:
        text = f"{item.code.lower().replace('_', ' ')}: {item.message or _default_message(item.code)}"
        return RegistryError(_one_line(text), code=item.code.upper(), status=status, retry_after=retry_after)
    if item is not None and status in (401, 403):
        return RegistryError(_one_line(f"unauthorized: {item.message}"), code="UNAUTHORIZED", status=status)
    if status == 401:
        return RegistryError("unauthorized: authentication required", code="UNAUTHORIZED", status=status)
    text = f"{where}: received unexpected HTTP status: {status_text(status)}"
    return RegistryError(text, status=status, retry_after=retry_after)


def _first_item(body: bytes) -> _Item | None:
    try:
        parsed: Any = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if parsed.errors:
        return _Item(parsed.errors[0].code, parsed.errors[0].message)
    return _Item("", parsed.details) if parsed.details else None


def _default_message(code: str) -> str:
    return _DENIED if code == "DENIED" else code.lower().replace("_", " ")


def _one_line(text: str) -> str:
    """Foreign text without control characters, and not without an end."""
    return "".join(char if char.isprintable() else " " for char in text[:1000])
