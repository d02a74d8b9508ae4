"""HTTP/1.1 answers, cut into any pieces, and what is wrong with malformed ones."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.wire.http1 import BodyReader, ProtocolError, ResponseHead, request_head, split_head

CUTS = st.lists(st.integers(0, 400), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def head(status: int = 200, **headers: str) -> ResponseHead:
    return ResponseHead(status, "OK", {k.replace("_", "-"): v for k, v in headers.items()}, "HTTP/1.1")


def test_head() -> None:
    found = split_head(b"HTTP/1.1 404 Not Found\r\nA-b:  c \r\nX: 1\r\nx: 2\r\n\r\nrest")
    assert found is not None
    parsed, rest = found
    assert (parsed.status, parsed.reason, rest) == (404, "Not Found", b"rest")
    assert parsed.headers == {"a-b": "c", "x": "1, 2"}


def test_head_may_be_incomplete_or_wrong() -> None:
    assert split_head(b"HTTP/1.1 200 OK\r\nA: b\r\n") is None
    for wrong in (
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nnocolon\r\n\r\n",
    ):
        with pytest.raises(ProtocolError):
            split_head(wrong)
    with pytest.raises(ProtocolError, match="endless header"):
        split_head(b"a" * 300_000)


@given(st.binary(max_size=300), CUTS, st.binary(max_size=20))
def test_counted_body(body: bytes, cuts: list[int], behind: bytes) -> None:
    reader = BodyReader("GET", head(content_length=str(len(body))))
    got = b"".join(reader.feed(piece) for piece in pieces(body + behind, cuts))
    assert got == body
    assert reader.complete()


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), CUTS)
def test_chunked_body(chunks: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nT: x\r\n\r\n"
    reader = BodyReader("GET", head(transfer_encoding="chunked"))
    assert b"".join(reader.feed(piece) for piece in pieces(sent, cuts)) == b"".join(chunks)
    assert reader.complete()
    reader.eof()


def test_body_without_length_ends_with_the_connection() -> None:
    reader = BodyReader("GET", head())
    assert reader.feed(b"abc") == b"abc"
    assert not reader.complete()
    reader.eof()
    assert reader.complete()


def test_answers_without_a_body() -> None:
    assert BodyReader("HEAD", head(content_length="5")).complete()
    assert BodyReader("POST", head(204)).complete()
    assert BodyReader("POST", head(304, content_length="9")).complete()
    assert BodyReader("GET", head(content_length="0")).complete()


def test_cut_short() -> None:
    for given_head, data in (
        (head(content_length="5"), b"abc"),
        (head(transfer_encoding="chunked"), b"5\r\nabc"),
        (head(transfer_encoding="chunked"), b"3\r\nabc\r\n"),
    ):
        reader = BodyReader("GET", given_head)
        reader.feed(data)
        with pytest.raises(ProtocolError, match="unexpected EOF"):
            reader.eof()


@pytest.mark.parametrize("data", [b"xyz\r\n", b"3\r\nabcdef\r\n", b"1" * 5000])
def test_malformed_chunks(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="malformed chunk"):
        BodyReader("GET", head(transfer_encoding="chunked")).feed(data)


def test_malformed_length() -> None:
    with pytest.raises(ProtocolError, match="Content-Length"):
        BodyReader("GET", head(content_length="-5"))


def test_request_head() -> None:
    assert request_head("GET", "/x", {"Host": "h"}) == b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
