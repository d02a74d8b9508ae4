"""Who asks: user names, passwords and tokens as clients send them to the engine."""

import base64
import binascii

import msgspec

from berth.base.errors import InvalidArgument


def _joined(attribute: str) -> str:
    return attribute.replace("_", "")


class Credentials(msgspec.Struct, frozen=True, kw_only=True, rename=_joined):
    """Docker's AuthConfig. Its text form hides what is secret, so that no log can tell it."""

    username: str = ""
    password: str = ""
    auth: str = ""
    server_address: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.server_address or 'no server'})"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self.username or self.identity_token or self.registry_token)

    @property
    def basic(self) -> str:
        """The value of an Authorization header with user and password."""
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()


ANONYMOUS = Credentials()


def complete(credentials: Credentials) -> Credentials:
    """With user and password taken out of ``auth``, which is both of them encoded."""
    if credentials.username or not credentials.auth:
        return credentials
    try:
        pair = base64.b64decode(credentials.auth, validate=True).decode()
    except (ValueError, binascii.Error):
        raise InvalidArgument("invalid credentials: auth is not base64") from None
    user, _, password = pair.partition(":")
    return msgspec.structs.replace(credentials, username=user, password=password.rstrip("\0"))


def decode_header(text: str) -> Credentials:
    """The header ``X-Registry-Auth``: base64 (of either alphabet) of AuthConfig's JSON.

    What cannot be read counts as nobody's, as in Docker: many tools send fillers there.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        data = base64.b64decode(padded.replace("-", "+").replace("_", "/"))
        return complete(msgspec.json.decode(data, type=Credentials))
    except (ValueError, binascii.Error, msgspec.MsgspecError, InvalidArgument):
        return ANONYMOUS
