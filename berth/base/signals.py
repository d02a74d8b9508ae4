"""Signals by name or number, as ``kill``, ``stop`` and STOPSIGNAL take them."""

import signal

from berth.base.errors import InvalidArgument

_HIGHEST = 64
_RTMIN, _RTMAX = 34, 64
"""What C libraries leave to programs; Docker counts from them."""


def parse_signal(text: str) -> int:
    """``TERM``, ``SIGTERM``, ``15``, ``RTMIN+3`` to a number; InvalidArgument with Docker's text."""
    value = text.strip().upper()
    if value.isdecimal() and len(value) <= 3:
        number = int(value)
        if 0 < number <= _HIGHEST:
            return number
        raise InvalidArgument(f"invalid signal: {text}")
    name = value.removeprefix("SIG")
    if name == "RTMIN":
        return _RTMIN
    if name == "RTMAX":
        return _RTMAX
    try:
        return int(signal.Signals[f"SIG{name}"])
    except KeyError:
        pass
    for base, start, sign in (("RTMIN+", _RTMIN, 1), ("RTMAX-", _RTMAX, -1)):
        offset = name.removeprefix(base)
        if offset != name and offset.isdecimal() and int(offset) <= _RTMAX - _RTMIN:
            return start + sign * int(offset)
    raise InvalidArgument(f"invalid signal: {text}")
