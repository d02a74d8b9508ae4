"""The contract of layers and snapshots, run on both forms of a layer.

GNU tar is the witness for what an archive means; overlayfs shows what a container would see.
"""

import hashlib
import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from berth.base.errors import Internal, InvalidArgument
from berth.image.changes import ChangeKind, find_changes
from berth.image.removal import remove_tree
from berth.image.size import tree_size
from tests.contract.snapshotter_stage import (
    FORMS,
    Item,
    Stage,
    archive,
    directory,
    hard_link,
    look,
    missing,
    stage,
    symlink,
)

pytestmark = pytest.mark.root

CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


@pytest.fixture(params=sorted(FORMS))
def here(request: pytest.FixtureRequest, tmp_path: Path):
    reason = missing(request.param, tmp_path)
    if reason:
        pytest.skip(reason)
    with stage(tmp_path / "stage", request.param) as made:
        yield made


def gnu_tar(tar: bytes, target: Path) -> dict:
    target.mkdir()
    command = ["tar", "-xpf", "-", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-C", target]
    subprocess.run(command, input=tar, check=True)
    return look(target)


EVERYTHING = [
    directory("etc", mtime=1_500_000_000.25),
    Item("etc/passwd", b"root:x:0:0\n", owner=(1, 2), mode=0o640),
    directory("tmp", mode=0o1777),
    Item("bin-file", b"x" * 70_000, mode=0o4755, mtime=1_234_567_890.123456),
    hard_link("bin-link", "bin-file", mode=0o4755, mtime=1_234_567_890.123456),
    symlink("lib", "usr/lib"),
    symlink("absolute", "/etc/passwd", owner=(5, 6)),
    Item("null", kind=tarfile.CHRTYPE, device=(1, 3), mode=0o666),
    Item("disk", kind=tarfile.BLKTYPE, device=(259, 4099), mode=0o660, owner=(0, 6)),
    Item("pipe", kind=tarfile.FIFOTYPE, mode=0o600),
    Item(
        "ping", b"\x7fELF", mode=0o755, xattrs={"security.capability": CAPABILITY, "user.note": b"\xff\x00a"}
    ),
    directory("marked", xattrs={"user.of": b"directory"}),
    Item("empty", b""),
    Item("old", b"1", mtime=0),
    Item("big-ids", b"1", owner=(4_000_000_000, 3_000_000_000)),
    Item("name with spaces \n and \udcff\udcfe", b"bytes"),
    Item("ünïcode", b"utf-8"),
    directory("deep"),
    directory("d" * 255),
    Item("d" * 255 + "/" + "f" * 255, b"long name"),
]


@pytest.mark.parametrize("tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_layer_is_what_gnu_tar_unpacks(here: Stage, tmp_path: Path, tar_format: int) -> None:
    tar = archive(EVERYTHING, tar_format)
    assert here.tree(tar) == gnu_tar(tar, tmp_path / "gnu")


def test_the_archive_comes_back_bit_for_bit(here: Stage) -> None:
    tar = archive(EVERYTHING) + bytes(512 * 7)
    staged = here.add(tar, chunk=1000)
    assert b"".join(here.layers.archive(staged.info.diff_id)) == tar
    assert staged.info.diff_id == "sha256:" + hashlib.sha256(tar).hexdigest()
    assert staged.info.tar_size == len(tar)


def test_size_counts_contents_and_links_once(here: Stage) -> None:
    items = [Item("a", b"12345"), hard_link("b", "a"), symlink("c", "abc"), directory("d"), Item("a2", b"1")]
    assert here.add(archive(items)).info.size == 5 + 3 + 1


def test_large_directories_are_sorted_over_all_blocks(here: Stage) -> None:
    names = [f"{i:x}" for i in range(3000)] + ["-", "!", "..a", ".a", "~", "\x01", "z" * 255]
    tree = here.tree(archive([directory("many"), *(Item(f"many/{name}", b"") for name in names)]))
    assert set(tree) == {"many", *(f"many/{name}" for name in names)}


def test_links_of_every_length(here: Stage) -> None:
    lengths = [1, 59, 60, 61, 383, 384, 385, *range(440, 520, 3), 1000, 4000, 4095]
    links = [symlink(f"l{length}", "t" * length) for length in lengths]
    tree = here.tree(archive(links))
    assert {name: len(seen.content) for name, seen in tree.items()} == {f"l{n}": n for n in lengths}


@pytest.mark.parametrize(
    "options",
    [["--format=gnu"], ["--sparse-version=0.0"], ["--sparse-version=0.1"], ["--sparse-version=1.0"]],
)
def test_files_with_holes(here: Stage, tmp_path: Path, options: list[str]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with open(source / "holes", "wb") as file:
        for offset in (0, 1 << 20, 3_000_001, 50_000_000):
            file.seek(offset)
            file.write(b"data" * 300)
        file.truncate(60_000_000)
    with open(source / "only-a-hole", "wb") as file:
        file.truncate(1 << 20)
    if "--format=gnu" not in options:
        options = ["--format=posix", *options]
    tar = subprocess.run(
        ["tar", "-cSf", "-", *options, "-C", source, "."], stdout=subprocess.PIPE, check=True
    ).stdout
    assert len(tar) < 1_000_000
    staged = here.add(tar)
    shown = here.show(staged)
    for name in ("holes", "only-a-hole"):
        assert (shown / name).read_bytes() == (source / name).read_bytes()
    assert staged.info.size == 60_000_000 + (1 << 20)
    assert b"".join(here.layers.archive(staged.info.diff_id)) == tar


def test_whiteouts_hide_what_is_below(here: Stage) -> None:
    base = archive([directory("a"), Item("a/x", b"1"), Item("a/y", b"2"), directory("b"), Item("b/z", b"3")])
    top = archive([Item("a/.wh.x"), Item(".wh.b"), Item(".wh..wh.plnk"), Item("a/.wh..wh.aufs")])
    assert set(here.tree(base, top)) == {"a", "a/y"}


def test_a_whiteout_that_hides_nothing_is_not_listed(here: Stage) -> None:
    assert set(here.tree(archive([directory("a"), Item("a/.wh.x"), Item("a/y", b"1"), Item("b/.wh.z")]))) == {
        "a", "a/y", "b",
    }  # fmt: skip


def test_an_opaque_directory_starts_afresh(here: Stage) -> None:
    base = archive([directory("a"), Item("a/x", b"1"), directory("a/sub"), Item("a/sub/y", b"2")])
    top = archive([directory("a"), Item("a/.wh..wh..opq"), Item("a/new", b"3")])
    assert set(here.tree(base, top)) == {"a", "a/new"}


def test_an_opaque_root_hides_every_layer_below(here: Stage) -> None:
    base = archive([Item("x", b"1")])
    top = archive([Item(".wh..wh..opq"), Item("y", b"2")])
    assert set(here.tree(base, base, top)) == {"y"}


def test_upper_layers_win(here: Stage) -> None:
    tars = [archive([Item("f", str(n).encode(), mode=0o600 + n), Item(f"only{n}", b"")]) for n in range(5)]
    shown = here.show(*(here.add(tar) for tar in tars))
    assert (shown / "f").read_bytes() == b"4"
    assert {f"only{n}" for n in range(5)} < set(os.listdir(shown))


def test_the_same_layer_may_occur_twice(here: Stage) -> None:
    a, b = here.add(archive([Item("f", b"a")])), here.add(archive([Item("f", b"b"), Item(".wh.g")]))
    g = here.add(archive([Item("g", b"g")]))
    shown = here.show(g, a, b, a)
    assert (shown / "f").read_bytes() == b"a"
    assert not (shown / "g").exists()


def test_a_hundred_and_twenty_five_layers(here: Stage) -> None:
    layers = [here.add(archive([Item(f"layer{n}", b"")])) for n in range(125)]
    assert {f"layer{n}" for n in range(125)} <= set(os.listdir(here.show(*layers)))


def test_no_layers_at_all(here: Stage) -> None:
    shown = here.show()
    (shown / "file").write_text("works")
    assert stat.S_IMODE(shown.stat().st_mode) == 0o755


def test_writes_stay_in_the_snapshot(here: Stage) -> None:
    layer = here.add(archive([directory("etc"), Item("etc/a", b"old")]))
    one, two = here.show(layer), here.show(layer)
    (one / "etc/a").write_text("new")
    os.unlink(two / "etc/a")
    assert (one / "etc/a").read_text() == "new"
    assert not (two / "etc/a").exists()
    assert (here.show(layer) / "etc/a").read_text() == "old"
    devices = {os.lstat(one / name).st_dev for name in ("etc", "etc/a")}
    assert len(devices) == 1, "one file system for those who stay on one (tar, du, rm)"


def test_mount_and_unmount_can_be_repeated(here: Stage) -> None:
    layer = here.add(archive([Item("a", b"1")]))
    shown = here.show(layer)
    key = shown.name
    assert here.snapshots.mount(key) == shown
    here.snapshots.unmount(key)
    here.snapshots.unmount(key)
    assert not here.snapshots.is_mounted(key)
    assert (here.snapshots.mount(key) / "a").read_bytes() == b"1"


def test_parents_that_nobody_named_are_made(here: Stage) -> None:
    tree = here.tree(archive([Item("a/b/c", b"1"), Item("./x//y", b"2"), Item("p/../q", b"3")]))
    assert {"a", "a/b", "a/b/c", "x", "x/y", "q"} == set(tree)
    assert (tree["a/b"].mode, tree["a/b"].uid, tree["a/b"].mtime_ns) == (oct(stat.S_IFDIR | 0o755), 0, 0)


def test_later_members_replace_earlier_ones(here: Stage) -> None:
    tar = archive([
        Item("f", b"first" * 1000), Item("f", b"second"),
        directory("d"), Item("d/inner", b"gone" * 500), directory("d/sub"), Item("d/sub/x", b"gone too"),
        Item("d", b"now a file"),
        Item("e", b"now a directory"), directory("e"), Item("e/child", b"1"),
        symlink("s", "nowhere"), Item("s", b"now a file"),
        directory("keep", mode=0o700), Item("keep/a", b"1"), directory("keep", mode=0o711),
    ])  # fmt: skip
    staged = here.add(tar)
    shown = here.show(staged)
    assert (shown / "f").read_bytes() == b"second"
    assert (shown / "d").read_bytes() == b"now a file"
    assert (shown / "e/child").read_bytes() == b"1"
    assert (shown / "s").read_bytes() == b"now a file"
    assert (shown / "keep/a").read_bytes() == b"1"
    assert stat.S_IMODE((shown / "keep").stat().st_mode) == 0o711
    assert staged.info.size == len("secondnow a file1now a file1")
    assert b"".join(here.layers.archive(staged.info.diff_id)) == tar


def test_a_deep_tree_is_replaced_and_comes_back(here: Stage) -> None:
    deep = "/".join(["a"] * 1500)
    tar = archive(
        [Item(f"{deep}/f", b"deep" * 300), Item("a", b"now a file"), Item("b/c/f", b"x"), Item("b", b"y")]
    )
    staged = here.add(tar)
    assert set(here.tree(tar)) == {"a", "b"}
    assert staged.info.size == len("now a filey")
    assert b"".join(here.layers.archive(staged.info.diff_id)) == tar
    here.layers.forget([staged.info.diff_id])
    here.layers.empty_trash(here.layers.withdraw([staged.info.diff_id]))
    assert os.listdir(here.root / "layers") == os.listdir(here.root / "trash") == []


def test_what_a_container_nests_deeply_can_be_measured_and_removed(here: Stage, tmp_path: Path) -> None:
    shown = here.show(here.add(archive([Item("f", b"1")])))
    fd = os.open(shown, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=fd)
        inner = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    (shown / "d/d/d/file").write_bytes(b"12345")
    upper = here.snapshots.upper(shown.name)
    assert tree_size(upper) == 5
    changes = find_changes(upper, here.snapshots.lowers(shown.name))
    assert (changes[0].path, changes[0].kind) == ("/d", ChangeKind.ADDED)
    directory_of_it = here.snapshots.forget(shown.name)
    remove_tree(directory_of_it)
    assert os.listdir(here.root / "snapshots") == []


def test_links_among_the_parents_stay_inside(here: Stage) -> None:
    tar = archive([
        directory("usr/lib"), symlink("lib", "/usr/lib"), Item("lib/one", b"1"),
        symlink("up", "../../../usr"), Item("up/lib/two", b"2"), hard_link("three", "lib/one"),
        symlink("hop", "lib"), symlink("hop2", "./hop/../lib/."), Item("hop2/four", b"4"),
    ])  # fmt: skip
    tree = here.tree(tar)
    assert {n for n, seen in tree.items() if isinstance(seen.content, str) and n.startswith("usr")} == {
        "usr/lib/one", "usr/lib/two", "usr/lib/four",
    }  # fmt: skip
    assert tree["three"].first == tree["usr/lib/one"].first


HOSTILE = {
    "parent": [Item("../evil", b"1")],
    "parent within": [Item("a/../../evil", b"1")],
    "link to parent": [symlink("out", "../../../../../../.."), Item("out/evil", b"1")],
    "absolute link": [symlink("out", "{outside}"), Item("out/evil", b"1")],
    "hard link out": [hard_link("out", "../../../../../../../../etc/passwd")],
    "hard link through a link": [symlink("out", "{outside}"), hard_link("got", "out/canary")],
    "hard link to nothing": [hard_link("a", "b")],
    "hard link to a directory": [directory("a"), hard_link("b", "a")],
    "hard link to itself": [Item("a", b"1"), hard_link("a", "a")],
    "link loop": [symlink("a", "b"), symlink("b", "a"), Item("a/evil", b"1")],
    "file as parent": [Item("a", b"1"), Item("a/b", b"2")],
    "directory over a link": [symlink("out", "{outside}"), directory("out"), Item("out/evil", b"1")],
    "opaque through a link": [symlink("out", "{outside}"), Item("out/.wh..wh..opq")],
    "whiteout through a link": [symlink("out", "{outside}"), Item("out/.wh.canary")],
    "whiteout of the parent": [Item(".wh...", b"")],
    "whiteout of nothing": [directory("a"), Item("a/.wh.", b"")],
    "name too long": [Item("n" * 256, b"1")],
    "path too long": [Item("/".join(["p" * 200] * 30), b"1")],
    "link too long": [symlink("l", "t" * 5000)],
    "root as a file": [Item("./", b"1", kind=tarfile.REGTYPE), Item(".", b"1")],
    "unknown type": [Item("volume", kind=b"V")],
    "overlay attributes": [
        directory("d", xattrs={"trusted.overlay.redirect": b"/etc", "trusted.overlay.opaque": b"y"})
    ],
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_archives_are_refused_or_contained(here: Stage, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("alive")
    before = look(outside)
    items = [item._replace(link=item.link.replace("{outside}", str(outside))) for item in HOSTILE[name]]
    try:
        tree = here.tree(archive(items))
    except InvalidArgument as error:
        assert "\n" not in error.message
        assert os.listdir(here.root / "layers") == []
    else:
        assert not any("overlay" in key for seen in tree.values() for key, _ in seen.xattrs)
    assert look(outside) == before
    assert not (here.root.parent / "evil").exists()


def test_both_forms_judge_hostile_archives_alike(tmp_path: Path) -> None:
    for form in FORMS:
        if reason := missing(form, tmp_path):
            pytest.skip(reason)
    for name, items in HOSTILE.items():
        tar = archive(
            [item._replace(link=item.link.replace("{outside}", "/nowhere/at/all")) for item in items]
        )
        outcomes = []
        for form in sorted(FORMS):
            with stage(tmp_path / form / name, form) as here:
                try:
                    outcomes.append(here.tree(tar))
                except InvalidArgument:
                    outcomes.append(None)
        assert outcomes[0] == outcomes[1], name


@pytest.mark.parametrize("cut", [100, 512, 700, 1024, 1500, 3000])
def test_truncated_archives_are_refused(here: Stage, cut: int) -> None:
    tar = archive([Item("a", b"1" * 300), Item("b", b"2" * 3000)], tarfile.USTAR_FORMAT)
    if cut == 1024:  # between two members: tar(1) takes that for the end, and so does Docker
        assert set(here.tree(tar[:cut])) == {"a"}
        return
    with pytest.raises(InvalidArgument, match="unexpected EOF"):
        here.add(tar[:cut])
    assert os.listdir(here.root / "ingest") == []


def test_a_huge_extended_header_is_refused(here: Stage) -> None:
    with pytest.raises(InvalidArgument, match="too large"):
        here.add(archive([Item("a", b"", xattrs={"user.big": b"x" * (2 << 20)})]))


def test_a_layer_changed_from_outside_is_not_handed_out(here: Stage) -> None:
    staged = here.add(archive([Item("a", b"1" * 1000)]))
    root = here.root / "layers" / staged.info.diff_id.partition(":")[2]
    file = root / "layer.erofs" if (root / "layer.erofs").exists() else root / "diff/a"
    with open(file, "r+b") as opened:
        opened.seek(4096 + 512 + 10 if file.name == "layer.erofs" else 10)
        opened.write(b"X")
    with pytest.raises(Internal, match="damaged"):
        list(here.layers.archive(staged.info.diff_id))


def test_what_has_no_row_is_removed_at_the_next_start(here: Stage) -> None:
    kept = here.add(archive([Item("kept", b"1")]))
    lost = here.add(archive([Item("lost", b"2")]))
    staging = here.layers.open_staging()
    shown = here.show(kept, lost)
    here.layers.restore([kept.info])
    here.snapshots.restore({})
    assert os.listdir(here.root / "layers") == [kept.info.diff_id.partition(":")[2]]
    assert os.listdir(here.root / "ingest") == os.listdir(here.root / "trash") == []
    assert not staging.directory.exists()
    assert not shown.exists()
    assert os.listdir(here.root / "snapshots") == []
    assert set(here.tree(archive([Item("kept", b"1")]))) == {"kept"}


def test_removal_while_a_container_runs_on_the_layer(here: Stage) -> None:
    layer = here.add(archive([Item("a", b"still here")]))
    shown = here.show(layer)
    with open(shown / "a", "rb") as file:
        here.layers.forget([layer.info.diff_id])
        here.layers.empty_trash(here.layers.withdraw([layer.info.diff_id]))
        assert os.listdir(here.root / "layers") == os.listdir(here.root / "trash") == []
        assert file.read() == b"still here"
