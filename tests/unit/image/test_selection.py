"""Which manifest of an index is meant for a platform."""

import pytest

from berth.base.errors import InvalidArgument
from berth.image.manifest import Descriptor, Platform
from berth.image.selection import format_platform, matches, parse_platform, select


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("arm64", "linux/arm64"),
        ("LINUX/AMD64", "linux/amd64"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_platforms(text: str, expected: str) -> None:
    assert format_platform(parse_platform(text)) == expected


@pytest.mark.parametrize("text", ["a/b/c/d", "/", "linux//v7", "linux/a b"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_platform(text)


def entry(name: str, platform: str | None, **annotations: str) -> Descriptor:
    made_for = None
    if platform:
        parts = (*platform.split("/"), "")
        made_for = Platform(os=parts[0], architecture=parts[1], variant=parts[2])
    return Descriptor(digest=name, platform=made_for, annotations=annotations or None)


def test_the_best_of_those_that_fit() -> None:
    index = [
        entry("none", None),
        entry("v6", "linux/arm/v6"),
        entry("v7", "linux/arm/v7"),
        entry("v8", "linux/arm/v8"),
        entry("amd", "linux/amd64"),
        entry("second", "linux/amd64"),
    ]
    chosen = {text: select(index, parse_platform(text)) for text in ("linux/arm", "linux/arm/v6", "amd64")}
    assert {text: found.digest if found else None for text, found in chosen.items()} == {
        "linux/arm": "v7",
        "linux/arm/v6": "v6",
        "amd64": "amd",
    }
    assert select(index, parse_platform("s390x")) is None


def test_attestations_are_no_images() -> None:
    attestation = Descriptor(
        digest="a",
        platform=Platform(os="linux", architecture="amd64"),
        annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )
    assert select([attestation], parse_platform("amd64")) is None


def test_variants_that_nobody_stated() -> None:
    assert matches(parse_platform("linux/arm64"), Platform(os="linux", architecture="arm64", variant="v8"))
    assert matches(parse_platform("linux/arm/v7"), Platform(os="linux", architecture="arm"))
    assert not matches(parse_platform("linux/arm/v6"), Platform(os="linux", architecture="arm", variant="v7"))
