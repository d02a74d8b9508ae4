"""``cp``: files out of a container and into it, running or not, with its volumes and binds in their places.

The container's processes may swap links meanwhile: paths are resolved by the kernel inside the container's
root, and only descriptors are used.
"""

import asyncio
import contextlib
import os
import posixpath
import secrets
import stat
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import NamedTuple

from berth.base.errors import BerthError, Forbidden, InvalidArgument, NotFound
from berth.engine.container.cell import Cell
from berth.engine.container.change import announce
from berth.engine.container.record import ContainerRecord
from berth.engine.container.specify import mount_spec
from berth.engine.engine import Engine
from berth.image.feed import run_fed
from berth.image.outflow import stream
from berth.image.pack import pack_path
from berth.image.unpack import UnpackOptions, unpack
from berth.kernel.paths import open_in_root, resolve_in_root
from berth.kernel.view import Overlaid, view
from berth.runtime.users import lookup_user

_PATH = os.O_PATH | os.O_NOFOLLOW


class PathStat(NamedTuple):
    """What lies at a path. ``link_target`` is where a link leads in the end, as the container names it."""

    name: str
    status: os.stat_result
    link_target: str


class PutOptions(NamedTuple):
    """``keep_kinds``: no directory is replaced by something else, nor the other way round. ``as_user``: what
    is copied belongs to the user that the container runs as."""

    keep_kinds: bool
    as_user: bool


async def stat_path(engine: Engine, ref: str, path: str) -> PathStat:
    """Look at one path; its last component is not followed unless a slash or ``/.`` stands behind it."""
    cell = engine.containers.resolve(ref)
    async with _seen(engine, cell) as root:
        return await asyncio.to_thread(_stat, root, path, ref)


async def get_archive(engine: Engine, ref: str, path: str) -> AsyncIterator[bytes]:
    """A file, or a directory with everything in it, as a tar; its names begin with the path's last part."""
    cell = engine.containers.resolve(ref)
    async with _seen(engine, cell) as root:
        fd = await asyncio.to_thread(_open, root, path, ref)
        try:
            announce(engine, cell, "archive-path")
            async for chunk in stream(pack_path(fd, _shown(path))):
                yield chunk
        finally:
            os.close(fd)


async def put_archive(
    engine: Engine, ref: str, path: str, body: AsyncIterable[bytes], options: PutOptions
) -> None:
    """Unpack a tar, compressed or not, into an existing directory. Forbidden where nothing may be written."""
    cell = engine.containers.resolve(ref)
    async with _seen(engine, cell) as root:
        target = await asyncio.to_thread(_target, root, path, cell.record, ref)
        owner = _owner(engine, cell.record) if options.as_user else None
        wanted = UnpackOptions(owner=owner, keep_kinds=options.keep_kinds)
        await run_fed(body, lambda next_chunk: unpack(root, target, next_chunk, wanted))
        announce(engine, cell, "extract-to-dir")


@contextlib.asynccontextmanager
async def _seen(engine: Engine, cell: Cell) -> AsyncIterator[int]:
    """A descriptor of the container's root with its volumes and binds in it."""
    record = cell.record
    visitor = f"{record.id} {secrets.token_hex(4)}"
    async with contextlib.AsyncExitStack() as stack:
        rootfs = await stack.enter_async_context(engine.images.mounted(record.id))
        for point in record.mounts:
            if point.kind == "volume":
                await engine.volumes.mount(point.name, visitor)
                stack.push_async_callback(engine.volumes.unmount, point.name, visitor)
        seen = view(rootfs, _mounts(record))
        root = await asyncio.to_thread(seen.__enter__)
        stack.push_async_callback(asyncio.to_thread, seen.__exit__, None, None, None)
        yield root


def _mounts(record: ContainerRecord) -> list[Overlaid]:
    specs = [mount_spec(point) for point in record.mounts if point.kind != "tmpfs"]
    found = [Overlaid(spec.source, spec.destination, not spec.writable, spec.recursive) for spec in specs]
    taken = {mount.destination for mount in found}
    for destination, source in (
        ("/etc/resolv.conf", record.resolv_conf_path),
        ("/etc/hostname", record.hostname_path),
        ("/etc/hosts", record.hosts_path),
    ):
        if source and destination not in taken and Path(source).exists():
            found.append(Overlaid(source, destination))
    return found


def _split(path: str) -> tuple[str, str]:
    """(directory, name) of the last component; no name when the path is to be followed to its end."""
    if not path:
        raise InvalidArgument("bad parameter: path cannot be empty")
    absolute = posixpath.normpath("/" + path).lstrip("/")
    if path.endswith("/") or path.rpartition("/")[2] in (".", ".."):
        return absolute, ""
    folder, _, name = absolute.rpartition("/")
    return folder, name


def _shown(path: str) -> str:
    """How the path's last component is called in an archive and in its description."""
    if path.rpartition("/")[2] == ".":
        return "."
    return posixpath.basename(posixpath.normpath("/" + path)) or "/"


def _open(root: int, path: str, ref: str) -> int:
    folder, name = _split(path)
    try:
        if not name:
            return open_in_root(root, folder, os.O_PATH | os.O_DIRECTORY)
        parent = open_in_root(root, folder, os.O_PATH | os.O_DIRECTORY)
        try:
            return os.open(name, _PATH | os.O_CLOEXEC, dir_fd=parent)
        finally:
            os.close(parent)
    except OSError as error:
        raise _failure(error, path, ref) from None


def _failure(error: OSError, path: str, ref: str) -> BerthError:
    if isinstance(error, FileNotFoundError):
        return NotFound(f"Could not find the file {path} in container {ref}")
    return InvalidArgument(f"{path}: {(error.strerror or '').lower()}")


def _stat(root: int, path: str, ref: str) -> PathStat:
    fd = _open(root, path, ref)
    try:
        status = os.fstat(fd)
    finally:
        os.close(fd)
    target = resolve_in_root(root, path) if stat.S_ISLNK(status.st_mode) else ""
    return PathStat(_shown(path), status, target)


def _target(root: int, path: str, record: ContainerRecord, ref: str) -> str:
    """Where the directory ``path`` lies, without links; checked for being one that may be written to."""
    _split(path)
    try:
        resolved = resolve_in_root(root, path)
        fd = open_in_root(root, resolved, os.O_PATH)
    except OSError as error:
        raise _failure(error, path, ref) from None
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise InvalidArgument("extraction point is not a directory")
        if os.statvfs(fd).f_flag & os.ST_RDONLY:
            raise Forbidden("mounted volume is marked read-only")
        if record.host.readonly_rootfs and os.fstat(fd).st_dev == os.fstat(root).st_dev:
            raise Forbidden("container rootfs is marked read-only")
    finally:
        os.close(fd)
    return resolved


def _owner(engine: Engine, record: ContainerRecord) -> tuple[int, int] | None:
    if not record.config.user:
        return None
    user = lookup_user(engine.images.rootfs(record.id), record.config.user)
    return user.uid, user.gid
