"""Volumes on the local disk, Docker's ``local`` driver.

Layout, below the data root::

    volumes/<name>/_data      the content; also where the driver's options are mounted while somebody uses it
    volumes/<name>/_filling   content on its way from an image; becomes _data by one rename
    volumes/.trash/<hex>/     removed volumes whose files are still being deleted

A row exists before ``create`` answers and is gone before ``remove`` does. After a crash ``open`` brings both
sides together without ever deleting content that nobody asked to delete: a directory without a row that holds
something becomes a volume again, an empty one goes, and what reached the trash is removed to the end.
"""

import asyncio
import logging
import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

from berth.base.errors import Conflict, Internal, NotFound
from berth.base.filters import Filters
from berth.base.ids import new_id
from berth.kernel.mount import is_mount_point, mount, set_propagation, umount_if_mounted
from berth.kernel.removal import remove_tree
from berth.state.database import Database
from berth.volume.copying import copy_metadata, copy_tree, tree_size
from berth.volume.names import check_volume_name, looks_anonymous
from berth.volume.options import MountPlan, check_driver_options, describe_mount, plan_mount, resolve_address
from berth.volume.record import ANONYMOUS_LABEL, DRIVER, Volume, delete, from_row, insert, spare
from berth.volume.selection import select

_log = logging.getLogger(__name__)

_DATA, _FILLING, _TRASH = "_data", "_filling", ".trash"


class _Entry:
    """A volume as the running engine sees it: record, users, and the lock for changes to its files."""

    __slots__ = ("lock", "users", "volume")

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.users: set[str] = set()
        self.lock = asyncio.Lock()


class VolumeStore:
    """Implements ``berth.volume.contract.Volumes``; see there for what each method promises."""

    def __init__(self, root: Path, database: Database) -> None:
        self.root = root
        self._database = database
        self._entries: dict[str, _Entry] = {}
        self._naming = asyncio.Lock()

    @classmethod
    async def open(cls, data_root: Path, database: Database) -> Self:
        """Read what is known and finish what a crash interrupted. ``database`` has this room's ``SCHEMA``."""
        root = data_root / "volumes"
        root.mkdir(mode=0o701, parents=True, exist_ok=True)
        store = cls(root, database)
        for row in database.read("SELECT document FROM volumes"):
            volume = from_row(row)
            store._entries[volume.name] = _Entry(volume)
        await store._finish_removals()
        await store._adopt_directories()
        return store

    async def create(
        self,
        name: str = "",
        *,
        driver: str = "",
        driver_opts: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        anonymous: bool = False,
        owner_uid: int = 0,
    ) -> Volume:
        if not name:
            name, anonymous = new_id(), True
        if driver not in ("", DRIVER, "default"):
            raise NotFound(
                f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found'
            )
        options = dict(driver_opts or {})
        async with self._naming:
            if name in self._entries:
                return self._entries[name].volume
            check_volume_name(name)
            check_driver_options(name, options)
            marks = {ANONYMOUS_LABEL: ""} if anonymous else {}
            volume = Volume(
                name=name,
                options=options,
                labels={**(labels or {}), **marks},
                created_ns=time.time_ns(),
                owner_uid=owner_uid,
                anonymous=anonymous,
            )
            self._make_directory(name)
            await self._database.write(partial(insert, volume=volume))
            self._entries[name] = _Entry(volume)
        return volume

    def _make_directory(self, name: str) -> None:
        """Docker's modes: only root looks into the volume's directory, everybody into its content."""
        place = self.root / name
        try:
            place.mkdir(mode=0o701, exist_ok=True)
            (place / _DATA).mkdir(exist_ok=True)
            (place / _DATA).chmod(0o755)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Internal(
                f"create {name}: error while creating volume root path '{place / _DATA}': "
                f"mkdir {place}: {reason}"
            ) from error

    def get(self, name: str) -> Volume:
        return self._entry(name).volume

    def _entry(self, name: str) -> _Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise NotFound(f"get {name}: no such volume") from None

    def list(self, filters: Filters | None = None, used: Collection[str] = ()) -> tuple[Volume, ...]:
        return select((entry.volume for entry in self._entries.values()), filters, used)

    def mountpoint(self, name: str) -> Path:
        self._entry(name)
        return self._data(name)

    def _data(self, name: str) -> Path:
        return self.root / name / _DATA

    async def mount(self, name: str, user: str) -> Path:
        entry = self._entry(name)
        data = self._data(name)
        plan = plan_mount(entry.volume.options)
        async with entry.lock:
            if plan is not None and not is_mount_point(data):
                await asyncio.to_thread(_mount, plan, data)
            entry.users.add(user)
        return data

    async def unmount(self, name: str, user: str) -> None:
        entry = self._entries.get(name)
        if entry is None:
            return
        async with entry.lock:
            entry.users.discard(user)
            if not entry.users:
                self._let_go(entry.volume)

    def _let_go(self, volume: Volume) -> None:
        if plan_mount(volume.options) is not None:
            umount_if_mounted(self._data(volume.name), detach=True)

    async def unmount_unused(self) -> None:
        """After a restart, when every live container has mounted its volumes again: let go of the others."""
        for entry in list(self._entries.values()):
            async with entry.lock:
                if not entry.users:
                    self._let_go(entry.volume)

    async def populate(self, name: str, source: int | str | os.PathLike[str]) -> bool:
        entry = self._entry(name)
        data = self._data(name)
        async with entry.lock:
            if os.listdir(data):
                return False
            alone = len(entry.users) <= 1 and not is_mount_point(data)
            try:
                await asyncio.to_thread(_fill, source, data, data.with_name(_FILLING) if alone else None)
            except NotADirectoryError as error:
                raise Internal(f"source {error.filename} is not directory") from error
            except OSError as error:
                raise Internal(f"cannot fill volume {name} from the image: {error}") from error
        return True

    async def usage(self, name: str) -> int:
        data = self.mountpoint(name)
        try:
            return await asyncio.to_thread(_size, data)
        except FileNotFoundError:  # it is being removed at this moment
            raise NotFound(f"get {name}: no such volume") from None

    def orphaned(self) -> tuple[str, ...]:
        return tuple(row[0] for row in self._database.read("SELECT name FROM volumes_orphaned"))

    async def spare(self, name: str) -> None:
        await self._database.write(partial(spare, name=name))

    async def remove(self, name: str, *, force: bool = False) -> None:
        async with self._naming:
            entry = self._entries.get(name)
            if entry is None:
                if force:
                    await self.spare(name)
                    return
                raise NotFound(f"get {name}: no such volume")
            if entry.users:
                raise Conflict(f"remove {name}: volume is in use - [{', '.join(sorted(entry.users))}]")
            async with entry.lock:
                self._let_go(entry.volume)
                trash = self._discard(name)
                await self._database.write(partial(delete, name=name))
                del self._entries[name]
        if trash is not None:
            await asyncio.to_thread(_delete_tree, trash)

    def _discard(self, name: str) -> Path | None:
        """Move a volume's directory out of the way in one step; None when it has none."""
        trash = self.root / _TRASH / new_id()
        trash.mkdir(parents=True)
        try:
            (self.root / name).rename(trash / name)
        except FileNotFoundError:
            trash.rmdir()
            return None
        return trash

    async def _finish_removals(self) -> None:
        with suppress(FileNotFoundError):
            for trash in (self.root / _TRASH).iterdir():
                for removed in trash.iterdir():
                    await self._forget(removed.name)
                await asyncio.to_thread(_delete_tree, trash)

    async def _forget(self, name: str) -> None:
        if name in self._entries and not (self.root / name).exists():
            await self._database.write(partial(delete, name=name))
            del self._entries[name]

    async def _adopt_directories(self) -> None:
        for place in self.root.iterdir():
            name = place.name
            if name in self._entries or name == _TRASH or not (place / _DATA).is_dir():
                continue
            if not any((place / _DATA).iterdir()):
                # Left by a create that was never answered.
                await asyncio.to_thread(_delete_tree, place)
                continue
            _log.warning("volume %s has content and no record: adopted", name)
            volume = Volume(
                name=name,
                created_ns=place.stat().st_ctime_ns,
                anonymous=looks_anonymous(name),
                labels={ANONYMOUS_LABEL: ""} if looks_anonymous(name) else {},
            )
            await self._database.write(partial(insert, volume=volume))
            self._entries[name] = _Entry(volume)


