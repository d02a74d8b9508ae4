"""Go's JSON, and raw JSON re-indented."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.cli.format.gojson import compact_raw, encode, encode_text, indent_raw

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "html", "wanted"),
    [
        ("a<b>&c", True, '"a\\u003cb\\u003e\\u0026c"'),
        ("a<b>&c", False, '"a<b>&c"'),
        ('"\\\n\t\b\f\x01\x7f', True, '"\\"\\\\\\n\\t\\b\\f\\u0001\x7f"'),
        ("ü\u2028", False, '"ü\\u2028"'),
        ("\ud800", False, '"\\ufffd"'),
    ],
)
def test_texts(text: str, html: bool, wanted: str) -> None:
    assert encode_text(text, html=html) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"), [(1.0, "1"), (1.5, "1.5"), (1e21, "1e+21"), (1e-7, "1e-07"), (0.00001, "0.00001")]
)
def test_floats(value: float, wanted: str) -> None:
    assert encode(value) == wanted


@given(JSON)
def test_indented_means_the_same(value: object) -> None:
    text = json.dumps(value)
    assert json.loads(indent_raw(text)) == value
    assert compact_raw(indent_raw(text)) == compact_raw(text)
    if not isinstance(value, str | int | type(None)):
        assert indent_raw(text) == json.dumps(value, indent=4)


def test_raw_keeps_what_was_written() -> None:
    raw = '{ "a" : 1.50, "b":"\\u003c\\"", "c":{ }, "d":[ ] }'
    assert compact_raw(raw) == '{"a":1.50,"b":"\\u003c\\"","c":{},"d":[]}'
    assert indent_raw(raw) == '{\n    "a": 1.50,\n    "b": "\\u003c\\"",\n    "c": {},\n    "d": []\n}'


@given(JSON)
def test_encoded_means_the_same(value: object) -> None:
    assert json.loads(encode(value)) == value
