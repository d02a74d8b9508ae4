"""What is known of registries' copies: which compressed blob holds a layer, and where it lies.

A layer is kept unpacked. Its compressed form is somebody's choice and cannot be told from it, so what was
pulled or pushed is written down: a push then finds out with one question that nothing has to be sent, or
has a blob taken over from another repository of the same registry. The manifest that an image came with
is kept too: pushed again with the same blobs it keeps its digest.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from berth.base.digest import Digest
from berth.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS image_blobs (
    diff_id TEXT NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    added_at INTEGER PRIMARY KEY AUTOINCREMENT,
    UNIQUE (diff_id, repository, digest)
);
CREATE TABLE IF NOT EXISTS image_manifests (
    image_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (image_id, digest)
) WITHOUT ROWID;
"""
_FORGET = (
    "DELETE FROM image_blobs WHERE diff_id NOT IN (SELECT diff_id FROM image_layers)",
    "DELETE FROM image_manifests WHERE image_id NOT IN (SELECT id FROM image_images)",
)


class KnownBlob(NamedTuple):
    """A layer's compressed form as a registry has it."""

    diff_id: Digest
    digest: Digest
    size: int
    media_type: str


class PlacedBlob(NamedTuple):
    """A known blob and the repository (with its domain) that has it."""

    repository: str
    blob: KnownBlob


class KnownManifest(NamedTuple):
    """The manifest that an image came with."""

    image_id: Digest
    digest: Digest
    media_type: str
    data: bytes


class Knowledge:
    """Rows of the state file; all of it may be wrong by now, since registries forget, and is asked about
    before it is relied on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember(
        self, repository: str, blobs: Sequence[KnownBlob], manifest: KnownManifest | None = None
    ) -> None:
        """Write down what a pull or push has seen, and forget what belongs to nothing that is here."""

        def change(connection: sqlite3.Connection) -> None:
            for statement in _FORGET:
                connection.execute(statement)
            connection.executemany(
                "INSERT OR REPLACE INTO image_blobs (diff_id, repository, digest, size, media_type) "
                "VALUES (?, ?, ?, ?, ?)",
                [(b.diff_id, repository, b.digest, b.size, b.media_type) for b in blobs],
            )
            if manifest is not None:
                connection.execute("INSERT OR REPLACE INTO image_manifests VALUES (?, ?, ?, ?)", manifest)

        await self._database.write(change)

    def blobs(self, diff_id: Digest) -> list[PlacedBlob]:
        """Every known form of a layer, the latest first."""
        rows = self._database.read(
            "SELECT repository, diff_id, digest, size, media_type FROM image_blobs WHERE diff_id = ? "
            "ORDER BY added_at DESC",
            (diff_id,),
        )
        return [PlacedBlob(row[0], KnownBlob(*row[1:])) for row in rows]

    def manifests(self, image_id: Digest) -> list[KnownManifest]:
        """The manifests that the image came with."""
        rows = self._database.read(
            "SELECT image_id, digest, media_type, body FROM image_manifests WHERE image_id = ?", (image_id,)
        )
        return [KnownManifest(*row) for row in rows]
