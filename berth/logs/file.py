"""A log in files: what ``json-file`` and ``local`` are."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from berth.logs.entry import Entry, LogQuery
from berth.logs.parts import compress_part, remove_parts, rotated_parts, shift_parts
from berth.logs.reader import LogReader


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a log: bytes of the current file (0 for none), number of files with it, gzip for the old."""

    max_size: int = 0
    max_files: int = 1
    compress: bool = False


class FileLog:
    """See ``LogDriver``. The files are laid out as ``parts`` says."""

    def __init__(self, path: Path, rotation: Rotation) -> None:
        self._path = path
        self.rotation = rotation

    @property
    def path(self) -> Path | None:
        """The current file."""
        return self._path

    async def batches(
        self, query: LogQuery, ended: "asyncio.Future[None] | None" = None
    ) -> AsyncIterator[list[Entry]]:
        """Entries in lists as they come."""
        async for batch in LogReader(self._path, query).batches(ended):
            yield batch

    async def read(
        self, query: LogQuery, ended: "asyncio.Future[None] | None" = None
    ) -> AsyncIterator[Entry]:
        """Entries one by one."""
        async for batch in self.batches(query, ended):
            for entry in batch:
                yield entry

    def size(self) -> int:
        """Bytes of all files."""
        paths = [part.path for part in rotated_parts(self._path)]
        return sum(_size(path) for path in [*paths, self._path])

    def current_size(self) -> int:
        """Bytes of the current file."""
        return _size(self._path)

    def rotate(self, reopen: Callable[[], None]) -> None:
        """Rename the current file to ``.1`` and let the writer begin a new one.

        Until it does it goes on writing into the renamed file, so nothing is lost. With a single file the
        writer replaces it by an empty one, as dockerd does. Compressing is apart (``compress_old``): it may
        only begin when the writer has let go.
        """
        if self.rotation.max_files > 1:
            if not self._path.exists():
                return  # the writer has not begun its new file yet; telling it twice would cost what it wrote
            shift_parts(self._path, self.rotation.max_files - 1)
            os.replace(self._path, f"{self._path}.1")
        reopen()

    def cut(self) -> None:
        """Bring a log that nobody writes any more within its bounds, whole records only.

        A short and noisy run can end between two looks of the keeper.
        """
        limit, files = self.rotation.max_size, self.rotation.max_files
        if 0 < limit < self.current_size():
            pieces = split_records(self._read_end(limit * (files + 1)), limit, files)
            for index, piece in enumerate(pieces):
                fresh = self._path.with_name(f".{self._path.name}.cut")
                fresh.write_bytes(piece)
                if index:
                    shift_parts(self._path, files - 1)
                    os.replace(self._path, f"{self._path}.1")
                os.replace(fresh, self._path)

    def _read_end(self, wanted: int) -> bytes:
        """The last ``wanted`` bytes from the first whole line on: a log left alone for long may be huge."""
        with self._path.open("rb") as file:
            skipped = max(0, self.current_size() - wanted)
            file.seek(skipped)
            data = file.read()
        return data[_line_start(data, 1, len(data)) :] if skipped else data

    def compress_old(self) -> None:
        """gzip the rotated files that the writer has let go of: all when a current file exists again."""
        if self.rotation.compress and self._path.exists():
            for part in rotated_parts(self._path):
                if not part.compressed:
                    compress_part(part.path)

    def remove(self) -> None:
        """Remove all files."""
        remove_parts(self._path)


def split_records(data: bytes, limit: int, files: int) -> list[bytes]:
    """The end of a log in ``files`` pieces at most, oldest first, cut between lines near ``limit`` bytes."""
    pieces: list[bytes] = []
    end = len(data)
    while end > 0 and len(pieces) < files:
        start = _line_start(data, max(0, end - limit), end)
        pieces.insert(0, data[start:end])
        end = start
    return pieces


def _line_start(data: bytes, at: int, end: int) -> int:
    """The first record at or after ``at`` that begins a line; the last one before ``at`` if there is none."""
    if at == 0:
        return 0
    newline = data.find(b"\n", at - 1, end)
    while 0 <= newline < end - 1:
        if _ends_line(data, newline):
            return newline + 1
        newline = data.find(b"\n", newline + 1, end)
    return _line_start_before(data, at)


def _line_start_before(data: bytes, at: int) -> int:
    newline = data.rfind(b"\n", 0, at)
    while newline > 0 and not _ends_line(data, newline):
        newline = data.rfind(b"\n", 0, newline)
    return newline + 1


def _ends_line(data: bytes, newline: int) -> bool:
    """Whether the record that ends at ``newline`` is a full one (``F``), not a part of a longer line."""
    start = data.rfind(b"\n", 0, newline) + 1
    fields = data[start:newline].split(b" ", 3)
    return len(fields) < 3 or fields[2] == b"F"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
