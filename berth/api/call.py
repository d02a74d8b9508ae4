"""One API call as a handler sees it: the request, the version it speaks, and its arguments."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from berth.api.rowcache import RowCache
from berth.api.versions import Version
from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.engine.spec.decode import decode_json
from berth.server.message import Request

T = TypeVar("T", bound=msgspec.Struct)

_FALSE = frozenset(("", "0", "no", "false", "none"))
_UINT32_MAX = 0xFFFF_FFFF


class Call:
    """What every handler gets. ``name`` is the object named in the path."""

    __slots__ = ("engine", "params", "request", "rows", "version")

    def __init__(
        self,
        engine: Engine,
        request: Request,
        version: Version,
        params: Mapping[str, str],
        rows: RowCache,
    ) -> None:
        self.engine = engine
        self.request = request
        self.version = version
        self.params = params
        self.rows = rows

    @property
    def name(self) -> str:
        """The object named in the path."""
        return self.params["name"]

    def text(self, name: str, default: str = "") -> str:
        """A query argument as it stands."""
        return self.request.query.get(name, default)

    def all(self, name: str) -> list[str]:
        """Every value of a repeated query argument."""
        return self.request.query.all(name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A truth value as Docker reads it: empty, 0, no, false and none are false, all else is true."""
        if name not in self.request.query:
            return default
        return self.text(name).strip().lower() not in _FALSE

    def number(self, name: str) -> int | None:
        """A whole number; None when absent or empty, InvalidArgument (with Go's words) when it is none."""
        given = self.text(name)
        if not given:
            return None
        try:
            return _integer(given)
        except ValueError:
            raise InvalidArgument(f'strconv.Atoi: parsing "{given}": invalid syntax') from None

    def size(self, name: str, meaning: str) -> int:
        """A required terminal size; InvalidArgument names the ``meaning``."""
        given = self.text(name)
        try:
            value = _integer(given)
        except ValueError:
            raise InvalidArgument(f'invalid resize {meaning} "{given}": invalid syntax') from None
        if not 0 <= value <= _UINT32_MAX:
            raise InvalidArgument(f'invalid resize {meaning} "{given}": value out of range')
        return value

    def filters(self, allowed: frozenset[str]) -> Filters:
        """The ``filters`` argument, checked against the names that the verb knows."""
        return Filters.parse(self.text("filters") or None, allowed)

    async def body(self) -> bytes:
        """The body of a request that must be JSON; InvalidArgument when it says that it is not."""
        data = await self.request.body.read()
        kind = self.request.headers.get("content-type", "")
        if data and kind.partition(";")[0].strip().lower() != "application/json":
            if not kind:
                raise InvalidArgument("malformed Content-Type header (): mime: no media type")
            raise InvalidArgument(f"unsupported Content-Type header ({kind}): must be 'application/json'")
        return data

    async def json(self, kind: type[T]) -> T:
        """The body as a record; an empty body is the record of zero values."""
        data = await self.body()
        return decode_json(data, kind) if data else kind()


def _integer(text: str) -> int:
    digits = text[1:] if text[:1] in "+-" else text
    if not digits.isdecimal() or not digits.isascii() or len(digits) > 19:
        raise ValueError(text)
    return int(text)
