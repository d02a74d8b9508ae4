"""The log contract on files, plain and compressed."""

import asyncio
from pathlib import Path

import pytest

from berth.logs.entry import Entry
from berth.logs.file import FileLog, Rotation
from berth.logs.record import format_record
from tests.contract.logdriver_suite import CHECKS


class FileBook:
    """A log in files; the writer is a stand-in for conmon that reopens its file when told."""

    def __init__(self, place: Path, *, compress: bool) -> None:
        self._path = place / "c-json.log"
        self.log = FileLog(self._path, Rotation(max_size=1, max_files=3, compress=compress))

    def write(self, *entries: Entry) -> None:
        with self._path.open("ab") as file:
            file.write(b"".join(format_record(entry) for entry in entries))

    def rotate(self) -> None:
        self.log.rotate(self._path.touch)
        self.log.compress_old()


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_files(check, compress, tmp_path):
    asyncio.run(check(FileBook(tmp_path, compress=compress)))
