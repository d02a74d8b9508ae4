"""ps(1) read as dockerd reads it."""

import asyncio

import pytest

from berth.base.errors import Internal, InvalidArgument
from berth.runtime.top import parse_ps, top

OUTPUT = """UID        PID  PPID CMD
root         7     1 sh -c  x y
root         8     7 cat
root         9     1 other
"""


def test_rows_of_our_processes_with_their_commands_whole():
    table = parse_ps(OUTPUT, {7, 8})
    assert table.titles == ("UID", "PID", "PPID", "CMD")
    assert table.processes == (("root", "7", "1", "sh -c x y"), ("root", "8", "7", "cat"))


def test_threads_follow_their_process():
    output = "PID CMD\n7 a\n- t1\n9 b\n- t2\n"
    assert parse_ps(output, {7}).processes == (("7", "a"), ("-", "t1"))


@pytest.mark.parametrize(
    ("output", "text"), [("CMD\nx\n", "Couldn't find PID"), ("PID\nabc\n", "Unexpected pid")]
)
def test_output_that_cannot_be_read(output, text):
    with pytest.raises(Internal, match=text):
        parse_ps(output, {1})


@pytest.mark.parametrize("words", ["-o ppid=PID,pid", "-eo ppid=PID", "-o ppid= PID"])
def test_other_columns_must_not_pose_as_pids(words):
    with pytest.raises(InvalidArgument, match="is not allowed"):
        asyncio.run(top({1}, words))
