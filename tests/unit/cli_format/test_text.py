"""Small texts of tables."""

import pytest

from berth.cli.format.names import split_reference
from berth.cli.format.text import display_width, ellipsis, join_host_port, natural_key, quote, truncate_id


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        ("short", 20, "short"),
        ("exactly", 7, "exactly"),
        ("a bit too long", 5, "a bi…"),
        ("abc", 1, "a"),
        ("abc", 0, ""),
        ("你好世界", 8, "你好世界"),
        ("你好世界", 6, "你好…"),
        ("你好世界", 5, "你好…"),
        ("é" * 5, 4, "ééé…"),
    ],
)
def test_ellipsis(text: str, width: int, wanted: str) -> None:
    assert ellipsis(text, width) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", '"plain"'),
        ('say "hi" \\', '"say \\"hi\\" \\\\"'),
        ("a\tb\n\x01\x7f", '"a\\tb\\n\\x01\\x7f"'),
        ("ü…", '"ü…"'),
        ("\u200b\U000e0001", '"\\u200b\\U000e0001"'),
        (b"\xff".decode("utf-8", "surrogateescape"), '"\\xff"'),
    ],
)
def test_quote(text: str, wanted: str) -> None:
    assert quote(text) == wanted


def test_width_counts_columns() -> None:
    assert display_width("abc") == 3
    assert display_width("世界") == 4
    assert display_width("e\u0301") == 1


def test_natural_order() -> None:
    names = ["net10", "net2", "a", "2", "10", "net02", "b1x", "b1"]
    assert sorted(names, key=natural_key) == ["2", "10", "a", "b1", "b1x", "net2", "net02", "net10"]


def test_short_forms() -> None:
    assert truncate_id("sha256:" + "ab" * 32) == "ab" * 6
    assert truncate_id("ab" * 32) == "ab" * 6
    assert join_host_port("::", 80) == "[::]:80"
    assert join_host_port("1.2.3.4", "80") == "1.2.3.4:80"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ubuntu", ("ubuntu", "", "")),
        ("docker.io/library/ubuntu:22.04", ("ubuntu", "22.04", "")),
        ("index.docker.io/library/ubuntu", ("ubuntu", "", "")),
        ("docker.io/me/app", ("me/app", "", "")),
        ("host:5000/a/b:v1@sha256:aa", ("host:5000/a/b", "v1", "sha256:aa")),
        ("host:5000/a", ("host:5000/a", "", "")),
    ],
)
def test_references_split(text: str, wanted: tuple[str, str, str]) -> None:
    assert split_reference(text) == wanted
