"""``builder`` of daemon.json: what is understood, and what is refused by its name."""

from typing import Any

import pytest

from berth.base.errors import InvalidArgument
from berth.build.cache_policy import Bounds, Rule
from berth.daemon.build_settings import build_rules, is_entitled

GB = 1 << 30


@pytest.mark.parametrize(
    ("gc", "expected"),
    [
        ({}, None),
        ({"enabled": True}, None),
        ({"enabled": False, "defaultKeepStorage": "1GB"}, ()),
        ({"defaultKeepStorage": "20GB"}, (Rule(Bounds(reserved=20 * GB)),)),
        (
            {"defaultReservedSpace": "1GB", "defaultMaxUsedSpace": "3GB", "defaultMinFreeSpace": "2GB"},
            (Rule(Bounds(GB, 3 * GB, 2 * GB)),),
        ),
        (
            {"policy": [{"keepStorage": "10GB", "filter": ["unused-for=2200h"]}, {"all": True}]},
            (
                Rule(Bounds(reserved=10 * GB), {"unused-for": ("2200h",)}, all=False),
                Rule(Bounds(), {}, all=True),
            ),
        ),
        ({"policy": [{"filter": ["type==regular"]}]}, (Rule(Bounds(), {"type": ("regular",)}, all=False),)),
    ],
)
def test_rules(gc: dict[str, Any], expected: tuple[Rule, ...] | None) -> None:
    assert build_rules({"gc": gc}) == expected


@pytest.mark.parametrize(
    ("builder", "named"),
    [
        ([], "builder"),
        ({"gcc": {}}, "gcc"),
        ({"gc": {"keep": 1}}, "keep"),
        ({"gc": {"enabled": "yes"}}, "builder.gc.enabled"),
        ({"gc": {"defaultKeepStorage": "much"}}, "builder.gc.defaultKeepStorage"),
        ({"gc": {"policy": {}}}, "builder.gc.policy"),
        ({"gc": {"policy": [{}, {"keepstorage": 1}]}}, r"builder.gc.policy\[1\]: keepstorage"),
        ({"gc": {"policy": [{"filter": ["colour=red"]}]}}, "colour"),
        ({"gc": {"policy": [{"filter": ["until=1h", "unused-for=1h"]}]}}, "until and unused-for"),
    ],
)
def test_what_means_nothing_is_named(builder: Any, named: str) -> None:
    with pytest.raises(InvalidArgument, match=named):
        build_rules(builder)


def test_entitlements() -> None:
    assert is_entitled({"entitlements": {"security-insecure": True}}, "security-insecure")
    assert not is_entitled({}, "security-insecure")
    with pytest.raises(InvalidArgument, match="insecure-security"):
        is_entitled({"entitlements": {"insecure-security": True}}, "security-insecure")
