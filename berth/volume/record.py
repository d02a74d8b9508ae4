"""What is known about a volume besides its content, and the table that keeps it."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

DRIVER = "local"
SCOPE = "local"

ANONYMOUS_LABEL = "com.docker.volume.anonymous"
"""Docker's mark on volumes that nobody named; prune looks at it."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS volumes (
    name TEXT PRIMARY KEY,
    document BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS volumes_orphaned (
    name TEXT PRIMARY KEY
) WITHOUT ROWID;
"""


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """One volume. ``options`` are those of the local driver as given; ``owner_uid`` is who asked for it."""

    name: str
    driver: str = DRIVER
    options: dict[str, str] = {}
    labels: dict[str, str] = {}
    created_ns: int = 0
    owner_uid: int = 0
    anonymous: bool = False


def insert(connection: sqlite3.Connection, volume: Volume) -> None:
    """Add a volume that has no row yet."""
    connection.execute(
        "INSERT INTO volumes (name, document) VALUES (?, ?)", (volume.name, msgspec.json.encode(volume))
    )


def delete(connection: sqlite3.Connection, name: str) -> None:
    """Forget a volume; none with this name is no error."""
    connection.execute("DELETE FROM volumes WHERE name = ?", (name,))
    spare(connection, name)


def orphan(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Note that these volumes go with their container: for the transaction that deletes its row.

    Their files go later. After a crash in between the note is all that tells them from volumes to be kept.
    """
    connection.executemany("INSERT OR IGNORE INTO volumes_orphaned (name) VALUES (?)", [(n,) for n in names])


def spare(connection: sqlite3.Connection, name: str) -> None:
    """Take the note back: the volume is gone, or somebody else uses it."""
    connection.execute("DELETE FROM volumes_orphaned WHERE name = ?", (name,))


def from_row(row: tuple[Any, ...]) -> Volume:
    """The volume of one ``SELECT document``."""
    return msgspec.json.decode(row[0], type=Volume)
