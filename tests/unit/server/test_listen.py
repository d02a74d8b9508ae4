"""Listening sockets: who may connect, what is left behind, what is in the way."""

import os
import socket
import stat

import pytest

from berth.base.errors import InvalidArgument, Unavailable
from berth.server.listen import listen_activated, listen_tcp, listen_unix


def test_unix_socket_is_for_the_group_and_goes_away(tmp_path):
    path = tmp_path / "deep" / "s"
    listener = listen_unix(str(path), gid=os.getgid())
    mode = path.lstat()
    assert stat.S_ISSOCK(mode.st_mode)
    assert stat.S_IMODE(mode.st_mode) == 0o660
    assert mode.st_gid == os.getgid()
    listener.close()
    assert not path.exists()


def test_socket_of_a_dead_daemon_is_replaced(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
        dead.listen()
    listener = listen_unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    listener.close()


def test_socket_of_a_living_daemon_is_left_alone(tmp_path):
    path = str(tmp_path / "s")
    listener = listen_unix(path)
    with pytest.raises(Unavailable, match="another process listens on it"):
        listen_unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    listener.close()


def test_what_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(Unavailable, match="is not a socket"):
        listen_unix(str(path))
    assert path.read_text() == "precious"


def test_closing_leaves_the_file_of_a_successor(tmp_path):
    path = tmp_path / "s"
    first = listen_unix(str(path))
    path.unlink()
    second = listen_unix(str(path))
    first.close()
    assert path.exists()
    second.close()


def test_path_beyond_the_kernels_limit(tmp_path):
    with pytest.raises(InvalidArgument, match="longer than 107 bytes"):
        listen_unix(str(tmp_path / ("s" * 120)))


def test_tcp_names_itself_and_the_port_in_use():
    listener = listen_tcp("127.0.0.1", 0)
    port = listener.socket.getsockname()[1]
    assert listener.name == f"tcp://127.0.0.1:{port}"
    with pytest.raises(Unavailable, match=f"listen tcp 127.0.0.1:{port}: .*in use"):
        listen_tcp("127.0.0.1", port)
    listener.close()


def test_activated_sockets_are_only_for_the_named_process():
    assert listen_activated({}, 7) == []
    assert listen_activated({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, 7) == []
    assert listen_activated({"LISTEN_PID": "7", "LISTEN_FDS": "x"}, 7) == []
