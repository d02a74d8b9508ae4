"""From method and path to handler and parameters."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from berth.api.call import Call
from berth.api.versions import OLDEST, Version
from berth.server.message import Answer

Handle: TypeAlias = Callable[[Call], Awaitable[Answer]]

_VERSION = re.compile(r"/v([0-9][0-9.]*)(/.*)")


class Route(NamedTuple):
    """``path`` may hold ``{name}`` and ``{id}``: anything, slashes too, as image names have them."""

    method: str
    path: str
    handle: Handle
    since: Version = OLDEST


class Match(NamedTuple):
    """A route and what its placeholders stand for."""

    route: Route
    params: dict[str, str]


def split_version(path: str) -> tuple[str | None, str]:
    """``/v1.44/info`` to ``1.44`` and ``/info``; None for a path without version."""
    found = _VERSION.fullmatch(path)
    return (found[1], found[2]) if found else (None, path)


class Router:
    """Routes in order; the first that fits wins. Fixed paths are found at once, the others by what they
    begin with."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._open: dict[tuple[str, str], list[tuple[re.Pattern[str], Route]]] = {}
        for route in routes:
            if "{" not in route.path:
                self._fixed[route.method, route.path] = route
                continue
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*)", re.escape(route.path))
            bucket = self._open.setdefault((route.method, _first(route.path)), [])
            bucket.append((re.compile(pattern, re.DOTALL), route))

    def match(self, method: str, path: str) -> Match | None:
        """The route for a request; None when there is none."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return Match(fixed, {})
        for pattern, route in self._open.get((method, _first(path)), ()):
            found = pattern.fullmatch(path)
            if found is not None:
                return Match(route, found.groupdict())
        return None


def _first(path: str) -> str:
    """The first segment of a path."""
    return path[1:].partition("/")[0]
