"""Sizes and durations, checked against what Go's libraries print and accept."""

import pytest

from berth.base.errors import InvalidArgument
from berth.base.units import human_binary_size, human_duration, human_size, parse_duration, parse_size

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("32", 32),
        ("32b", 32),
        ("32B", 32),
        ("32k", 32 << 10),
        ("32KB", 32 << 10),
        ("32kib", 32 << 10),
        ("8g", 8 << 30),
        ("64M", 64 << 20),
        ("32.5kB", 33280),
        ("1.5GiB", 3 << 29),
        ("2t", 2 << 40),
        ("1p", 1 << 50),
        ("32 mb", 32 << 20),
        ("32.3", 32),
    ],
)
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "hello", "-1", "-32k", "32bm", "8gg", "1_0", "nan", "inf", ".", "1e400k"]
)
def test_parse_size_refuses(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^invalid (size|suffix): '"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1, "1B"),
        (999, "999B"),
        (1000, "1kB"),
        (1024, "1.02kB"),
        (123_456_789, "123MB"),
        (1_980_000, "1.98MB"),
        (77_800_000, "77.8MB"),
        (999_999, "1e+03kB"),
        (10**12, "1TB"),
        (10**18, "1EB"),
    ],
)
def test_human_size(size: int, text: str) -> None:
    assert human_size(size) == text  # Go's %.3g, exponent and all: scripts compare with Docker's tables


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (1023, "1023B"), (1024, "1KiB"), (2_087_354_106, "1.944GiB"), (1 << 60, "1EiB")],
)
def test_human_binary_size(size: int, text: str) -> None:
    assert human_binary_size(size) == text


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("+0", 0),
        ("5s", 5 * 10**9),
        ("30s", 30 * 10**9),
        ("1478s", 1478 * 10**9),
        ("-5s", -5 * 10**9),
        ("5.6s", 5_600_000_000),
        (".5s", 500_000_000),
        ("5.s", 5 * 10**9),
        ("10ns", 10),
        ("11us", 11_000),
        ("12µs", 12_000),
        ("12μs", 12_000),
        ("13ms", 13_000_000),
        ("3h30m", 12_600 * 10**9),
        ("1h2m3.5s", 3_723_500_000_000),
        ("-1.5h", -5400 * 10**9),
    ],
)
def test_parse_duration(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("s", 'time: invalid duration "s"'),
        (".s", 'time: invalid duration ".s"'),
        ("3", 'time: missing unit in duration "3"'),
        ("1h30", 'time: missing unit in duration "1h30"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1..5s", 'time: invalid duration "1..5s"'),
    ],
)
def test_parse_duration_refuses_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.45, "Less than a second"),
        (1, "1 second"),
        (45, "45 seconds"),
        (46, "46 seconds"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (61, "About a minute"),
        (3 * MINUTE, "3 minutes"),
        (35 * MINUTE + 40, "35 minutes"),
        (45 * MINUTE, "45 minutes"),
        (HOUR, "About an hour"),
        (HOUR + 45 * MINUTE, "2 hours"),
        (3 * HOUR, "3 hours"),
        (3 * HOUR + 59 * MINUTE, "4 hours"),
        (24 * HOUR, "24 hours"),
        (36 * HOUR, "36 hours"),
        (2 * DAY, "2 days"),
        (7 * DAY, "7 days"),
        (13 * DAY + 5 * HOUR, "13 days"),
        (2 * 7 * DAY, "2 weeks"),
        (4 * 7 * DAY, "4 weeks"),
        (59 * DAY, "8 weeks"),
        (2 * 30 * DAY, "2 months"),
        (23 * 30 * DAY, "23 months"),
        (365 * DAY, "12 months"),
        (2 * 365 * DAY, "2 years"),
        (3 * 365 * DAY + 60 * DAY, "3 years"),
    ],
)
def test_human_duration(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text
