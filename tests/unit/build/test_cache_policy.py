"""Which entries of the cache go, by filters and by space."""

import pytest

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.build.cache_policy import (
    Bounds,
    CacheEntry,
    Disk,
    age_filter,
    default_bounds,
    freed_bytes,
    matching,
    select,
    used_bytes,
    within,
)

PLENTY = Disk(total=1000, free=900)


def entry(name: str, size: int = 10, **given) -> CacheEntry:
    return CacheEntry(id=name, size=size, **{"content": name, "used_ns": 100, **given})


def names(entries) -> str:
    return "".join(one.id for one in entries)


A = entry("a", used_ns=10, parents=("b",), description="RUN x")
B = entry("b", used_ns=20, type="exec.cachemount", content="")
C = entry("c", used_ns=30, in_use=True)
D = entry("d", used_ns=0, created_ns=40, shared=True)
ALL = [A, B, C, D]


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        ({}, "abcd"),
        ({"id": ["^[ab]$"]}, "ab"),
        ({"parent": ["b"]}, "a"),
        ({"type": ["exec.cachemount"]}, "b"),
        ({"description": ["RUN x"]}, "a"),
        ({"description": ["RUN"]}, ""),
        ({"inuse": ["true"]}, "c"),
        ({"inuse": ["false"]}, "abd"),
        ({"shared": [""]}, "d"),
        ({"private": ["1"]}, "abc"),
        ({"private": ["0"], "inuse": ["0"]}, "d"),
    ],
)
def test_filters(filters: dict[str, list[str]], chosen: str) -> None:
    assert names(matching(ALL, Filters(filters))) == chosen


@pytest.mark.parametrize(
    "filters", [{"id": ["a", "b"]}, {"inuse": ["maybe"]}, {"id": ["("]}, {"shared": ["1", "0"]}]
)
def test_filters_that_cannot_be(filters: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidArgument):
        matching(ALL, Filters(filters))


def test_ages() -> None:
    assert age_filter(Filters({"until": ["24h"]})) == age_filter(Filters({"unused-for": ["24h"]})) == "24h"
    assert age_filter(Filters()) is None
    with pytest.raises(InvalidArgument, match="conflicting"):
        age_filter(Filters({"until": ["1h"], "unused-for": ["1h"]}))
    assert names(matching(ALL, Filters(), before_ns=20)) == "ab"
    assert names(matching(ALL, Filters(), before_ns=40)) == "abcd"


def test_what_a_prune_may_take() -> None:
    assert names(select(ALL, Filters(), all=False)) == "ab"
    assert names(select(ALL, Filters(), all=True)) == "abd"
    assert names(select(ALL, Filters({"inuse": ["true"]}), all=True)) == ""


def test_the_longest_unused_first() -> None:
    entries = [
        entry("a", used_ns=3),
        entry("b", used_ns=1),
        entry("c", used_ns=2),
        entry("d", used_ns=1, depth=9),
    ]
    assert names(within(entries, entries, Bounds(), PLENTY)) == "dbca"
    assert names(within(entries, entries, Bounds(max_used=20), PLENTY)) == "db"
    assert names(within(entries, entries, Bounds(max_used=40), PLENTY)) == ""
    assert names(within(entries, entries, Bounds(max_used=0), PLENTY)) == "dbca"
    assert names(within(entries, entries, Bounds(max_used=0, reserved=25), PLENTY)) == "db"
    assert names(within(entries, entries, Bounds(reserved=25), PLENTY)) == "db"


def test_free_space() -> None:
    entries = [entry("a", used_ns=1), entry("b", used_ns=2)]
    full = Disk(total=1000, free=5)
    assert names(within(entries, entries, Bounds(min_free=5), full)) == ""
    assert names(within(entries, entries, Bounds(min_free=6), full)) == "a"
    assert names(within(entries, entries, Bounds(min_free=500), full)) == "ab"
    assert names(within(entries, entries, Bounds(min_free=500, reserved=10), full)) == "a"
    assert names(within(entries, entries, Bounds(min_free=500, max_used=1000), full)) == "ab"


def test_bytes_that_several_entries_have() -> None:
    twice = [entry("a", content="l", used_ns=1), entry("b", content="l", used_ns=2), entry("c", used_ns=3)]
    assert used_bytes(twice) == 20
    assert names(within(twice, twice, Bounds(max_used=10), PLENTY)) == "ab"
    assert freed_bytes(twice, twice[:1]) == 0
    assert freed_bytes(twice, twice[:2]) == 10
    shared = [entry("a", shared=True), entry("b")]
    assert used_bytes(shared) == 10
    assert freed_bytes(shared, shared) == 10
    own = [entry("a", content=""), entry("b", content="")]
    assert used_bytes(own) == 20
    assert names(within(own, own, Bounds(max_used=10), PLENTY)) == "a"


def test_what_is_kept_when_nobody_says() -> None:
    assert default_bounds(Disk(100 * 10**9, 0)) == Bounds(max_used=10 * 10**9)
    assert default_bounds(Disk(10**13, 0)) == Bounds(max_used=20 * 10**9)
