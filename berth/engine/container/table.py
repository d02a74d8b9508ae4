"""Container records in the state file: identity and specification in one column, state in another."""

import sqlite3

import msgspec

from berth.engine.container.record import ContainerRecord, ContainerState
from berth.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    state BLOB NOT NULL
);
"""

_EMPTY_STATE = ContainerState()


def load_all(database: Database) -> list[ContainerRecord]:
    """Every container, oldest first."""
    rows = database.read("SELECT body, state FROM containers ORDER BY created_at, id")
    record = msgspec.json.Decoder(ContainerRecord)
    state = msgspec.json.Decoder(ContainerState)
    return [
        msgspec.structs.replace(record.decode(body), state=state.decode(changing)) for body, changing in rows
    ]


def insert(connection: sqlite3.Connection, record: ContainerRecord) -> None:
    """Add a container; sqlite3.IntegrityError when its id or name is taken."""
    connection.execute(
        "INSERT INTO containers (id, name, created_at, body, state) VALUES (?, ?, ?, ?, ?)",
        (record.id, record.name, record.created_at, _body(record), msgspec.json.encode(record.state)),
    )


def save_state(connection: sqlite3.Connection, record: ContainerRecord) -> None:
    """Store the changing part only."""
    connection.execute(
        "UPDATE containers SET state = ? WHERE id = ?", (msgspec.json.encode(record.state), record.id)
    )


def save(connection: sqlite3.Connection, record: ContainerRecord) -> None:
    """Store everything: after rename and update. IntegrityError when the new name is taken."""
    connection.execute(
        "UPDATE containers SET name = ?, body = ?, state = ? WHERE id = ?",
        (record.name, _body(record), msgspec.json.encode(record.state), record.id),
    )


def delete(connection: sqlite3.Connection, container_id: str) -> None:
    """Forget a container."""
    connection.execute("DELETE FROM containers WHERE id = ?", (container_id,))


def _body(record: ContainerRecord) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(record, state=_EMPTY_STATE))
