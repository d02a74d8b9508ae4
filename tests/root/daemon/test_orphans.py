"""Volumes that were to go with their container go, whenever the daemon was killed in between."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.runtime.programs import find_program
from berth.state.database import Database
from berth.volume.record import SCHEMA, Volume, insert, orphan
from tests.root.daemon.test_daemon import Daemon

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the daemon makes namespaces and mounts"),
    pytest.mark.skipif(find_program("conmon") is None, reason="needs conmon"),
]


def _as_left(root: Path, *changes: Callable[[Any], None]) -> None:
    """Leave the state file as a daemon that was killed leaves it: these changes committed, no more."""
    root.mkdir(parents=True)

    async def write() -> None:
        database = Database.open(root / "data" / "state.db", [SCHEMA])
        try:
            for change in changes:
                await database.write(change)
        finally:
            database.close()

    asyncio.run(write())
    for name in ("orphan", "kept"):
        data = root / "data/volumes" / name / "_data"
        data.mkdir(parents=True)
        (data / "file").write_text("content")


def test_a_volume_noted_with_the_removal_of_its_container_goes_at_the_next_start(tmp_path: Path) -> None:
    root = tmp_path / "d"
    _as_left(
        root,
        lambda c: insert(c, Volume(name="orphan", anonymous=True)),
        lambda c: insert(c, Volume(name="kept", anonymous=True)),
        lambda c: orphan(c, ["orphan"]),
    )
    daemon = Daemon(root).wait_ready()
    try:
        assert [volume["Name"] for volume in daemon.get("/volumes")["Volumes"]] == ["kept"]
        assert not (root / "data/volumes/orphan").exists()
        assert (root / "data/volumes/kept/_data/file").read_text() == "content"
    finally:
        daemon.stop()
