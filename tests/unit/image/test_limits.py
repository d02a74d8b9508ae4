"""What is taken for a bomb, and what is only small because it is dull."""

from pathlib import Path

import pytest

from berth.base.errors import InvalidArgument, Unavailable
from berth.image.limits import Limits, Meter

MIB = 1 << 20


def test_a_bomb(tmp_path: Path) -> None:
    meter = Meter(Limits(free_bytes=64 * MIB, ratio=10), tmp_path)
    meter.compressed = 1000
    meter.count(64 * MIB)
    with pytest.raises(InvalidArgument, match="from 1000: refused as a bomb"):
        for _ in range(3):
            meter.count(64 * MIB)


def test_zeros_are_legal(tmp_path: Path) -> None:
    """A layer of zeros compresses by a thousand."""
    meter = Meter(Limits(), tmp_path)
    meter.compressed = MIB
    for _ in range(16):
        meter.count(64 * MIB)


def test_a_large_layer_that_was_large_before(tmp_path: Path) -> None:
    meter = Meter(Limits(free_bytes=64 * MIB, ratio=10), tmp_path)
    for _ in range(10):
        meter.compressed += 32 * MIB
        meter.count(64 * MIB)


def test_there_is_an_end_to_all_of_it(tmp_path: Path) -> None:
    meter = Meter(Limits(plain_bytes=100 * MIB), tmp_path)
    meter.compressed = 99 * MIB
    with pytest.raises(InvalidArgument, match="refused as a bomb"):
        for _ in range(4):
            meter.count(64 * MIB)


def test_the_disk_is_not_filled_to_its_end(tmp_path: Path) -> None:
    meter = Meter(Limits(disk_reserve=1 << 60), tmp_path)
    with pytest.raises(Unavailable, match="no space left on device"):
        meter.count(1)
