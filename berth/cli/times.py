"""``--since`` and ``--until``: durations, dates and Unix times, as the API wants them."""

from berth.base.errors import InvalidArgument
from berth.base.units import parse_duration

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from datetime import datetime

_LAYOUTS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H", "%Y-%m-%d")


def timestamp(text: str, name: str) -> str:
    """Seconds since the epoch as text; empty for an empty text.

    ``text`` is a duration before now (``42m``), a date with or without time and zone (the local zone when
    none is given), or a Unix time, which is passed on. InvalidArgument names the flag ``name``.
    """
    if not text:
        return ""
    try:
        return _parse(text)
    except InvalidArgument as error:
        raise InvalidArgument(f'invalid value for "{name}": {error}') from None


def _parse(text: str) -> str:
    if text != "0":
        try:
            before = parse_duration(text)
        except InvalidArgument:
            pass
        else:
            import time

            return str((time.time_ns() - before) // 1_000_000_000)
    found = _date(text)
    if found is not None:
        moment, fraction = found
        return f"{int(moment.timestamp())}.{fraction:09d}"
    whole, dot, part = text.removeprefix("-").partition(".")
    if "-" not in text[1:] and whole.isdigit() and (part.isdigit() or not dot):
        return text
    raise InvalidArgument(f'failed to parse value as time or duration: "{text}"')


def _date(text: str) -> "tuple[datetime, int] | None":
    """The moment in whole seconds and its nanoseconds; None when ``text`` is no date."""
    from datetime import UTC, datetime, timedelta, timezone

    body, zone = text, None
    if body[-1:] in "zZ":
        body, zone = body[:-1], UTC
    elif body[-6:-5] in ("+", "-") and body[-3:-2] == ":" and (body[-6] == "+" or body.count("-") == 3):
        hours, minutes = body[-5:-3], body[-2:]
        if not (hours.isdigit() and minutes.isdigit()):
            return None
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if body[-6] == "-" else offset)
        body = body[:-6]
    body, dot, digits = body.partition(".")
    if dot and not (digits.isdigit() and len(digits) <= 9):
        return None
    for layout in _LAYOUTS:
        try:
            moment = datetime.strptime(body, layout)
        except ValueError:
            continue
        return (moment.replace(tzinfo=zone) if zone else moment.astimezone()), int(digits.ljust(9, "0") or 0)
    return None
