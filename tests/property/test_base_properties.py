"""Laws of the base room that must hold for any input."""

from hypothesis import given
from hypothesis import strategies as st

from berth.base.digest import parse_digest, sha256
from berth.base.errors import InvalidArgument
from berth.base.reference import parse_reference
from berth.base.units import human_duration, human_size, parse_duration, parse_size

COMPONENT = st.from_regex(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", fullmatch=True).filter(
    lambda c: len(c) < 60
)
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
DOMAIN = st.sampled_from(["", "localhost/", "localhost:5000/", "ghcr.io/", "docker.io/", "[::1]:5000/"])


@given(DOMAIN, st.lists(COMPONENT, min_size=1, max_size=3), TAG)
def test_a_normalised_name_is_a_fixed_point(domain: str, parts: list[str], tag: str) -> None:
    if not domain and len(parts) > 1:
        parts[0] = parts[0].replace(".", "-")  # with a dot it would be taken for a registry
    text = f"{domain}{'/'.join(parts)}:{tag}"
    ref = parse_reference(text)
    assert ref.tag == tag
    assert parse_reference(str(ref)) == ref
    assert parse_reference(ref.familiar) == ref


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        ref = parse_reference(text)
    except InvalidArgument:
        return
    assert parse_reference(str(ref)) == ref


@given(
    st.integers(min_value=0, max_value=1 << 50), st.sampled_from(["", "b", "k", "KB", "m", "MiB", "g", "Gb"])
)
def test_whole_sizes_are_exact(number: int, unit: str) -> None:
    factor = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}[unit[:1].lower()]
    assert parse_size(f"{number}{unit}") == number * factor


@given(st.text(max_size=20))
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        assert parse_size(text) >= 0
    except InvalidArgument:
        return


@given(st.integers(min_value=0, max_value=10**20))
def test_human_sizes_stay_short(size: int) -> None:
    assert len(human_size(size)) <= 8


@given(
    st.integers(min_value=0, max_value=2000),
    st.integers(min_value=0, max_value=59),
    st.integers(min_value=0, max_value=59),
)
def test_durations_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == (hours * 3600 + minutes * 60 + seconds) * 10**9


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        parse_duration(text)
    except InvalidArgument:
        return


@given(st.floats(min_value=0, max_value=10**10))
def test_every_age_has_words(seconds: float) -> None:
    assert human_duration(seconds)


@given(st.binary(max_size=200))
def test_a_digest_parses(data: bytes) -> None:
    assert parse_digest(sha256(data)) == sha256(data)
