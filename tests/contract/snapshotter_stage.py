"""What the snapshotter's contract suite stands on: archives made by the standard library, trees looked at
through the kernel, and a store of layers of one form without a database."""

import contextlib
import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from berth.image.layer.directory import DirectoryForm
from berth.image.layer.erofs_form import ErofsForm, kernel_can_mount
from berth.image.layers import LayerStore, StagedLayer
from berth.image.snapshots import Snapshots
from berth.kernel.mount import mounts_below, umount_if_mounted

FORMS = {"directory": DirectoryForm, "erofs": ErofsForm}


class Item(NamedTuple):
    """One member of an archive to build."""

    name: str
    content: bytes | None = None
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    mtime: float = 1_600_000_000
    device: tuple[int, int] = (0, 0)
    xattrs: dict[str, bytes] | None = None


def directory(name: str, mode: int = 0o755, **more) -> Item:
    return Item(name, kind=tarfile.DIRTYPE, mode=mode, **more)


def symlink(name: str, target: str, **more) -> Item:
    return Item(name, kind=tarfile.SYMTYPE, link=target, mode=0o777, **more)


def hard_link(name: str, target: str, **more) -> Item:
    return Item(name, kind=tarfile.LNKTYPE, link=target, **more)


def archive(items: Iterable[Item], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    """The items as a tar, written by the standard library."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
        for item in items:
            info = tarfile.TarInfo(item.name)
            info.type, info.linkname, info.mode = item.kind, item.link, item.mode
            (info.uid, info.gid), info.mtime = item.owner, item.mtime
            info.devmajor, info.devminor = item.device
            info.size = len(item.content or b"")
            for key, value in (item.xattrs or {}).items():
                info.pax_headers[f"SCHILY.xattr.{key}"] = value.decode("utf-8", "surrogateescape")
            tar.addfile(info, io.BytesIO(item.content or b""))
    return buffer.getvalue()


class Seen(NamedTuple):
    """One path as a process sees it. ``first`` is the first path of the same inode."""

    mode: str
    uid: int
    gid: int
    mtime_ns: int
    device: int
    content: bytes | str | None
    xattrs: tuple[tuple[str, bytes], ...]
    first: str


def look(root: Path) -> dict[str, Seen]:
    """Everything below ``root``, the root itself left out, times of directories that nobody stated too."""
    found: dict[str, Seen] = {}
    inodes: dict[tuple[int, int], str] = {}
    for path in sorted(_walk(os.fspath(root))):
        status = os.lstat(path)
        name = os.path.relpath(path, root)
        content: bytes | str | None = None
        if stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
        found[name] = Seen(
            oct(status.st_mode),
            status.st_uid,
            status.st_gid,
            status.st_mtime_ns,
            status.st_rdev,
            content,
            _xattrs(path),
            inodes.setdefault((status.st_dev, status.st_ino), name),
        )
    return found


def _walk(root: str) -> Iterator[str]:
    for directory_name, directories, files in os.walk(root):
        for name in directories + files:
            yield os.path.join(directory_name, name)


def _xattrs(path: str) -> tuple[tuple[str, bytes], ...]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return ()
    return tuple(sorted((n, os.getxattr(path, n, follow_symlinks=False)) for n in names))


class Stage:
    """A store of layers of one form, and snapshots over them."""

    def __init__(self, directory: Path, form: str) -> None:
        forms = {name: make() for name, make in FORMS.items()}
        self.root = directory / "root"
        self.run = directory / "run"
        self.root.mkdir(parents=True)
        self.layers = LayerStore(self.root, self.run / "layers", forms, form)
        self.snapshots = Snapshots(self.root, self.run / "rootfs", self.layers)
        self._count = 0

    def add(self, tar: bytes, chunk: int = 65536) -> StagedLayer:
        """Store one layer and return what is known of it."""
        staging = self.layers.open_staging()
        try:
            pieces = iter([tar[i : i + chunk] for i in range(0, len(tar), chunk)])
            staged = staging.write(lambda: next(pieces, b""))
            if self.layers.find(staged.info.diff_id) is None:
                self.layers.place(staged)
                self.layers.add(staged.info)
        finally:
            staging.close()
        return staged

    def show(self, *layers: StagedLayer) -> Path:
        """A new snapshot over ``layers`` (the base first), mounted."""
        self._count += 1
        key = f"snapshot{self._count}"
        self.snapshots.create(key, tuple(layer.info.diff_id for layer in layers), {})
        return self.snapshots.mount(key)

    def tree(self, *tars: bytes) -> dict[str, Seen]:
        """What a container over these archives sees of them."""
        layers = [self.add(tar) for tar in tars]
        return self.seen(self.show(*layers), *layers)

    def seen(self, shown: Path, *layers: StagedLayer) -> dict[str, Seen]:
        """What ``shown`` has without the ground that lies below every image."""
        found = look(shown)
        lowers = self.layers.lowers(layer.info.diff_id for layer in layers)
        for name in look(self.root / "ground") if (self.root / "ground").exists() else ():
            if not any(os.path.lexists(lower / name) for lower in lowers):
                found.pop(name, None)
        return found

    def close(self) -> None:
        for mounted in mounts_below(self.run):
            umount_if_mounted(mounted, detach=True)


@contextlib.contextmanager
def stage(directory: Path, form: str) -> Iterator[Stage]:
    """A stage that leaves no mount behind."""
    made = Stage(directory, form)
    try:
        yield made
    finally:
        made.close()


def missing(form: str, directory: Path) -> str:
    """Why ``form`` cannot be tested here; empty when it can."""
    if os.geteuid() != 0:
        return "mounting and making device nodes need root"
    if form == "erofs" and not kernel_can_mount(directory):
        return "this kernel cannot mount an erofs file (Linux 6.12)"
    return ""
