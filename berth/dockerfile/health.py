"""HEALTHCHECK: ``NONE``, or options and a command."""

from berth.base.errors import BerthError
from berth.base.units import parse_duration
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.flags import VALUE, Flags
from berth.dockerfile.instructions import Command, HealthCheck
from berth.dockerfile.text import blank_separated, quoted
from berth.dockerfile.words import json_words

_DURATIONS = ("interval", "timeout", "start-period", "start-interval")
_SHORTEST_NS = 1_000_000


def parse_healthcheck(given: list[str], rest: str) -> HealthCheck:
    """``rest`` is what stands behind the flags ``given``. Zero in an option means the default."""
    if not rest:
        raise DockerfileError("HEALTHCHECK requires at least one argument")
    kind, *arguments = blank_separated(rest, 1)
    flags = Flags(given, dict.fromkeys((*_DURATIONS, "retries"), VALUE))
    if kind.upper() == "NONE":
        if arguments:
            raise DockerfileError("HEALTHCHECK NONE takes no arguments")
        return HealthCheck(none=True)
    if kind.upper() != "CMD":
        raise DockerfileError(f"Unknown type {quoted(kind.upper())} in HEALTHCHECK (try CMD)")
    text = arguments[0] if arguments else ""
    words = json_words(text)
    if not text or words == ():
        raise DockerfileError("Missing command after HEALTHCHECK CMD")
    command = Command((text,), shell=True) if words is None else Command(words, shell=False)
    options = [(name, _duration(name, flags.value(name))) for name in _DURATIONS]
    options.append(("retries", _retries(flags.value("retries"))))
    kept = tuple((name.replace("-", "_"), value) for name, value in options if value is not None)
    return HealthCheck(none=False, options=kept, command=command)


def _duration(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        value = parse_duration(text)
    except BerthError as error:
        raise DockerfileError(error.message) from None
    if value and value < _SHORTEST_NS:
        raise DockerfileError(f"Interval {quoted(name)} cannot be less than 1ms")
    return value


def _retries(text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise DockerfileError(f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax")
    if len(digits.lstrip("0")) > 10 or int(digits) >= 1 << 31:
        raise DockerfileError(f"strconv.ParseInt: parsing {quoted(text)}: value out of range")
    value = -int(digits) if text.startswith("-") else int(digits)
    if value < 0:
        raise DockerfileError(f"--retries cannot be negative ({value})")
    return value
