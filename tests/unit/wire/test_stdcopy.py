"""Docker's framing of two streams on one, cut into any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.wire.stdcopy import STDERR, STDOUT, Demultiplexer, FrameError, frame

FRAMES = st.lists(st.tuples(st.sampled_from((STDOUT, STDERR)), st.binary(max_size=50)), max_size=10)


@given(FRAMES, st.integers(1, 40))
def test_any_cut_gives_the_same_bytes(frames: list[tuple[int, bytes]], step: int) -> None:
    data = b"".join(frame(stream, payload) for stream, payload in frames)
    splitter = Demultiplexer()
    got = {STDOUT: b"", STDERR: b""}
    for at in range(0, len(data), step):
        for stream, piece in splitter.feed(data[at : at + step]):
            got[stream] += piece
    for stream in got:
        assert got[stream] == b"".join(payload for owner, payload in frames if owner == stream)


def test_payload_is_not_held_back() -> None:
    assert Demultiplexer().feed(frame(STDERR, b"abcdef")[:10]) == [(STDERR, b"ab")]


def test_header() -> None:
    assert frame(STDOUT, b"hi") == b"\x01\0\0\0\0\0\0\x02hi"


def test_unknown_stream() -> None:
    with pytest.raises(FrameError, match="Unrecognized input header: 72"):
        Demultiplexer().feed(b"HTTP/1.1 500 x")
