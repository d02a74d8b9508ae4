"""The reference filter: Go's path.Match over the forms of a name."""

import pytest

from berth.base.errors import InvalidArgument
from berth.base.reference import parse_reference
from berth.engine.image.patterns import matches


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("busybox", "busybox:1.36", True),
        ("busybox:1.36", "busybox:1.36", True),
        ("busybox:1.35", "busybox:1.36", False),
        ("busy*", "busybox:1.36", True),
        ("*", "busybox:1.36", True),
        ("*", "user/app:1", False),
        ("*/*", "user/app:1", True),
        ("b?sybox", "busybox:1", True),
        ("b[tu]sybox", "busybox:1", True),
        ("b[^tu]sybox", "busybox:1", False),
        ("b[a-z]sybox:*", "busybox:1", True),
        ("docker.io/library/busybox", "busybox:1", True),
        ("docker.io/library/busybox:1", "busybox:1", True),
        ("host:5000/app", "host:5000/app:1", True),
        ("app", "host:5000/app:1", False),
        ("a.b", "axb:1", False),
        ("\\busybox", "busybox:1", True),
    ],
)
def test_matches(pattern, name, expected):
    assert matches(pattern, parse_reference(name)) is expected


@pytest.mark.parametrize("pattern", ["[", "[]", "a[", "a\\", "[z-a]"])
def test_broken_patterns_are_refused(pattern):
    with pytest.raises(InvalidArgument, match="syntax error in pattern"):
        matches(pattern, parse_reference("busybox"))
