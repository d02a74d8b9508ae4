"""Only one daemon per root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from berth.base.errors import Conflict, Internal
from berth.daemon.guard import pid_file, prepare_exec_root, root_lock


def test_a_data_root_serves_one_daemon(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with root_lock(root), pytest.raises(Conflict, match="in use by another daemon"), root_lock(root):
        pass
    with root_lock(tmp_path / "root"):
        pass


def test_a_data_root_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Internal, match="cannot use the data root") as caught, root_lock(tmp_path / "file"):
        pass
    assert caught.value.hint


def test_the_pid_file_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "berth.pid"
    with pid_file(path):
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()


def test_a_pid_file_of_a_dead_or_foreign_process_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "berth.pid"
    for content in ("999999999\n", "1\n", "nonsense\n"):
        path.write_text(content)
        with pid_file(path):
            assert path.read_text() == f"{os.getpid()}\n"


def test_a_pid_file_of_a_living_daemon_refuses(tmp_path: Path) -> None:
    path = tmp_path / "berth.pid"
    other = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", "berthd"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout is not None
        other.stdout.readline()  # it has been executed: until then its command line is still ours
        path.write_text(f"{other.pid}\n")
        words = f"process with PID {other.pid} is still running"
        with pytest.raises(Conflict, match=words), pid_file(path):
            pass
        assert path.read_text() == f"{other.pid}\n"
    finally:
        other.communicate(b"")


def test_the_exec_root_of_another_boot_is_emptied(tmp_path: Path) -> None:
    prepare_exec_root(tmp_path)
    (tmp_path / "containers").mkdir()
    prepare_exec_root(tmp_path)
    assert (tmp_path / "containers").is_dir()
    (tmp_path / "boot-id").write_text("another boot")
    prepare_exec_root(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["boot-id"]
