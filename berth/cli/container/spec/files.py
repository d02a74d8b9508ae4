"""``--env-file`` and ``--label-file``: lines of ``NAME=value``."""

import posix

from berth.base.errors import InvalidArgument

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping


def read_pairs(path: str, env: "Mapping[str, str] | None") -> list[str]:
    """The pairs in a file. A name without a value takes it from ``env``, and is dropped when it has none.

    Blank lines and lines that begin with # are skipped; the value is everything behind the first =.
    """
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError as error:
        raise InvalidArgument(f"open {path}: {(error.strerror or '').lower()}") from None
    try:
        data = b""
        while piece := posix.read(fd, 65536):
            data += piece
    except OSError as error:
        reason = f"read {path}: {(error.strerror or '').lower()}"
        raise InvalidArgument(f"invalid env file ({path}): {reason}") from None
    finally:
        posix.close(fd)
    try:
        return _parse(data, env)
    except InvalidArgument as error:
        raise InvalidArgument(f"invalid env file ({path}): {error}") from None


def _parse(data: bytes, env: "Mapping[str, str] | None") -> list[str]:
    pairs: list[str] = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            line = raw.removesuffix(b"\r").decode().lstrip()
        except UnicodeDecodeError:
            shown = " ".join(str(byte) for byte in raw.removesuffix(b"\r"))
            raise InvalidArgument(f"invalid utf8 bytes at line {number}: [{shown}]") from None
        if not line or line[0] == "#":
            continue
        name, equals, _ = line.partition("=")
        if not name:
            raise InvalidArgument(f"no variable name on line '{line}'")
        if " " in name or "\t" in name:
            raise InvalidArgument(f"variable '{name}' contains whitespaces")
        if equals:
            pairs.append(line)
        elif env is not None and name in env:
            pairs.append(f"{name}={env[name]}")
    return pairs


def as_map(pairs: list[str]) -> dict[str, str]:
    """``["a=b"]`` to ``{"a": "b"}``; the last of equal names counts."""
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
