"""Mounts in a namespace of the test's own."""

import os
import subprocess

import pytest

from berth.kernel import mount
from berth.kernel.capabilities import effective_capabilities
from berth.kernel.namespace import (
    CLONE_FS,
    CLONE_NEWNS,
    call_in_netns,
    call_in_new_netns,
    call_in_thread,
    create_netns,
    is_netns,
    netns_id,
    remove_netns,
    unshare,
)
from berth.kernel.overlay import mount_overlay

pytestmark = pytest.mark.root


@pytest.fixture
def apart(tmp_path):
    """Run a function in a private mount namespace with a tmpfs of its own; all goes with the thread."""
    if os.geteuid() != 0 or "CAP_SYS_ADMIN" not in effective_capabilities():
        pytest.skip("needs root with CAP_SYS_ADMIN")

    def run(function):
        def body():
            unshare(CLONE_NEWNS | CLONE_FS)
            mount.make_private("/", recursive=True)
            mount.mount_tmpfs(tmp_path, "size=64m")
            function(tmp_path)

        call_in_thread(body)

    return run


def test_bind_read_only_and_unmount(apart):
    def body(root):
        source, target = root / "source", root / "a b"
        for directory in (source, target):
            directory.mkdir()
        mount.bind(source, target, read_only=True)
        assert mount.is_mount_point(target)
        with pytest.raises(OSError, match="Read-only file system"):
            (target / "file").touch()
        (source / "file").touch()
        assert os.listdir(target) == ["file"]
        assert mount.mounts_below(root) == [str(target), str(root)]
        assert mount.umount_if_mounted(target) is True
        assert mount.umount_if_mounted(target) is False
        assert mount.umount_if_mounted(root / "absent") is False

    apart(body)


def test_unmount_does_not_follow_a_link(apart):
    def body(root):
        (root / "real").mkdir()
        mount.mount_tmpfs(root / "real")
        (root / "link").symlink_to("real")
        with pytest.raises(OSError, match="Invalid argument"):
            mount.umount(root / "link")
        assert mount.is_mount_point(root / "real")

    apart(body)


def test_error_names_the_path(apart):
    def body(root):
        with pytest.raises(FileNotFoundError) as caught:
            mount.bind(root / "absent", root / "nowhere")
        assert caught.value.filename == str(root / "nowhere")
        with pytest.raises(ValueError, match="one page"):
            mount.mount("x", root, "tmpfs", 0, "x" * 5000)

    apart(body)


def test_detached_copy_can_be_moved(apart):
    def body(root):
        (root / "source").mkdir()
        (root / "source" / "file").touch()
        (root / "target").mkdir()
        fd = mount.open_tree_clone(root / "source")
        try:
            mount.move_mount_fd(fd, root / "target")
        finally:
            os.close(fd)
        assert os.listdir(root / "target") == ["file"]
        mount.set_read_only_recursively(root / "target")
        with pytest.raises(OSError, match="Read-only"):
            (root / "target" / "x").touch()

    apart(body)


@pytest.mark.parametrize("layers", [1, 60, 300])
def test_overlay_of_any_depth(apart, layers):
    def body(root):
        lowers = []
        for number in range(layers):
            lower = root / f"layer-{number:04}-{'x' * 60}"
            lower.mkdir()
            (lower / f"file{number}").touch()
            (lower / "top").write_text(str(number))
            lowers.append(lower)
        for name in ("upper", "work", "merged"):
            (root / name).mkdir()
        try:
            mount_overlay(root / "merged", lowers, upper=root / "upper", work=root / "work")
        except OSError as error:
            if layers > 200:
                pytest.skip(f"this kernel takes no lowerdir+: {error}")
            raise
        assert len(os.listdir(root / "merged")) == layers + 1
        assert (root / "merged" / "top").read_text() == "0"
        (root / "merged" / "new").touch()
        assert os.listdir(root / "upper") == ["new"]

    apart(body)


def test_overlay_of_directories_with_meaningful_characters(apart):
    def body(root):
        lower, upper, work, merged = (root / name for name in ("a:b,c", "u,p", "w\\k", "m:m"))
        for directory in (lower, upper, work, merged):
            directory.mkdir()
        (lower / "file").touch()
        mount_overlay(merged, [lower], upper=upper, work=work)
        assert os.listdir(merged) == ["file"]

    apart(body)


def test_network_namespace_is_bound_entered_and_removed(apart, tmp_path):
    path = tmp_path / "ns"
    here = netns_id("/proc/thread-self/ns/net")
    inside = create_netns(path, lambda: netns_id("/proc/thread-self/ns/net"))
    try:
        assert inside != here
        assert netns_id("/proc/thread-self/ns/net") == here
        assert is_netns(path)
        assert netns_id(path) == inside
        assert call_in_netns(path, lambda: netns_id("/proc/thread-self/ns/net")) == inside
        with pytest.raises(FileExistsError):
            create_netns(path, lambda: None)
        assert is_netns(path)
    finally:
        assert remove_netns(path) is True
    assert remove_netns(path) is False
    assert not is_netns(path)


def test_failed_namespace_leaves_nothing(apart, tmp_path):
    def fail():
        raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        create_netns(tmp_path / "ns", fail)
    assert not (tmp_path / "ns").exists()
    assert not mount.is_mount_point(tmp_path / "ns")


def test_thrown_away_namespace(apart):
    done = call_in_new_netns(
        lambda: subprocess.run(["ls", "/proc/sys/net/ipv4/conf"], capture_output=True, check=True)
    )
    assert b"lo" in done.stdout
