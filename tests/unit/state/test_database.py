"""The state file: durable, atomic per change, grouped per commit."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from berth.base.errors import Internal
from berth.state.database import Database
from berth.state.events import SCHEMA, Event, EventLog

_TABLE = "CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY);"


def _insert(name: str):
    return lambda c: c.execute("INSERT INTO things VALUES (?)", (name,))


def test_write_is_visible_to_reads_after_it_returns(tmp_path: Path) -> None:
    async def scenario() -> list[tuple]:
        database = Database.open(tmp_path / "state.db", [_TABLE])
        await database.write(_insert("a"))
        rows = database.read("SELECT name FROM things")
        database.close()
        return rows

    assert asyncio.run(scenario()) == [("a",)]


def test_a_failing_change_takes_no_neighbour_with_it(tmp_path: Path) -> None:
    async def scenario() -> tuple[list, list]:
        database = Database.open(tmp_path / "state.db", [_TABLE])
        results = await asyncio.gather(
            database.write(_insert("a")),
            database.write(_insert("a")),
            database.write(_insert("b")),
            return_exceptions=True,
        )
        rows = database.read("SELECT name FROM things ORDER BY name")
        database.close()
        return results, rows

    results, rows = asyncio.run(scenario())
    assert isinstance(results[1], sqlite3.IntegrityError)
    assert rows == [("a",), ("b",)]


def test_reopening_finds_what_was_written(tmp_path: Path) -> None:
    async def put() -> None:
        database = Database.open(tmp_path / "state.db", [_TABLE])
        await database.write(_insert("a"))
        database.close()

    asyncio.run(put())
    database = Database.open(tmp_path / "state.db", [_TABLE])
    assert database.read("SELECT COUNT(*) FROM things") == [(1,)]
    database.close()


def test_a_damaged_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(Internal, match=r"state\.db") as caught:
        Database.open(path, [_TABLE])
    assert caught.value.hint


def test_writing_after_close_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        database = Database.open(tmp_path / "state.db", [_TABLE])
        database.close()
        await database.write(_insert("a"))

    with pytest.raises(Internal, match="closed"):
        asyncio.run(scenario())


def test_a_follower_sees_events_in_order_and_ends_at_until(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        database = Database.open(tmp_path / "state.db", [SCHEMA])
        log = EventLog(database)
        await log.record("container", "create", "a", {})
        seen: list[str] = []

        async def follow() -> None:
            async for event in log.follow(since_ns=0):
                seen.append(event.action)
                if event.action == "die":
                    return

        follower = asyncio.create_task(follow())
        await log.record("container", "start", "a", {})
        await log.record("container", "die", "a", {"exitCode": "1"})
        await follower
        stored = [e.action async for e in log.follow(since_ns=0, until_ns=1)]
        database.close()
        return seen + stored

    assert asyncio.run(scenario()) == ["create", "start", "die"]


def test_event_and_change_share_one_transaction(tmp_path: Path) -> None:
    async def scenario() -> int:
        database = Database.open(tmp_path / "state.db", [_TABLE, SCHEMA])
        log = EventLog(database)

        def change(connection: sqlite3.Connection) -> None:
            log.append(connection, Event(kind="container", action="create", actor="a"))
            raise ValueError

        with pytest.raises(ValueError):
            await database.write(change)
        count = database.read("SELECT COUNT(*) FROM events")[0][0]
        database.close()
        return count

    assert asyncio.run(scenario()) == 0
