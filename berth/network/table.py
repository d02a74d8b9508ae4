"""Networks and endpoints in the state file."""

import sqlite3
from collections.abc import Sequence

import msgspec

from berth.network.records import Endpoint, Network
from berth.state.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS network (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    document BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS endpoint (
    id TEXT PRIMARY KEY,
    container_id TEXT NOT NULL,
    network_id TEXT NOT NULL,
    document BLOB NOT NULL
) WITHOUT ROWID;
"""

_encoder = msgspec.json.Encoder()
_networks = msgspec.json.Decoder(Network)
_endpoints = msgspec.json.Decoder(Endpoint)


def load_networks(db: Database) -> list[Network]:
    """All networks, oldest first."""
    found = [_networks.decode(row[0]) for row in db.read("SELECT document FROM network")]
    return sorted(found, key=lambda network: network.created_at)


def load_endpoints(db: Database) -> list[Endpoint]:
    """All endpoints."""
    return [_endpoints.decode(row[0]) for row in db.read("SELECT document FROM endpoint")]


def endpoint_ids(db: Database) -> list[str]:
    """The ids of all endpoints."""
    return [row[0] for row in db.read("SELECT id FROM endpoint")]


def save_networks(conn: sqlite3.Connection, networks: Sequence[Network]) -> None:
    """Insert or replace; sqlite3.IntegrityError when another network has the name."""
    conn.executemany(
        "INSERT INTO network (id, name, document) VALUES (?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document",
        [(network.id, network.name, _encoder.encode(network)) for network in networks],
    )


def delete_network(conn: sqlite3.Connection, network_id: str) -> None:
    """Forget a network."""
    conn.execute("DELETE FROM network WHERE id = ?", (network_id,))


def save_endpoint(conn: sqlite3.Connection, endpoint: Endpoint) -> None:
    """Insert or replace."""
    conn.execute(
        "INSERT INTO endpoint (id, container_id, network_id, document) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
        (endpoint.endpoint_id, endpoint.container_id, endpoint.network_id, _encoder.encode(endpoint)),
    )


def save_endpoints(conn: sqlite3.Connection, endpoints: Sequence[Endpoint]) -> None:
    """Insert or replace several."""
    for endpoint in endpoints:
        save_endpoint(conn, endpoint)


def delete_endpoints(conn: sqlite3.Connection, ids: list[str]) -> None:
    """Forget endpoints."""
    conn.executemany("DELETE FROM endpoint WHERE id = ?", [(i,) for i in ids])
