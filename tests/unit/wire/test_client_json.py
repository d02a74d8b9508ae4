"""The client's JSON is the standard library's JSON, only quicker to import."""

import json as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.wire import json
from berth.wire.jsonlines import JsonLines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_there_and_back(value: object) -> None:
    text = json.dumps(value)
    assert text == standard.dumps(value, separators=(",", ":"))
    assert json.loads(text) == value
    assert json.loads(f" {standard.dumps(value, indent=1)}\n".encode()) == value


@pytest.mark.parametrize("text", ["", " ", "{", "[1] 2", '{"a":}', "nope", "'a'", '"\n"'])
def test_not_json(text: str) -> None:
    with pytest.raises(ValueError):
        json.loads(text)


def test_bytes_that_are_no_utf8_do_not_stop_it() -> None:
    assert json.loads(b'"\xff"') == "\ufffd"


def test_refuses_other_types() -> None:
    with pytest.raises(TypeError, match="bytes"):
        json.dumps({"a": b"x"})


@given(st.lists(VALUES, max_size=5), st.integers(1, 30), st.booleans())
def test_lines(values: list[object], step: int, end: bool) -> None:
    data = "\r\n".join(standard.dumps(value) for value in values).encode() + b"\n" * end
    lines = JsonLines()
    got = [found for at in range(0, len(data), step) for found in lines.feed(data[at : at + step])]
    assert got + lines.close() == values
