"""A store of volumes that touches no disk, for tests of the engine. It passes the same contract suite."""

import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path, PurePath

from berth.base.errors import Conflict, NotFound
from berth.base.filters import Filters
from berth.base.ids import new_id
from berth.volume.names import check_volume_name
from berth.volume.options import check_driver_options
from berth.volume.record import ANONYMOUS_LABEL, DRIVER, Volume
from berth.volume.selection import select


class MemoryVolumes:
    """Implements ``berth.volume.contract.Volumes``. ``contents`` says what filled each volume, and ``sizes``
    what ``usage`` answers."""

    def __init__(self, root: Path = Path("/volumes")) -> None:
        self.root = root
        self.contents: dict[str, int | str | os.PathLike[str]] = {}
        self.sizes: dict[str, int] = {}
        self._volumes: dict[str, Volume] = {}
        self._users: dict[str, set[str]] = {}

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
        if name in self._volumes:
            return self._volumes[name]
        check_volume_name(name)
        check_driver_options(name, driver_opts or {})
        volume = Volume(
            name=name,
            options=dict(driver_opts or {}),
            labels={**(labels or {}), **({ANONYMOUS_LABEL: ""} if anonymous else {})},
            created_ns=time.time_ns(),
            owner_uid=owner_uid,
            anonymous=anonymous,
        )
        self._volumes[name] = volume
        self._users[name] = set()
        return volume

    def get(self, name: str) -> Volume:
        try:
            return self._volumes[name]
        except KeyError:
            raise NotFound(f"get {name}: no such volume") from None

    def list(self, filters: Filters | None = None, used: Collection[str] = ()) -> tuple[Volume, ...]:
        return select(self._volumes.values(), filters, used)

    def mountpoint(self, name: str) -> Path:
        self.get(name)
        return self.root / PurePath(name) / "_data"

    async def mount(self, name: str, user: str) -> Path:
        data = self.mountpoint(name)
        self._users[name].add(user)
        return data

    async def unmount(self, name: str, user: str) -> None:
        self._users.get(name, set()).discard(user)

    async def populate(self, name: str, source: int | str | os.PathLike[str]) -> bool:
        self.get(name)
        if name in self.contents:
            return False
        self.contents[name] = source
        return True

    async def usage(self, name: str) -> int:
        self.get(name)
        return self.sizes.get(name, 0)

    def orphaned(self) -> tuple[str, ...]:
        return ()  # nothing here outlives the process

    async def spare(self, name: str) -> None:
        del name

    async def remove(self, name: str, *, force: bool = False) -> None:
        if name not in self._volumes:
            if force:
                return
            raise NotFound(f"get {name}: no such volume")
        if users := self._users[name]:
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(sorted(users))}]")
        del self._volumes[name], self._users[name]
        self.contents.pop(name, None)
        self.sizes.pop(name, None)
