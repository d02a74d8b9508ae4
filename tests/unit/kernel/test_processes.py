"""Processes, files and terminals: what needs no rights."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from berth.kernel import inotify, paths, peercred, pty
from berth.kernel.pidfd import ExitWatch, PidFd, process_is_zombie, process_start_time


def test_many_ends_come_through_one_watch_once_each():
    processes = [subprocess.Popen(["cat"], stdin=subprocess.PIPE) for _ in range(3)]

    async def body():
        watch, told, both = ExitWatch(), [], asyncio.Event()

        def tell(number):
            told.append(number)
            if len(told) == 2:
                both.set()

        held = [PidFd.open(process.pid) for process in processes]
        for number, one in enumerate(held):
            watch.add(one.fd, lambda number=number: tell(number))
        watch.discard(held[1].fd)
        for process in processes:
            process.stdin.close()
        await asyncio.to_thread(lambda: [process.wait() for process in processes])
        await both.wait()
        assert sorted(told) == [0, 2]
        for one in held:
            watch.discard(one.fd)
            one.close()
        watch.close()
        watch.close()

    asyncio.run(body())


def test_exit_is_awaited_and_a_reused_pid_is_refused():
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)

    async def body():
        started = process_start_time(process.pid)
        with PidFd.open(process.pid, started) as held:
            assert not held.exited()
            process.stdin.close()
            await held.wait_exit()
            assert held.exited()
            assert process_is_zombie(process.pid)
        with pytest.raises(ProcessLookupError):
            PidFd.open(process.pid, started + 1)
        assert await asyncio.to_thread(process.wait) == 0
        assert process_start_time(process.pid) is None
        with pytest.raises(ProcessLookupError):
            PidFd.open(process.pid)

    asyncio.run(body())


def test_signal_by_descriptor():
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    with PidFd.open(process.pid) as held, process.stdin:
        held.send_signal(15)
        assert process.wait() == -15
        with pytest.raises(ProcessLookupError):
            held.send_signal(15)


def test_peer_credentials():
    one, other = socket.socketpair()
    with one, other:
        assert peercred.peer_credentials(one) == (os.getpid(), os.getuid(), os.getgid())


def test_terminal_size():
    controller, terminal = pty.open_pty(30, 90)
    try:
        assert pty.get_size(terminal) == (30, 90)
        pty.set_size(controller, 40, 100)
        assert pty.get_size(terminal) == (40, 100)
        pty.disable_newline_translation(terminal)
        os.write(terminal, b"a\n")
        assert os.read(controller, 10) == b"a\n"
    finally:
        os.close(controller)
        os.close(terminal)


def test_inotify_tells_of_files(tmp_path):
    async def body():
        with inotify.Inotify() as watch:
            number = watch.add(tmp_path, inotify.IN_CREATE | inotify.IN_CLOSE_WRITE)
            assert watch.read_nowait() == []
            waiting = asyncio.ensure_future(watch.wait_changes())
            await asyncio.sleep(0)
            (tmp_path / "exit").write_text("0")
            changes = await waiting
            while len(changes) < 2:
                changes += await watch.wait_changes()
            assert changes == [
                inotify.Change(number, inotify.IN_CREATE, "exit"),
                inotify.Change(number, inotify.IN_CLOSE_WRITE, "exit"),
            ]

    asyncio.run(body())


@contextmanager
def rooted(path):
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def _read(fd):
    with os.fdopen(fd) as file:
        return file.read()


def test_links_stay_inside_the_root(tmp_path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "passwd").write_text("inside")
    (tmp_path / "passwd").write_text("outside")
    (root / "absolute").symlink_to("/etc")
    (root / "climbing").symlink_to("../../../etc")
    with rooted(root) as fd:
        for path in ("etc/passwd", "/etc/passwd", "absolute/passwd", "climbing/passwd", "../../etc/passwd"):
            assert _read(paths.open_in_root(fd, path, os.O_RDONLY)) == "inside"
        with pytest.raises(FileNotFoundError):
            paths.open_in_root(fd, "../passwd", os.O_RDONLY)
        with pytest.raises(OSError, match="Too many levels"):
            paths.open_in_root(fd, "absolute/passwd", os.O_RDONLY, follow=False)


def test_directories_are_made_inside_the_root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "dangling").symlink_to("/deep/er")
    (root / "climbing").symlink_to("../../outside")
    (root / "file").touch()
    (root / "loop").symlink_to("loop")
    uid, gid = os.getuid(), os.getgid()
    with rooted(root) as fd:
        for path, made in (
            ("a/b/c", "a/b/c"),
            ("/a/b/d", "a/b/d"),
            ("dangling/x", "deep/er/x"),
            ("climbing/y", "outside/y"),
            ("a/../../z", "z"),
            ("", "."),
        ):
            found = paths.make_directories_in_root(fd, path, 0o750, uid, gid)
            try:
                assert os.path.samestat(os.fstat(found), os.stat(root / made))
            finally:
                os.close(found)
        assert os.stat(root / "a" / "b" / "c").st_mode & 0o777 == 0o750
        with pytest.raises(NotADirectoryError):
            paths.make_directories_in_root(fd, "file/x", 0o755, uid, gid)
        with pytest.raises(OSError, match="Too many levels"):
            paths.make_directories_in_root(fd, "loop/x", 0o755, uid, gid)
    assert sorted(os.listdir(tmp_path)) == ["root"]


def test_a_wide_descriptor_table_leaves_nothing_open():
    program = (
        "import os; from berth.kernel.rlimit import widen_descriptor_table as widen; "
        "before = os.listdir('/proc/self/fd'); widen(); assert os.listdir('/proc/self/fd') == before; "
        "print(*[line for line in open('/proc/self/status') if line.startswith('FDSize')])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert int(told.split()[1]) >= (8192 if limit < 0 else min(8192, limit))
