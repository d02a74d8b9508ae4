"""Times as Docker's JSON has them: RFC 3339 with as many digits as needed, UTC."""

import time

ZERO = "0001-01-01T00:00:00Z"
"""Go's zero time, which stands for "never"."""

_SECOND_NS = 1_000_000_000


def rfc3339(time_ns: int) -> str:
    """Nanoseconds since the epoch, to the nanosecond, without trailing zeros; 0 is Go's zero time."""
    if time_ns == 0:
        return ZERO
    seconds, fraction = divmod(time_ns, _SECOND_NS)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    digits = f"{fraction:09d}".rstrip("0")
    return f"{moment}.{digits}Z" if digits else f"{moment}Z"


def rfc3339_fixed(time_ns: int) -> str:
    """Always nine digits, as in front of log lines."""
    seconds, fraction = divmod(time_ns, _SECOND_NS)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:09d}Z"


def rfc3339_seconds(time_ns: int) -> str:
    """The same cut to whole seconds, as volumes have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ns // _SECOND_NS))


def unix_seconds(time_ns: int) -> int:
    """Whole seconds since the epoch."""
    return time_ns // _SECOND_NS
