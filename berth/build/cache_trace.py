"""The traces of the latest builds, one for each identity, for ``reasons`` to compare with."""

import sqlite3
import time
import zlib

import msgspec

from berth.build.reasons import BuildTrace
from berth.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS build_traces (
    identity TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    built_ns INTEGER NOT NULL
) WITHOUT ROWID;
"""
KEPT = 500
"""As many identities are remembered, the latest ones."""


class TraceStore:
    """Rows of the state file. A trace that cannot be read is as good as none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_build(self, identity: str) -> BuildTrace | None:
        """The trace of the last build with this identity."""
        for (body,) in self._database.read("SELECT body FROM build_traces WHERE identity = ?", (identity,)):
            try:
                return msgspec.json.decode(zlib.decompress(body), type=BuildTrace)
            except (zlib.error, msgspec.MsgspecError):
                return None
        return None

    async def remember(self, identity: str, trace: BuildTrace) -> None:
        """Keep the trace instead of the one before."""
        body = zlib.compress(msgspec.json.encode(trace, order="deterministic"), 1)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO build_traces VALUES (?, ?, ?)", (identity, body, time.time_ns())
            )
            connection.execute(
                "DELETE FROM build_traces WHERE identity NOT IN "
                "(SELECT identity FROM build_traces ORDER BY built_ns DESC LIMIT ?)",
                (KEPT,),
            )

        await self._database.write(change)
