"""conmon's log format, read back byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from berth.logs.entry import Entry
from berth.logs.record import JOIN_LIMIT, Clock, Joiner, format_record
from berth.wire.stdcopy import STDERR, STDOUT

TIME = 1_795_262_227_306_398_781
HEAD = b"2026-11-21T11:57:07.306398781+00:00 stdout "


def entries(data, joined=False):
    joiner = Joiner()
    feed = joiner.feed_joined if joined else joiner.feed
    return [*feed(data), *joiner.flush()]


def test_one_record():
    assert entries(HEAD + b"F hello\n") == [Entry(TIME, STDOUT, b"hello\n")]
    assert format_record(Entry(TIME, STDOUT, b"hello\n")) == HEAD + b"F hello\n"
    assert format_record(Entry(TIME, STDERR, b"x")) == HEAD.replace(b"stdout", b"stderr") + b"P x\n"


def test_local_time_zones_are_understood():
    clock = Clock()
    assert clock.parse(b"2026-11-21T13:57:07.306398781+02:00 stdout F ") == TIME
    assert clock.parse(b"2026-11-21T11:57:07.306398781+00:00 stdout F ") == TIME


def test_parts_of_a_line_are_joined_stream_by_stream():
    data = HEAD + b"P a\n" + HEAD.replace(b"stdout", b"stderr") + b"F e\n" + HEAD + b"F b\n"
    assert [(e.stream, e.data) for e in entries(data)] == [(STDERR, b"e\n"), (STDOUT, b"ab\n")]


def test_a_line_without_end_comes_at_the_end():
    assert [e.data for e in entries(HEAD + b"F a\n" + HEAD + b"P b\n")] == [b"a\n", b"b"]


def test_a_record_cut_short_and_foreign_lines_are_left_out():
    data = b"nonsense\n" + HEAD + b"X a\n" + HEAD[:20] + b"\n" + HEAD + b"F a\n" + HEAD + b"F cut"
    assert [e.data for e in entries(data)] == [b"a\n"]
    assert [e.data for e in entries(data, joined=True)] == [b"a\n"]


def test_a_bad_time_is_left_out():
    assert entries(b"9" * 35 + b" stdout F x\n") == []


def test_a_line_that_never_ends_comes_in_pieces():
    part = HEAD + b"P " + b"x" * 8192 + b"\n"
    found = entries(part * (2 * JOIN_LIMIT // 8192) + HEAD + b"F end\n")
    assert [e.continued for e in found] == [False, True, True]
    assert b"".join(e.data for e in found) == b"x" * (2 * JOIN_LIMIT) + b"end\n"


def test_content_cannot_pass_for_a_record():
    line = HEAD + b"F " + HEAD + b"P x\n"
    for joined in (False, True):
        found = entries(line * 3, joined=joined)
        assert b"".join(e.data for e in found) == (HEAD + b"P x\n") * 3


writes = st.lists(
    st.tuples(st.sampled_from((STDOUT, STDERR)), st.binary(min_size=1, max_size=40)), max_size=30
)


def split_lines(data):
    """As conmon cuts one read: lines with their ends, and the rest."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return [line for line in lines if line]


@given(writes, st.integers(min_value=1, max_value=200), st.booleans())
def test_what_was_written_is_read_back(pieces, block, joined):
    log = b""
    for number, (stream, data) in enumerate(pieces):
        log += b"".join(format_record(Entry(TIME + number, stream, line)) for line in split_lines(data))
    joiner = Joiner()
    feed = joiner.feed_joined if joined else joiner.feed
    found = []
    for start in range(0, len(log), block):
        found += feed(log[start : start + block])
    found += joiner.flush()
    for stream in (STDOUT, STDERR):
        written = b"".join(data for s, data in pieces if s == stream)
        assert b"".join(e.data for e in found if e.stream == stream) == written
