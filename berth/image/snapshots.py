"""Writable file systems of containers: overlay mounts over an image's layers.

On disk::

    <image root>/snapshots/<key>/upper, work     what the container wrote
    <image root>/snapshots/<key>/stubs           places for mounts that the image lacks
    <exec root>/rootfs/<key>                     where it is mounted while the container runs

A snapshot has a row that names its layers, so the layers outlive a forced removal of the image. The kernel is
asked whether something is mounted; nothing about mounts is remembered.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from berth.base.digest import Digest
from berth.base.errors import Internal, InvalidArgument
from berth.image.layers import LayerStore
from berth.image.removal import remove_tree
from berth.kernel.mount import umount_if_mounted
from berth.kernel.overlay import mount_overlay
from berth.kernel.paths import open_in_root, resolve_in_root

_STUBS = "stubs"
_OPTIONS = ("index=off", "metacopy=off", "redirect_dir=nofollow")


class Snapshots:
    """Directories and mounts; rows are the caller's."""

    def __init__(self, root: Path, mounts: Path, layers: LayerStore) -> None:
        """Until ``lay_ground`` is called, images lie on an empty directory."""
        self._root = root / "snapshots"
        self._mounts = mounts
        self._ground = root / "empty"
        self._layers = layers
        self._known: dict[str, tuple[Digest, ...]] = {}
        for directory in (self._root, self._mounts, self._ground):
            directory.mkdir(mode=0o710, parents=True, exist_ok=True)

    def lay_ground(self, directory: Path) -> None:
        """Put ``directory`` below every image from now on."""
        self._ground = directory

    def restore(self, rows: Mapping[str, tuple[Digest, ...]]) -> None:
        """Take over the rows; unmount and remove what has none. Mounts of known snapshots stay."""
        self._known = dict(rows)
        for name in os.listdir(self._mounts):
            if name not in rows:
                umount_if_mounted(self._mounts / name, detach=True)
                with contextlib.suppress(OSError):
                    (self._mounts / name).rmdir()
        for name in os.listdir(self._root):
            if name not in rows:
                remove_tree(self._root / name)

    def create(self, key: str, layers: tuple[Digest, ...], options: Mapping[str, str]) -> None:
        """Make the directories. InvalidArgument for a storage option, as overlay2 has it on ext4."""
        if options:
            name = next(iter(options))
            if name.lower() != "size":
                raise InvalidArgument(f"Unknown option {name}")
            raise InvalidArgument(
                "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"
            )
        directory = self._root / key
        directory.mkdir(mode=0o710)
        for name in ("upper", "work"):
            (directory / name).mkdir()
        (directory / "upper").chmod(0o755)
        self._known[key] = layers

    def forget(self, key: str) -> Path:
        """Unmount for good and return the directory that is to be removed."""
        self.unmount(key)
        self._known.pop(key, None)
        return self._root / key

    def keys(self) -> frozenset[str]:
        """Every snapshot that has a row."""
        return frozenset(self._known)

    def layers_of(self, key: str) -> tuple[Digest, ...]:
        """The layers below, the base first."""
        try:
            return self._known[key]
        except KeyError:
            raise Internal(f"snapshot {key} does not exist") from None

    def upper(self, key: str) -> Path:
        """Where what the container writes ends up."""
        return self._root / key / "upper"

    def rootfs(self, key: str) -> Path:
        """Where the snapshot is, or would be, mounted."""
        return self._mounts / key

    def is_mounted(self, key: str) -> bool:
        """Whether ``rootfs`` shows the snapshot now."""
        try:
            return self.rootfs(key).stat().st_dev != self._mounts.stat().st_dev
        except FileNotFoundError:
            return False

    def lowers(self, key: str) -> list[Path]:
        """The directories below the upper one, topmost first; the last one is the ground below the image."""
        stubs = self._root / key / _STUBS
        own = [stubs] if stubs.is_dir() else []
        return [*self._layers.lowers(self.layers_of(key)), *own, self._ground]

    def lay_stubs(self, key: str, places: Iterable[tuple[str, bool]]) -> None:
        """Make places for mounts that the image does not have: (path in the container, whether a directory).

        They lie below the image's layers like the ground, so that they are no part of what the container
        writes. Links of the image are followed.
        """
        missing = self._missing(key, places)
        if not missing:
            return
        self.unmount(key)
        stubs = self._root / key / _STUBS
        stubs.mkdir(mode=0o755, exist_ok=True)
        for path, is_directory in missing:
            place = stubs / path.lstrip("/")
            (place if is_directory else place.parent).mkdir(mode=0o755, parents=True, exist_ok=True)
            if not is_directory:
                place.touch(mode=0o644)

    def _missing(self, key: str, places: Iterable[tuple[str, bool]]) -> list[tuple[str, bool]]:
        root = os.open(self.mount(key), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = [(resolve_in_root(root, path), is_directory) for path, is_directory in places]
            return [(path, kind) for path, kind in found if not _exists(root, path)]
        finally:
            os.close(root)

    def mount(self, key: str) -> Path:
        """Show the snapshot at ``rootfs``; nothing happens when it is there already."""
        target = self.rootfs(key)
        if self.is_mounted(key):
            return target
        target.mkdir(mode=0o755, exist_ok=True)
        directory = self._root / key
        for name in ("upper", "work"):
            # Made by ``create``; a power cut may have come between their row and their names.
            (directory / name).mkdir(parents=True, exist_ok=True)
        xino = "on" if self._layers.needs_xino(self.layers_of(key)) else "off"
        try:
            mount_overlay(
                target,
                self.lowers(key),
                upper=directory / "upper",
                work=directory / "work",
                options=(*_OPTIONS, f"xino={xino}"),
            )
        except OSError as error:
            target.rmdir()
            raise Internal(f"cannot mount the file system of {key}: {error.strerror}") from error
        return target

    def unmount(self, key: str) -> None:
        """Stop showing the snapshot; a busy one vanishes with its last user."""
        target = self.rootfs(key)
        umount_if_mounted(target, detach=True)
        with contextlib.suppress(FileNotFoundError):
            target.rmdir()


def _exists(root: int, path: str) -> bool:
    try:
        os.close(open_in_root(root, path, os.O_PATH))
    except OSError:
        return False
    return True
