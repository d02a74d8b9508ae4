"""Log drivers by name, their options with dockerd's checks and texts, and what opens a container's log.

``json-file`` and ``local`` are names that Docker's users know; both keep conmon's format here (``record``)
and differ in their defaults. ``none`` keeps nothing.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from berth.base.errors import InvalidArgument
from berth.base.units import parse_size
from berth.logs.driver import LogDriver, NoLog
from berth.logs.file import FileLog, Rotation

NONE = "none"
_OPTIONS = {
    "json-file": frozenset(
        ("max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag")
    ),
    "local": frozenset(("max-file", "max-size", "compress")),
}
_COMMON = frozenset(("mode", "max-buffer-size"))
_MODES = frozenset(("", "blocking", "non-blocking"))
_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))

# dockerd's json-file grows without end unless told otherwise. Here a log never fills the disk by default.
_DEFAULTS = {
    "json-file": Rotation(max_size=50_000_000, max_files=4, compress=False),
    "local": Rotation(max_size=20_000_000, max_files=5, compress=True),
}


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Checked options of one container's log."""

    driver: str
    rotation: Rotation = Rotation()


def check_log_options(driver: str, options: Mapping[str, str]) -> LogSettings:
    """Check what a container asks for; InvalidArgument with dockerd's texts.

    dockerd finds bad values when the container starts; here its creation fails already.
    """
    if driver == NONE:
        return LogSettings(driver=NONE)
    mode = options.get("mode", "")
    if mode not in _MODES:
        raise InvalidArgument(f"logger: logging mode not supported: {mode}")
    if "max-buffer-size" in options:
        if mode != "non-blocking":
            raise InvalidArgument("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
        _size("error parsing option max-buffer-size: ", options["max-buffer-size"])
    known = _OPTIONS.get(driver)
    if known is None:
        raise InvalidArgument(
            f'error looking up logging plugin {driver}: plugin "{driver}" not found',
            hint="berth has json-file, local and none",
        )
    for name in options:
        if name not in known and name not in _COMMON:
            raise InvalidArgument(_unknown(driver, name))
    for name in ("labels-regex", "env-regex"):
        _check_pattern(options.get(name, ""))
    return LogSettings(driver=driver, rotation=_rotation(driver, options))


def open_log(settings: LogSettings, path: Path) -> LogDriver:
    """The log of one container; ``path`` is its file. Nothing is read or made before it is used."""
    return NoLog() if settings.driver == NONE else FileLog(path, settings.rotation)


def _unknown(driver: str, name: str) -> str:
    if driver == "local":
        return f"unknown log opt '{name}' for log driver local"
    return f"unknown log opt '{name}' for {driver} log driver"


def _rotation(driver: str, options: Mapping[str, str]) -> Rotation:
    default = _DEFAULTS[driver]
    max_size, max_files, compress = default.max_size, default.max_files, default.compress
    if "max-size" in options:
        max_size = _size("", options["max-size"])
        if max_size <= 0:
            raise _failed("max-size must be a positive number")
        if "max-file" not in options and driver == "json-file":
            max_files = 1  # as in dockerd: one file, cut when it is full
    if "max-file" in options:
        max_files = _number(options["max-file"])
        if max_files < 1:
            raise _failed("max-file cannot be less than 1")
    if "compress" in options:
        compress = _boolean(options["compress"])
        if compress and max_files == 1:
            raise _failed("compress cannot be true when max-file is less than 2 or max-size is not set")
    return Rotation(max_size=max_size, max_files=max_files, compress=compress and max_files > 1)


def _failed(why: str) -> InvalidArgument:
    return InvalidArgument(f"failed to initialize logging driver: {why}")


def _size(prefix: str, text: str) -> int:
    try:
        return parse_size(text)
    except InvalidArgument as error:
        raise _failed(f"{prefix}{error}") from None


def _number(text: str) -> int:
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise _failed(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _boolean(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise _failed(f'strconv.ParseBool: parsing "{text}": invalid syntax')


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise _failed(f"error parsing regexp: {error}: `{pattern}`") from None
