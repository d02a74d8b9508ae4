"""Words of flags that only listings and networks take."""

import pytest

from berth.base.errors import InvalidArgument
from berth.cli.image.platform import parse_platform
from berth.cli.network.ipam import ipam_config


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("linux/amd64", {"os": "linux", "architecture": "amd64"}),
        ("linux/x86_64", {"os": "linux", "architecture": "amd64"}),
        ("linux/arm64/v8", {"os": "linux", "architecture": "arm64"}),
        ("linux/arm", {"os": "linux", "architecture": "arm", "variant": "v7"}),
        ("aarch64", {"os": "linux", "architecture": "arm64"}),
        ("linux/arm/v6", {"os": "linux", "architecture": "arm", "variant": "v6"}),
    ],
)
def test_platforms(text: str, wanted: dict[str, str]) -> None:
    assert parse_platform(text) == wanted


@pytest.mark.parametrize("text", ["", "a/b/c/d", "linux//", "linux/am d64"])
def test_no_platforms(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_platform(text)


def test_addresses_find_their_subnets() -> None:
    pools = ipam_config(
        ["10.1.0.0/16", "fd00::/64"], ["10.1.2.0/24"], ["fd00::1", "10.1.0.1"], {"router": "10.1.0.9"}
    )
    assert pools == [
        {
            "Subnet": "10.1.0.0/16",
            "IPRange": "10.1.2.0/24",
            "Gateway": "10.1.0.1",
            "AuxiliaryAddresses": {"router": "10.1.0.9"},
        },
        {"Subnet": "fd00::/64", "Gateway": "fd00::1"},
    ]


def test_two_gateways_for_one_subnet() -> None:
    with pytest.raises(InvalidArgument, match="cannot configure multiple gateways"):
        ipam_config(["10.1.0.0/16", "10.2.0.0/16"], [], ["10.1.0.1", "10.1.0.2"], {})
