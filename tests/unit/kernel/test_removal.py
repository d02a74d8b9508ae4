"""Deleting trees: deep ones, links, what is not there, what cannot go."""

import os
from pathlib import Path

import pytest

from berth.kernel.removal import remove_tree


def deepen(place: Path, depth: int) -> None:
    """A chain of directories too long for any path."""
    fd = os.open(place, os.O_RDONLY)
    for level in range(depth):
        os.mkdir("d", dir_fd=fd)
        if level % 50 == 0:
            os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        deeper = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    os.close(fd)


def test_a_tree_deeper_than_stack_path_and_descriptors(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    deepen(top, 5000)
    (top / "side").mkdir()
    deepen(top / "side", 130)
    remove_tree(top)
    assert not top.exists()


def test_links_are_deleted_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    top = tmp_path / "top"
    (top / "dir").mkdir(parents=True)
    (top / "dir/link").symlink_to(outside)
    (top / "loop").symlink_to(top)
    os.mkfifo(top / "pipe")
    remove_tree(top)
    assert not top.exists()
    assert (outside / "precious").exists()


def test_a_link_in_place_of_the_top_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OSError, match="link"):
        remove_tree(tmp_path / "link")
    assert (tmp_path / "real").is_dir()


def test_nothing_there(tmp_path: Path) -> None:
    remove_tree(tmp_path / "none")
    assert os.listdir(tmp_path) == []


def test_a_file_is_no_tree(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        remove_tree(tmp_path / "file")
    assert (tmp_path / "file").exists()
