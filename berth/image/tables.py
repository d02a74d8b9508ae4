"""The image room's rows: what exists, what it is called, and which layers it needs."""

import sqlite3
from collections.abc import Iterable

from berth.base.caller import Caller
from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.image.model import LayerInfo

SCHEMA = """
CREATE TABLE IF NOT EXISTS image_layers (
    diff_id TEXT PRIMARY KEY,
    form TEXT NOT NULL,
    size INTEGER NOT NULL,
    tar_size INTEGER NOT NULL,
    opaque_root INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_images (
    id TEXT PRIMARY KEY,
    parent TEXT,
    size INTEGER NOT NULL,
    added_ns INTEGER NOT NULL,
    tagged_ns INTEGER NOT NULL,
    owner_uid INTEGER NOT NULL,
    owner_gid INTEGER NOT NULL,
    owner_subject TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_names (
    repository TEXT NOT NULL,
    suffix TEXT NOT NULL,
    image_id TEXT NOT NULL,
    PRIMARY KEY (repository, suffix)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_snapshots (
    key TEXT PRIMARY KEY,
    layers TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_layer_uses (
    user TEXT NOT NULL,
    diff_id TEXT NOT NULL,
    PRIMARY KEY (user, diff_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_layer_uses_by_layer ON image_layer_uses (diff_id);
CREATE TABLE IF NOT EXISTS image_hidden (
    image_id TEXT PRIMARY KEY,
    shown INTEGER NOT NULL
) WITHOUT ROWID;
"""
# image_names.suffix is ":tag" or "@sha256:...", so that one unique key serves both kinds of name.
# image_layer_uses.user is "image <id>" or "snapshot <key>"; a layer that no user has is garbage.
# image_hidden has the images that a build made on its way; ``shown`` since one was given a name.


def insert_layers(connection: sqlite3.Connection, layers: Iterable[LayerInfo]) -> None:
    """Record layers; one that is there already stays."""
    connection.executemany(
        "INSERT OR IGNORE INTO image_layers VALUES (?, ?, ?, ?, ?)",
        [(i.diff_id, i.form, i.size, i.tar_size, int(i.opaque_root)) for i in layers],
    )


def use_layers(connection: sqlite3.Connection, user: str, diff_ids: Iterable[Digest]) -> None:
    """Say that ``user`` needs the layers."""
    connection.executemany(
        "INSERT OR IGNORE INTO image_layer_uses VALUES (?, ?)", [(user, diff_id) for diff_id in diff_ids]
    )


def drop_uses(connection: sqlite3.Connection, user: str) -> None:
    """``user`` needs nothing any more."""
    connection.execute("DELETE FROM image_layer_uses WHERE user = ?", (user,))


def collect_layers(connection: sqlite3.Connection, pinned: Iterable[Digest]) -> list[Digest]:
    """Delete the rows of layers that nobody needs or pins, and return them."""
    rows = connection.execute(
        "SELECT diff_id FROM image_layers WHERE diff_id NOT IN (SELECT diff_id FROM image_layer_uses)"
    )
    keep = set(pinned)
    garbage = [Digest(row[0]) for row in rows if row[0] not in keep]
    connection.executemany("DELETE FROM image_layers WHERE diff_id = ?", [(d,) for d in garbage])
    return garbage


def insert_image(
    connection: sqlite3.Connection,
    image_id: Digest,
    parent: Digest | None,
    size: int,
    now: int,
    owner: Caller,
) -> None:
    """Record an image; one that is there already stays as it is."""
    connection.execute(
        "INSERT OR IGNORE INTO image_images VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
        (image_id, parent, size, now, owner.uid, owner.gid, owner.subject),
    )


def set_name(connection: sqlite3.Connection, ref: ImageRef, image_id: Digest, now: int) -> None:
    """Let ``ref`` name the image, whatever it named before. A hidden image comes to light by it."""
    connection.execute(
        "INSERT OR REPLACE INTO image_names VALUES (?, ?, ?)", (ref.repository, ref.suffix, image_id)
    )
    connection.execute("UPDATE image_images SET tagged_ns = ? WHERE id = ?", (now, image_id))
    show(connection, image_id)


def hide_new(connection: sqlite3.Connection, image_id: Digest) -> None:
    """The image is only a step of a build, unless it is there already for another reason."""
    connection.execute(
        "INSERT OR IGNORE INTO image_hidden SELECT ?, 0 WHERE NOT EXISTS "
        "(SELECT 1 FROM image_images WHERE id = ?)",
        (image_id, image_id),
    )


def show(connection: sqlite3.Connection, image_id: Digest) -> None:
    """Somebody has asked for the image itself."""
    connection.execute("UPDATE image_hidden SET shown = 1 WHERE image_id = ?", (image_id,))


def hide_again(connection: sqlite3.Connection, image_id: Digest) -> None:
    """The image loses its names and is only a step of a build once more."""
    connection.execute("DELETE FROM image_names WHERE image_id = ?", (image_id,))
    connection.execute("UPDATE image_hidden SET shown = 0 WHERE image_id = ?", (image_id,))


def drop_name(connection: sqlite3.Connection, ref: ImageRef) -> None:
    """Forget one name."""
    connection.execute(
        "DELETE FROM image_names WHERE repository = ? AND suffix = ?", (ref.repository, ref.suffix)
    )


def delete_image(connection: sqlite3.Connection, image_id: Digest) -> None:
    """Forget an image, its names, and its need of layers."""
    connection.execute("DELETE FROM image_images WHERE id = ?", (image_id,))
    connection.execute("DELETE FROM image_names WHERE image_id = ?", (image_id,))
    connection.execute("DELETE FROM image_hidden WHERE image_id = ?", (image_id,))
    drop_uses(connection, f"image {image_id}")
