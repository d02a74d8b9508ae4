"""Keeping logs within their bounds."""

import asyncio
from pathlib import Path

from berth.logs.file import FileLog, Rotation
from berth.logs.keeper import LogKeeper


def _kept(path: Path, rotation: Rotation) -> tuple[LogKeeper, list[str]]:
    told: list[str] = []
    keeper = LogKeeper()
    keeper.keep("web", FileLog(path, rotation), lambda: told.append("reopen"))
    return keeper, told


def test_a_full_file_is_put_aside_and_the_writer_told(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "log"
        path.write_bytes(b"x" * 10)
        keeper, told = _kept(path, Rotation(max_size=100, max_files=2))
        keeper.look(1.0)
        assert told == []
        with path.open("ab") as file:
            file.write(b"y" * 100)
        keeper.look(1.0)
        assert told == ["reopen"]
        assert not path.exists()
        assert (tmp_path / "log.1").stat().st_size == 110

    asyncio.run(run())


def test_a_single_file_is_left_to_the_writer(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "log"
        path.write_bytes(b"x" * 200)
        keeper, told = _kept(path, Rotation(max_size=100, max_files=1))
        keeper.look(1.0)
        assert told == ["reopen"]
        assert path.stat().st_size == 200

    asyncio.run(run())


def test_a_log_that_fills_fast_is_looked_at_sooner(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "log"
        path.write_bytes(b"")
        keeper, _ = _kept(path, Rotation(max_size=1000, max_files=2))
        assert keeper.look(1.0) == 1.0
        path.write_bytes(b"x" * 800)
        assert keeper.look(1.0) < 0.2

    asyncio.run(run())


def test_what_has_no_bounds_or_was_let_go_is_left_alone(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "log"
        path.write_bytes(b"x" * 200)
        keeper, told = _kept(path, Rotation())
        keeper.look(1.0)
        bounded, told_too = _kept(path, Rotation(max_size=100, max_files=2))
        bounded.let_go("web")
        bounded.look(1.0)
        assert told == told_too == []

    asyncio.run(run())
