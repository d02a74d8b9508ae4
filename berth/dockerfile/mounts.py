"""``RUN --mount=type=...,key=value``: parsed and checked.

Values may hold variables, so what depends on a value is checked twice: here for values without ``$``, and by
``check`` again when the builder has replaced the variables. Rules and texts are BuildKit's.
"""

from berth.base.errors import BerthError
from berth.base.units import parse_size
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.instructions import Mount
from berth.dockerfile.text import did_you_mean, quoted

_TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
_SHARING = ("shared", "private", "locked")
_SPELLINGS = {
    "type": "type", "from": "from", "source": "source", "src": "source", "target": "target", "dst": "target",
    "destination": "target", "readonly": "readonly", "ro": "readonly", "readwrite": "readwrite",
    "rw": "readwrite", "required": "required", "size": "size", "id": "id", "sharing": "sharing",
    "mode": "mode", "uid": "uid", "gid": "gid", "env": "env",
}  # fmt: skip
_SWITCHES = ("readonly", "readwrite", "required")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


def parse_mount(text: str) -> Mount:
    """The value of one ``--mount``."""
    kind = "bind"
    options: list[tuple[str, str | None]] = []
    for field in split_fields(text, "mounts"):
        written, equals, value = field.partition("=")
        key = _SPELLINGS.get(written.lower())
        if not equals and key not in _SWITCHES:
            raise DockerfileError(f"invalid field '{field}' must be a key=value pair")
        if key is None:
            lowered = written.lower()
            raise DockerfileError(
                f"unexpected key '{lowered}' in '{field}'{did_you_mean(lowered, _SPELLINGS)}"
            )
        if key == "type":
            kind = value.lower()
            if kind not in _TYPES:
                hint = did_you_mean(value, _TYPES)
                raise DockerfileError(f"unsupported mount type {quoted(value)}{hint}")
        elif key == "from" and "$" in value[:-1]:
            raise DockerfileError("'from' doesn't support variable expansion, define alias stage instead")
        else:
            options.append((key, value if equals else None))
    mount = Mount(kind, tuple(options))
    check(mount)
    return mount


def split_fields(text: str, what: str) -> list[str]:
    """The comma-separated fields of one line; a field in double quotes may contain commas."""
    if '"' not in text:
        return text.split(",")
    import csv

    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise DockerfileError(f"failed to parse csv {what}: {error}") from None
    return rows[0] if rows else [""]


def option(mount: Mount, key: str) -> str | None:
    """The last value of ``key``, None when it is absent; a switch without a value is ``true``."""
    found = [value for name, value in mount.options if name == key]
    return (found[-1] if found[-1] is not None else "true") if found else None


def is_read_only(mount: Mount) -> bool:
    """As the last of ``readonly`` and ``readwrite`` says; without them, cache and tmpfs can be written."""
    answer = mount.type not in ("cache", "tmpfs")
    for name, value in mount.options:
        if name in ("readonly", "readwrite"):
            answer = (value is None or value in _TRUE) == (name == "readonly")
    return answer


def check(mount: Mount) -> None:
    """DockerfileError when keys and type do not go together, or a value without ``$`` is wrong."""
    kind = mount.type
    for key, value in mount.options:
        if key == "required" and kind not in ("secret", "ssh"):
            raise DockerfileError(f"unexpected key 'required' for mount type '{kind}'")
        if key == "size" and kind != "tmpfs":
            raise DockerfileError(f"unexpected key 'size' for mount type '{kind}'")
        if key in ("mode", "uid", "gid") and kind not in ("secret", "ssh", "cache"):
            raise DockerfileError(f"{key} not allowed for {quoted(kind)} type mounts")
        if value is not None and "$" not in value:
            _check_value(key, value)
    if kind == "secret":
        _check_secret(mount)
    if option(mount, "sharing") and kind != "cache":
        raise DockerfileError(f"invalid cache sharing set for {kind} mount")


def _check_secret(mount: Mount) -> None:
    source, name = option(mount, "source"), option(mount, "id")
    if option(mount, "from"):
        raise DockerfileError("secret mount should not have a from")
    if option(mount, "sharing"):
        raise DockerfileError("secret mount should not define sharing")
    if not source and not option(mount, "target") and not name:
        raise DockerfileError("invalid secret mount. one of source, target required")
    if source and name:
        raise DockerfileError("both source and id can't be set")


def _check_value(key: str, value: str) -> None:
    if key in _SWITCHES and value not in (*_TRUE, *_FALSE):
        raise DockerfileError(f"invalid value for {key}: {value}")
    if key == "mode" and not _is_number(value, 8):
        raise DockerfileError(f"invalid value {value} for mode")
    if key in ("uid", "gid") and not _is_number(value, 10):
        raise DockerfileError(f"invalid value {value} for {key}")
    if key == "sharing" and value.lower() not in _SHARING:
        raise DockerfileError(f"unsupported sharing value {quoted(value)}{did_you_mean(value, _SHARING)}")
    if key == "size":
        try:
            parse_size(value)
        except BerthError:
            raise DockerfileError(f"invalid value for size: {value}") from None


def _is_number(text: str, base: int) -> bool:
    """An unsigned number of 32 bits."""
    digits = "01234567" if base == 8 else "0123456789"
    return 0 < len(text) <= 16 and not text.strip(digits) and int(text, base) < 1 << 32
