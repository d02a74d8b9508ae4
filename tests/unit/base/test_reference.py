"""Image names, checked against the rules and texts of distribution/reference."""

import pytest

from berth.base.errors import InvalidArgument
from berth.base.reference import ImageRef, parse_reference

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("ubuntu:22.04", "docker.io/library/ubuntu:22.04", "ubuntu:22.04"),
        ("library/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("docker.io/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("index.docker.io/library/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("user/app:v1", "docker.io/user/app:v1", "user/app:v1"),
        ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("host:5000/app:v1", "host:5000/app:v1", "host:5000/app:v1"),
        ("ghcr.io/a/b_c/d__e/f-g/h--i.j", "ghcr.io/a/b_c/d__e/f-g/h--i.j", "ghcr.io/a/b_c/d__e/f-g/h--i.j"),
        ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo"),
        (f"ubuntu@sha256:{HEX}", f"docker.io/library/ubuntu@sha256:{HEX}", f"ubuntu@sha256:{HEX}"),
        (f"a/b:t@sha256:{HEX}", f"docker.io/a/b:t@sha256:{HEX}", f"a/b:t@sha256:{HEX}"),
    ],
)
def test_names_are_normalised(text: str, full: str, familiar: str) -> None:
    ref = parse_reference(text)
    assert str(ref) == full
    assert ref.familiar == familiar
    assert parse_reference(full) == ref


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid reference format"),
        (":tag", "invalid reference format"),
        ("a:", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("-a", "invalid reference format"),
        ("a-", "invalid reference format"),
        ("a..b", "invalid reference format"),
        ("a___b", "invalid reference format"),
        ("a:" + "t" * 129, "invalid reference format"),
        ("a:-t", "invalid reference format"),
        ("a@sha256:123", "invalid reference format"),
        ("a@", "invalid reference format"),
        ("Foo/bar", "invalid reference format: repository name (Foo/bar) must be lowercase"),
        ("Ubuntu", "invalid reference format: repository name (library/Ubuntu) must be lowercase"),
        ("docker.io/Ubuntu", "invalid reference format: repository name (library/Ubuntu) must be lowercase"),
        (HEX, f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"),
    ],
)
def test_what_is_no_name(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_reference(text)
    assert str(caught.value) == message


def test_a_name_has_a_limit() -> None:
    parse_reference("host.io/" + "a" * 255)
    with pytest.raises(InvalidArgument, match="must not be more than 255 characters"):
        parse_reference("host.io/" + "a" * 256)


def test_latest_is_the_default_where_nothing_was_said() -> None:
    assert parse_reference("a").with_default_tag().tag == "latest"
    assert parse_reference("a:b").with_default_tag().tag == "b"
    digest_only = parse_reference(f"a@sha256:{HEX}")
    assert digest_only.with_default_tag() == digest_only


def test_equal_names_are_equal() -> None:
    assert parse_reference("ubuntu") == ImageRef("docker.io", "library/ubuntu")
