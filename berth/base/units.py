"""Sizes and durations as Docker's flags and tables write them.

On the client's start path: no ``re``, no ``datetime``. Rules: docker/go-units (sizes), Go's
``time.ParseDuration`` (durations).
"""

from berth.base.errors import InvalidArgument

_BINARY = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_DECIMAL_NAMES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BINARY_NAMES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_NANOSECONDS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000,
    "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
}  # fmt: skip
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def parse_size(text: str) -> int:
    """``8g``, ``64M``, ``1.5GiB`` or plain bytes to bytes, in powers of 1024, upper or lower case."""
    lowered = text.strip().lower()
    number = lowered.rstrip("abcdefghijklmnopqrstuvwxyz").rstrip()
    suffix = lowered[len(number) :].strip()
    if not number:
        raise InvalidArgument(f"invalid size: '{text}'")
    unit = suffix if suffix in ("", "b") else suffix.removesuffix("b").removesuffix("i")
    if unit not in _BINARY or suffix in ("i", "ib"):
        raise InvalidArgument(f"invalid suffix: '{suffix}'")
    try:
        value = float(number) if "_" not in number else None
    except ValueError:
        value = None
    if value is None or value < 0 or value != value or value == float("inf"):
        raise InvalidArgument(f"invalid size: '{text}'")
    return int(value * _BINARY[unit])


def _four_digits(value: float) -> str:
    """Go's ``%.4g``: four significant digits, no trailing zeros."""
    return f"{value:.4g}"


def human_size(size: float, precision: int = 3) -> str:
    """Decimal size with significant digits as in tables: ``123MB``, ``1.98MB``, ``0B``."""
    value = float(size)
    index = 0
    while value >= 1000 and index < len(_DECIMAL_NAMES) - 1:
        value /= 1000
        index += 1
    return f"{_general(value, precision)}{_DECIMAL_NAMES[index]}"


def human_binary_size(size: float) -> str:
    """Binary size as ``stats`` and ``info`` print it: ``1.944GiB``."""
    value = float(size)
    index = 0
    while value >= 1024 and index < len(_BINARY_NAMES) - 1:
        value /= 1024
        index += 1
    return f"{_four_digits(value)}{_BINARY_NAMES[index]}"


def _general(value: float, precision: int) -> str:
    """Go's %g with a precision, the same as Python's: 999.95 kB is ``1e+03kB`` in Docker's tables too."""
    return f"{value:.{precision}g}"


def parse_duration(text: str) -> int:
    """Go's duration syntax (``1m30s``, ``500ms``, ``-1.5h``, ``0``) to nanoseconds."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if not rest:
        raise InvalidArgument(f'time: invalid duration "{text}"')
    total = 0.0
    while rest:
        number = _leading(rest, "0123456789.")
        rest = rest[len(number) :]
        if not number or number == "." or number.count(".") > 1:
            raise InvalidArgument(f'time: invalid duration "{text}"')
        unit = _leading_not(rest, "0123456789.")
        if not unit:
            raise InvalidArgument(f'time: missing unit in duration "{text}"')
        if unit not in _NANOSECONDS:
            raise InvalidArgument(f'time: unknown unit "{unit}" in duration "{text}"')
        total += float(number) * _NANOSECONDS[unit]
        rest = rest[len(unit) :]
    return -round(total) if text[0] == "-" else round(total)


def _leading(text: str, allowed: str) -> str:
    return text[: len(text) - len(text.lstrip(allowed))]


def _leading_not(text: str, stop: str) -> str:
    for index, char in enumerate(text):
        if char in stop:
            return text[:index]
    return text


def human_duration(seconds: float) -> str:
    """go-units' ``HumanDuration``: "Less than a second", "About a minute", "2 weeks", "3 months"."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < _MINUTE:
        return f"{whole} seconds"
    minutes = whole // _MINUTE
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(seconds / _HOUR + 0.5)
    if hours == 1:
        return "About an hour"
    days = 24
    if hours < 2 * days:
        return f"{hours} hours"
    if hours < 7 * days * 2:
        return f"{hours // days} days"
    if hours < 30 * days * 2:
        return f"{hours // days // 7} weeks"
    if hours < 365 * days * 2:
        return f"{hours // days // 30} months"
    return f"{int(seconds / _HOUR) // days // 365} years"
