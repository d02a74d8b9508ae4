"""What the engine may expect of a store of volumes, whichever it is.

Names are checked by ``create`` only; every other method answers NotFound ("get NAME: no such volume") for
a name that does not exist. ``user`` is whatever stands for one use of a volume, a container's id.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from berth.base.filters import Filters
from berth.volume.record import Volume

LIST_FILTERS = frozenset(("dangling", "driver", "label", "name"))


class Volumes(Protocol):
    """Volumes by name."""

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
        """Make a volume, or return the one that has the name already, unchanged.

        Without a name it gets 64 hex digits and is anonymous. When this returns the volume survives a
        crash. InvalidArgument for a bad name or option, NotFound for a driver other than ``local``.
        """
        ...

    def get(self, name: str) -> Volume:
        """The volume."""
        ...

    def list(self, filters: Filters | None = None, used: Collection[str] = ()) -> tuple[Volume, ...]:
        """Volumes that pass ``filters`` (``LIST_FILTERS``), by name. ``used`` holds the names that some
        container refers to: the others are dangling."""
        ...

    def mountpoint(self, name: str) -> Path:
        """Where the volume's content is, mounted or not."""
        ...

    async def mount(self, name: str, user: str) -> Path:
        """Make the content available for ``user`` and return where it is. Repeating it changes nothing.

        Internal with Docker's text when the driver's options cannot be mounted.
        """
        ...

    async def unmount(self, name: str, user: str) -> None:
        """``user`` needs it no longer; the last one lets the driver's mount go. Never fails for being late:
        unknown names and users are ignored."""
        ...

    async def populate(self, name: str, source: int | str | os.PathLike[str]) -> bool:
        """Fill an empty volume from a directory, given as path or descriptor; True when it was empty.

        Afterwards it has the directory's content, owner, mode, times and extended attributes. Links are
        copied as links. A volume with content is left alone. A plain volume that only one user has is
        filled whole or not at all. Internal when ``source`` is no directory or the copy fails.
        """
        ...

    async def usage(self, name: str) -> int:
        """Bytes of the files in it, hard links counted once."""
        ...

    def orphaned(self) -> tuple[str, ...]:
        """Volumes that were to go with their container (``record.orphan``) and have not gone yet."""

    async def spare(self, name: str) -> None:
        """An orphaned volume is not to go after all."""

    async def remove(self, name: str, *, force: bool = False) -> None:
        """Forget the volume and its content. Conflict while a user has it mounted; ``force`` only makes a
        missing one no error. When this returns the name is free."""
        ...
