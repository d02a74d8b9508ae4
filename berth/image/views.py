"""Read-only looks at the files of images, for what copies from them.

On disk::

    <exec root>/views/<random>     an overlay of the image's layers, mounted while somebody looks

Nothing is remembered: what is mounted there when the store opens was left by a crash and goes.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from berth.base.digest import Digest
from berth.base.errors import Internal
from berth.image.layers import LayerStore
from berth.kernel.mount import MS_NODEV, MS_NOSUID, umount_if_mounted
from berth.kernel.overlay import mount_overlay

_OPTIONS = ("redirect_dir=nofollow", "metacopy=off")


class Views:
    """Mounts and their directories."""

    def __init__(self, mounts: Path, layers: LayerStore) -> None:
        self._mounts = mounts
        self._layers = layers
        self._nothing = mounts / "empty"

    def restore(self) -> None:
        """Take away what a crash left."""
        self.close()
        self._nothing.mkdir(mode=0o755, parents=True, exist_ok=True)

    def close(self) -> None:
        """End every look."""
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._mounts):
                umount_if_mounted(self._mounts / name, detach=True)
                with contextlib.suppress(OSError):
                    (self._mounts / name).rmdir()

    @contextlib.contextmanager
    def open(self, diff_ids: tuple[Digest, ...]) -> Iterator[Path]:
        """The merged layers at a directory of their own, until the end of the block. The layers must stay."""
        target = self._mounts / secrets.token_hex(8)
        target.mkdir(mode=0o755)
        try:
            if diff_ids:
                self._mount(target, diff_ids)
            yield target
        finally:
            umount_if_mounted(target, detach=True)
            with contextlib.suppress(OSError):
                target.rmdir()

    def _mount(self, target: Path, diff_ids: tuple[Digest, ...]) -> None:
        # overlayfs wants two directories at least; the lowest one has nothing in it.
        lowers = [*self._layers.lowers(diff_ids), self._nothing]
        xino = "on" if self._layers.needs_xino(diff_ids) else "off"
        try:
            mount_overlay(target, lowers, options=(*_OPTIONS, f"xino={xino}"), flags=MS_NOSUID | MS_NODEV)
        except OSError as error:
            raise Internal(f"cannot mount the files of an image: {error.strerror}") from error
