"""The archive of a layer made of overlayfs directories: seen through overlayfs it is the same as they are."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.image.layer.directory import DirectoryForm
from berth.image.pack import pack_layer
from berth.image.tar.reader import TarReader
from berth.image.tar.source import ChunkSource
from berth.kernel.capabilities import effective_capabilities
from berth.kernel.mount import mounts_below, umount_if_mounted
from berth.kernel.overlay import mount_overlay
from berth.kernel.removal import remove_tree

pytestmark = pytest.mark.root


@pytest.fixture
def stack(tmp_path: Path) -> Iterator["Stack"]:
    if os.geteuid() != 0 or "CAP_SYS_ADMIN" not in effective_capabilities():
        pytest.skip("needs root with CAP_SYS_ADMIN")
    yield Stack(tmp_path)
    for mounted in mounts_below(tmp_path):
        umount_if_mounted(mounted, detach=True)
    remove_tree(tmp_path)  # pytest itself would fail at the deep ones


class Stack:
    """Layers written through overlayfs, one above the other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.layers: list[Path] = []
        self._count = 0
        base = root / "base"
        for name in ("etc", "etc/deep", "gone", "again", "file-dir"):
            (base / name).mkdir(parents=True)
        for name in ("etc/kept", "etc/removed", "etc/deep/x", "gone/y", "again/old", "file-dir/z", "plain"):
            (base / name).write_text(f"base {name}")
        os.link(base / "plain", base / "twin")
        self.base = base

    def mounted(self, lowers: list[Path]) -> Path:
        self._count += 1
        here = self.root / f"mount{self._count}"
        for part in ("upper", "work", "merged"):
            (here / part).mkdir(parents=True)
        mount_overlay(
            here / "merged", lowers, upper=here / "upper", work=here / "work",
            options=("index=off", "metacopy=off", "redirect_dir=nofollow"),
        )  # fmt: skip
        return here

    def write(self, *script: str) -> None:
        """A layer on top of the others that ``script`` (lines of shell) makes."""
        here = self.mounted([*reversed(self.layers), self.base])
        assert os.system("cd {} && set -e && {}".format(here / "merged", " && ".join(script))) == 0
        umount_if_mounted(here / "merged", detach=True)
        self.layers.append(here / "upper")

    def view(self, *lowers: Path) -> dict[str, tuple[object, ...]]:
        """Everything that overlayfs shows of ``lowers`` (topmost first) over the base."""
        here = self.mounted([*lowers, self.base]) / "merged"
        found: dict[str, tuple[object, ...]] = {}
        for folder, directories, files in os.walk(here):
            for name in (*directories, *files):
                path = Path(folder, name)
                status = path.lstat()
                content = path.read_text() if stat.S_ISREG(status.st_mode) else ""
                found[str(path.relative_to(here))] = (status.st_mode, status.st_uid, content)
        umount_if_mounted(here, detach=True)
        return found

    def packed(self, trees: list[Path], *lowers: Path) -> Path:
        """``trees`` packed into one layer over ``lowers`` and the base, and unpacked again."""
        self._count += 1
        target = self.root / f"layer{self._count}"
        target.mkdir()
        pieces = pack_layer(trees, [*lowers, self.base])
        DirectoryForm().write(lambda: next(pieces, b""), target, 10_000)
        return target / "diff"


LAYERS = (
    ("echo 1 > new", "rm etc/removed", "rm -r gone", "rm -r again", "mkdir again", "echo 2 > again/fresh"),
    (
        "echo 3 > etc/kept",
        "rm -r file-dir",
        "echo 4 > file-dir",
        "mkdir -p a/b",
        "echo 5 > a/b/c",
        "chmod 700 etc",
    ),
    (
        "rm new",
        "mkdir gone",
        "echo 6 > gone/back",
        "ln a/b/c link",
        "rm file-dir",
        "mkdir file-dir",
        "rm -r etc/deep",
    ),
)


def test_each_layer_and_all_together(stack: Stack) -> None:
    for script in LAYERS:
        stack.write(*script)
    upwards = list(stack.layers)
    expected = stack.view(*reversed(upwards))
    assert expected["gone/back"][2] == "6\n"
    assert "again/old" not in expected
    merged = stack.packed(list(reversed(upwards)))
    assert stack.view(merged) == expected
    assert stack.view(stack.packed([upwards[2], upwards[1]], upwards[0]), upwards[0]) == expected
    assert (merged / "link").stat().st_ino == (merged / "a/b/c").stat().st_ino


def test_marks_that_hide_nothing_are_left_out(stack: Stack) -> None:
    stack.write("mkdir plainly", "echo 1 > plainly/x")
    stack.write("rm -r plainly", "mkdir other")
    pieces = pack_layer(list(reversed(stack.layers)), [stack.base])
    names = [entry.name for entry in TarReader(ChunkSource(lambda: next(pieces, b"")))]
    assert names == ["other/"]


def test_hiding_everything(stack: Stack) -> None:
    stack.write("echo 1 > only")
    pieces = pack_layer(stack.layers, [stack.base], opaque=True)
    names = [entry.name for entry in TarReader(ChunkSource(lambda: next(pieces, b"")))]
    assert names == [".wh..wh..opq", "only"]


def test_depth_uses_up_nothing(stack: Stack) -> None:
    """Deeper than Python's stack and than a process may hold descriptors."""
    deep = "/".join(["d"] * 1500)
    stack.write(f"mkdir -p {deep}", f"echo 1 > {deep}/end")
    pieces = pack_layer(stack.layers, [stack.base])
    names = [entry.name for entry in TarReader(ChunkSource(lambda: next(pieces, b"")))]
    assert names[-1] == f"{deep}/end"
    assert len(names) == 1501
