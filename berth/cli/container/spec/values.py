"""Checks of single flag values: each takes the text and returns what is stored, or says what is wrong."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec.numbers import normal_ip, parse_bytes, parse_signed, parse_unsigned
from berth.cli.flags import quote

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_BLANKS = " \t"
_ULIMITS = frozenset(  # names of setrlimit(2)
    [
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ]
)
_SYSCTLS = frozenset(
    [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ]
)


def attach(text: str) -> str:
    """A stream of ``--attach``."""
    if text.lower() not in ("stdin", "stdout", "stderr"):
        raise InvalidArgument("valid streams are STDIN, STDOUT and STDERR")
    return text.lower()


def environment(text: str) -> str:
    """``NAME=value`` or ``NAME``; only the name must not be empty."""
    if not text.partition("=")[0]:
        raise InvalidArgument(f"invalid environment variable: {text}")
    return text


def label(text: str) -> str:
    """``key=value`` or ``key``; the key has no blanks."""
    key = text.partition("=")[0].lstrip(_BLANKS)
    if not key:
        raise InvalidArgument(f"invalid label '{text}': empty name")
    if any(blank in key for blank in _BLANKS):
        raise InvalidArgument(f"label '{key}' contains whitespaces")
    return text


def extra_host(text: str) -> str:
    """``name:address`` or ``name=address`` as ``name:address``; brackets round an address are dropped."""
    separator = "=" if "=" in text else ":"
    name, found, address = text.partition(separator)
    if not found or not name or ":" in name:
        raise InvalidArgument(f"bad format for add-host: {quote(text)}")
    if address != "host-gateway":
        if len(address) > 2 and address[0] == "[" and address[-1] == "]":
            address = address[1:-1]
        if normal_ip(address.strip()) is None:
            raise InvalidArgument(f"invalid IP address in add-host: {quote(address)}")
    return f"{name}:{address}"


def dns_search(text: str) -> str:
    """A search domain; a dot stands for none."""
    domain = text.strip(" ")
    if domain == ".":
        return domain
    name = domain.rstrip().removesuffix(".")
    labels = name.split(".")
    good = any(char.isascii() and char.isalpha() for char in domain) and len(name) < 255
    if not good or not all(_is_domain_label(part) for part in labels):
        raise InvalidArgument(f"{domain} is not a valid domain")
    return name


def _is_domain_label(text: str) -> bool:
    plain = text.replace("-", "a")
    return bool(text) and plain.isascii() and plain.isalnum() and text[0] != "-" and text[-1] != "-"


def sysctl(text: str) -> str:
    """``name=value`` of a setting that belongs to a namespace."""
    name, equals, _ = text.partition("=")
    if not equals or not (name in _SYSCTLS or name.startswith(("net.", "fs.mqueue."))):
        raise InvalidArgument(f"sysctl '{text}' is not allowed")
    return text


def link(text: str) -> str:
    """``container`` or ``container:alias``."""
    if not text:
        raise InvalidArgument("empty string specified for links")
    if text.count(":") > 1:
        raise InvalidArgument(f"bad format for links: {text}")
    return text


def device_cgroup_rule(text: str) -> str:
    """``type major:minor mode``, for example ``c 1:3 mr``."""
    parts = text.split(" ")
    good = len(parts) == 3 and parts[0] in ("a", "c", "b")
    if good:
        major, colon, minor = parts[1].partition(":")
        numbers = all(part == "*" or (part.isascii() and part.isdigit()) for part in (major, minor))
        good = bool(colon) and numbers and 1 <= len(parts[2]) <= 3 and not parts[2].strip("rwm")
    if not good:
        raise InvalidArgument(f"invalid device cgroup format '{text}'")
    return text


def ulimit(text: str) -> "dict[str, Any]":
    """``name=soft[:hard]``; -1 is no limit."""
    name, equals, limits = text.partition("=")
    if not equals:
        raise InvalidArgument(f"invalid ulimit argument: {text}")
    if name not in _ULIMITS:
        raise InvalidArgument(f"invalid ulimit type: {name}")
    parts = limits.split(":")
    if len(parts) > 2:
        problem = f"too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`"
        raise InvalidArgument(problem)
    hard = parse_signed(parts[-1])
    soft = parse_signed(parts[0])
    problem = "ulimit soft limit must be less than or equal to hard limit: "
    if hard != -1 and soft == -1:
        raise InvalidArgument(f"{problem}soft: -1 (unlimited), hard: {hard}")
    if hard != -1 and soft > hard:
        raise InvalidArgument(f"{problem}{soft} > {hard}")
    return {"Name": name, "Hard": hard, "Soft": soft}


def _block_device(text: str) -> tuple[str, str]:
    path, colon, value = text.partition(":")
    if not colon or not path:
        raise InvalidArgument(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise InvalidArgument(f"bad format for device path: {text}")
    return path, value


def device_weight(text: str) -> "dict[str, Any]":
    """``/dev/x:weight``, 10 to 1000 or 0."""
    path, value = _block_device(text)
    try:
        weight = parse_unsigned(value, 16)
    except InvalidArgument:
        weight = 1
    if 0 < weight < 10 or weight > 1000:
        raise InvalidArgument(f"invalid weight for device: {text}")
    return {"Path": path, "Weight": weight}


def device_bytes(text: str) -> "dict[str, Any]":
    """``/dev/x:rate`` in bytes per second, with a unit."""
    path, value = _block_device(text)
    try:
        rate = parse_bytes(value)
    except InvalidArgument:
        raise InvalidArgument(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. "
            "Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
        ) from None
    return {"Path": path, "Rate": rate}


def device_operations(text: str) -> "dict[str, Any]":
    """``/dev/x:rate`` in operations per second."""
    path, value = _block_device(text)
    try:
        rate = parse_unsigned(value)
    except InvalidArgument:
        raise InvalidArgument(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>. "
            "Number must be a positive integer"
        ) from None
    return {"Path": path, "Rate": rate}
