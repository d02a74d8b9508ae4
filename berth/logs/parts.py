"""The files of one log: the current one and those that were rotated away.

::

    <path>         being written
    <path>.1       the one before; <path>.2 older, ...; <path>.1.gz when compressed
"""

import gzip
import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, NamedTuple

_COMPRESSED = ".gz"
_LEVEL = 1


class Part(NamedTuple):
    """One rotated file; ``number`` 1 is the newest."""

    number: int
    path: Path

    @property
    def compressed(self) -> bool:
        """Whether the content is gzip."""
        return self.path.suffix == _COMPRESSED


def rotated_parts(path: Path) -> list[Part]:
    """The rotated files, oldest first."""
    parts = []
    prefix = f"{path.name}."
    try:
        names = os.listdir(path.parent)
    except FileNotFoundError:
        return []
    for name in names:
        number = name.removeprefix(prefix).removesuffix(_COMPRESSED)
        if name.startswith(prefix) and number.isascii() and number.isdecimal():
            parts.append(Part(int(number), path.parent / name))
    return sorted(parts, reverse=True)


def open_part(part: Part) -> BinaryIO | None:
    """Its content, seekable; None when it has been rotated out of existence meanwhile."""
    try:
        file = part.path.open("rb")
        if not part.compressed:
            return file
        with file, gzip.open(file, "rb") as packed:
            plain = tempfile.TemporaryFile()  # noqa: SIM115 - returned
            shutil.copyfileobj(packed, plain)
            plain.seek(0)
            return plain
    except (FileNotFoundError, EOFError, gzip.BadGzipFile):
        return None


def shift_parts(path: Path, keep: int) -> None:
    """Make room for a new ``.1``: every part moves up, and those beyond ``keep`` go."""
    for part in rotated_parts(path):
        if part.number >= keep:
            part.path.unlink(missing_ok=True)
        else:
            suffix = _COMPRESSED if part.compressed else ""
            os.replace(part.path, f"{path}.{part.number + 1}{suffix}")


def compress_part(path: Path) -> None:
    """Replace a file by its gzip form; visible whole or not at all. Meant for a thread."""
    target = Path(f"{path}{_COMPRESSED}")
    new = Path(f"{target}.new")
    with path.open("rb") as plain, gzip.open(new, "wb", compresslevel=_LEVEL) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
    os.chmod(new, 0o600)
    os.replace(new, target)
    path.unlink(missing_ok=True)


def remove_parts(path: Path) -> None:
    """Remove the whole log."""
    for part in rotated_parts(path):
        part.path.unlink(missing_ok=True)
    path.unlink(missing_ok=True)
