"""Numbers, sizes and addresses with Go's rules and words, which Docker's error texts quote."""

import _socket

from berth.base.errors import InvalidArgument
from berth.cli.flags import quote

_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def parse_unsigned(text: str, bits: int = 64) -> int:
    """strconv.ParseUint in base 10."""
    if not (text.isascii() and text.isdigit()):
        raise InvalidArgument(f"strconv.ParseUint: parsing {quote(text)}: invalid syntax")
    value = int(text)
    if value >= 1 << bits:
        raise InvalidArgument(f"strconv.ParseUint: parsing {quote(text)}: value out of range")
    return value


def parse_signed(text: str) -> int:
    """strconv.ParseInt in base 10, 64 bits."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidArgument(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax")
    value = int(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise InvalidArgument(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
    return value


def parse_plain_int(text: str) -> int:
    """strconv.Atoi; the error has only Go's last words ("invalid syntax")."""
    try:
        return parse_signed(text)
    except InvalidArgument as error:
        raise InvalidArgument(str(error).rpartition(": ")[2]) from None


def parse_bytes(text: str) -> int:
    """A size in powers of 1024 (go-units' RAMInBytes): ``8g``, ``1.5GiB``, ``10 kb``, plain bytes."""
    at = max((index for index, char in enumerate(text) if char in "0123456789. "), default=-1)
    if at < 0:
        raise InvalidArgument(f"invalid size: '{text}'")
    number = text[:at] if text[at] == " " else text[: at + 1]
    suffix = text[at + 1 :].lower()
    try:
        value = float(number) if number.strip() == number and "_" not in number else None
    except ValueError:
        value = None
    if value is None:
        raise InvalidArgument(f"strconv.ParseFloat: parsing {quote(number)}: invalid syntax")
    if value < 0 or value != value or value == float("inf"):
        raise InvalidArgument(f"invalid size: '{text}'")
    if suffix in ("", "b"):
        return int(value)
    if suffix[0] not in _UNITS or suffix[1:] not in ("", "b", "ib"):
        raise InvalidArgument(f"invalid suffix: '{suffix}'")
    return int(value * _UNITS[suffix[0]])


def parse_swap(text: str) -> int:
    """A size, or -1 for no limit."""
    return -1 if text == "-1" else parse_bytes(text)


def parse_cpus(text: str) -> int:
    """A number of processors (``1.5``, ``3/2``) in units of 10^-9, exactly."""
    from fractions import Fraction

    try:
        value = Fraction(text) if text.strip() == text and "_" not in text else None
    except (ValueError, ZeroDivisionError):
        value = None
    if value is None:
        raise InvalidArgument(f"failed to parse {text} as a rational number")
    nano = value * 1_000_000_000
    if nano.denominator != 1:
        raise InvalidArgument("value is too precise")
    return nano.numerator


def normal_ip(text: str) -> str | None:
    """An IPv4 or IPv6 address in its normal form; None when ``text`` is none."""
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            return _socket.inet_ntop(family, _socket.inet_pton(family, text))
        except (OSError, ValueError):
            continue
    return None


def parse_ip(text: str) -> str:
    """An address of ``--dns``, normalised."""
    address = normal_ip(text.strip())
    if address is None:
        raise InvalidArgument(f"IP address is not correctly formatted: {text}")
    return address


def is_mac(text: str) -> bool:
    """Whether ``text`` is a hardware address of 6, 8 or 20 bytes, with colons, dashes or dots."""
    stripped = text.strip()
    if stripped.count(".") in (2, 3, 9):
        groups, width = stripped.split("."), 4
    else:
        groups, width = stripped.split("-" if "-" in stripped else ":"), 2
    sizes = (3, 4, 10) if width == 4 else (6, 8, 20)
    digits = frozenset("0123456789abcdefABCDEF")
    return len(groups) in sizes and all(len(group) == width and digits.issuperset(group) for group in groups)