def _mount(plan: MountPlan, target: Path) -> None:
    """Mount the driver's options; Internal with Docker's text when the kernel refuses."""
    try:
        plan = resolve_address(plan)
        mount(plan.source, target, plan.fstype or None, plan.flags, plan.data or None)
        if plan.propagation:
            set_propagation(target, plan.propagation, recursive=False)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise Internal(
            f"error while mounting volume '{target}': failed to mount local volume: "
            f"{describe_mount(plan, str(target))}: {reason}"
        ) from error


def _fill(source: int | str | os.PathLike[str], data: Path, filling: Path | None) -> None:
    """Copy ``source`` into the empty ``data``: by way of ``filling``, or in place when that is None."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = [] if isinstance(source, int) else [os.open(source, flags)]
    try:
        from_fd = source if isinstance(source, int) else opened[0]
        # A path-only descriptor cannot be read from: open what it names anew.
        opened.append(os.open(".", flags, dir_fd=from_fd))
        from_fd = opened[-1]
        empty = not os.listdir(from_fd)
        place = data if filling is None or empty else filling
        if place == filling:
            remove_tree(filling)
            filling.mkdir(mode=0o700)
        opened.append(os.open(place, flags))
        if empty:
            copy_metadata(from_fd, opened[-1])
        else:
            copy_tree(from_fd, opened[-1])
        if place == filling:
            filling.rename(data)
    finally:
        for fd in opened:
            os.close(fd)


def _size(data: Path) -> int:
    fd = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return tree_size(fd)
    finally:
        os.close(fd)


def _delete_tree(place: Path) -> None:
    """Delete a directory for good. What cannot go now (an immutable file) waits for the next start."""
    try:
        remove_tree(place)
    except OSError as error:
        _log.warning("cannot delete %s: %s", place, error)
