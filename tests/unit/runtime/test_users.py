"""Users of an image: names, numbers, groups, and files that lie."""

import os

import pytest

from berth.base.errors import InvalidArgument
from berth.runtime.spec.options import UserIds
from berth.runtime.users import lookup_user, resolve_user

PASSWD = "root:x:0:0:root:/root:/bin/sh\n# x\nbroken\nann:x:1000:1001::/home/ann:/bin/sh\n42:x:7:8::/odd:\n"
GROUP = "root:x:0:\nstaff:x:50:ann,bob\nvideo:x:44:ann\nann:x:1001:\n"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", UserIds(uid=0, gid=0, home="/root")),
        ("ann", UserIds(uid=1000, gid=1001, groups=(50, 44), home="/home/ann")),
        ("1000", UserIds(uid=1000, gid=1001, groups=(50, 44), home="/home/ann")),
        ("ann:video", UserIds(uid=1000, gid=44, home="/home/ann")),
        ("ann:9", UserIds(uid=1000, gid=9, home="/home/ann")),
        ("5000", UserIds(uid=5000, gid=0, home="/")),
        ("5000:staff", UserIds(uid=5000, gid=50, home="/")),
        ("42", UserIds(uid=7, gid=8, home="/odd")),
    ],
)
def test_lookup(user, expected):
    assert resolve_user(user, (), PASSWD, GROUP) == expected


def test_added_groups():
    assert resolve_user("ann", ("video", "77"), PASSWD, GROUP).groups == (50, 44, 77)
    with pytest.raises(InvalidArgument, match="Unable to find group nope: no matching entries in group file"):
        resolve_user("ann", ("nope",), PASSWD, GROUP)


@pytest.mark.parametrize(
    ("user", "text"),
    [
        ("nope", "unable to find user nope: no matching entries in passwd file"),
        ("ann:nope", "unable to find group nope: no matching entries in group file"),
        ("-5", "uids and gids must be in range 0-2147483647"),
        ("2147483648", "uids and gids must be in range 0-2147483647"),
        ("1:2147483648", "uids and gids must be in range 0-2147483647"),
    ],
)
def test_errors(user, text):
    with pytest.raises(InvalidArgument) as caught:
        resolve_user(user, (), PASSWD, GROUP)
    assert caught.value.message == text


def test_an_image_without_files():
    assert resolve_user("", (), "", "") == UserIds(uid=0, gid=0, home="/")


def test_files_are_read_inside_the_root(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").symlink_to("/elsewhere/passwd")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/passwd").write_text("inside:x:5:6::/in:\n")
    assert lookup_user(tmp_path, "inside").uid == 5
    with pytest.raises(InvalidArgument):
        lookup_user(tmp_path, "daemon")  # the host has that one


def test_a_pipe_instead_of_a_file_does_not_block(tmp_path):
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/passwd")
    assert lookup_user(tmp_path, "12").uid == 12
