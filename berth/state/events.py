"""The event log: what happened, in order, written in the transaction that made it happen.

A subscriber is a cursor over the table: since/until, reconnects and slow readers need no buffer and lose
nothing. Only the newest events are kept (``KEPT``; dockerd keeps 256, in memory).
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping

import msgspec

from berth.state.database import Database

KEPT = 10_000
_TRIM_EVERY = 1_000
_PAGE = 500

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_time ON events (time_ns);
"""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one object.

    ``kind`` is Docker's Type (container, image, network, volume, daemon), ``attributes`` describe the
    actor (name, image, labels, exitCode ...).
    """

    kind: str
    action: str
    actor: str
    attributes: dict[str, str] = {}
    time_ns: int = 0
    scope: str = "local"


class EventLog:
    """Appends events inside transactions and lets readers follow them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = asyncio.Event()
        self._appended = False
        self._since_trim = 0
        self.followers = 0
        """How many are following at the moment."""
        database.on_commit(self._committed)

    def append(self, connection: sqlite3.Connection, event: Event) -> None:
        """Add ``event`` to the transaction of ``connection``; call it inside ``Database.write``."""
        if not event.time_ns:
            event = msgspec.structs.replace(event, time_ns=time.time_ns())
        connection.execute(
            "INSERT INTO events (time_ns, body) VALUES (?, ?)",
            (event.time_ns, msgspec.json.encode(event)),
        )
        self._appended = True
        self._since_trim += 1
        if self._since_trim >= _TRIM_EVERY:
            self._since_trim = 0
            connection.execute("DELETE FROM events WHERE seq <= (SELECT MAX(seq) FROM events) - ?", (KEPT,))

    async def record(self, kind: str, action: str, actor: str, attributes: Mapping[str, str]) -> None:
        """Append one event in a transaction of its own, for things that change no row."""
        event = Event(
            kind=kind, action=action, actor=actor, attributes=dict(attributes), time_ns=time.time_ns()
        )
        await self._database.write(lambda connection: self.append(connection, event))

    async def follow(self, since_ns: int | None = None, until_ns: int | None = None) -> AsyncIterator[Event]:
        """Events from ``since_ns`` (default: from now on) up to ``until_ns`` (default: for ever).

        With ``until_ns`` in the past the iteration ends after the stored ones.
        """
        self.followers += 1
        try:
            async for event in self._follow(since_ns, until_ns):
                yield event
        finally:
            self.followers -= 1

    async def _follow(self, since_ns: int | None, until_ns: int | None) -> AsyncIterator[Event]:
        cursor = self._position(since_ns)
        while True:
            changed = self._changed
            rows = self._database.read(
                "SELECT seq, time_ns, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (cursor, _PAGE)
            )
            for seq, time_ns, body in rows:
                cursor = seq
                if until_ns is not None and time_ns > until_ns:
                    return
                if since_ns is None or time_ns >= since_ns:
                    yield msgspec.json.decode(body, type=Event)
            if len(rows) == _PAGE:
                continue
            if not await self._wait_changed(changed, until_ns):
                return

    def _position(self, since_ns: int | None) -> int:
        if since_ns is None:
            rows = self._database.read("SELECT COALESCE(MAX(seq), 0) FROM events")
        else:
            rows = self._database.read(
                "SELECT COALESCE(MIN(seq) - 1, (SELECT COALESCE(MAX(seq), 0) FROM events)) "
                "FROM events WHERE time_ns >= ?",
                (since_ns,),
            )
        return int(rows[0][0])

    async def _wait_changed(self, changed: asyncio.Event, until_ns: int | None) -> bool:
        """Wait for the next commit that held an event; False when ``until_ns`` passed first."""
        if until_ns is None:
            await changed.wait()
            return True
        remaining = (until_ns - time.time_ns()) / 1e9
        if remaining <= 0:
            return False
        try:
            async with asyncio.timeout(remaining):
                await changed.wait()
        except TimeoutError:
            return False
        return True

    def _committed(self) -> None:
        if self._appended:
            self._appended = False
            # Readers hold the old event: waking it and leaving a fresh one loses no wake-up.
            woken, self._changed = self._changed, asyncio.Event()
            woken.set()
