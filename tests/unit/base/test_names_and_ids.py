"""Identifiers, digests and the names of those that were given none."""

import hashlib

import pytest

from berth.base.digest import digest_hex, parse_digest, sha256
from berth.base.errors import BerthError, InvalidArgument
from berth.base.ids import is_hex, new_id, short_id
from berth.base.names import random_name


def test_new_ids_are_docker_ids() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    for value in ids:
        assert len(value) == 64
        assert is_hex(value)
        assert not value[:12].isdigit()


def test_short_id_drops_the_algorithm() -> None:
    assert short_id("sha256:" + "0123456789abcdef" * 4) == "0123456789ab"
    assert short_id("0123456789abcdef" * 4) == "0123456789ab"


@pytest.mark.parametrize(
    ("text", "answer"), [("a0", True), ("", False), ("A0", False), ("g", False), ("a" * 65, False)]
)
def test_is_hex(text: str, answer: bool) -> None:
    assert is_hex(text) is answer


def test_sha256_of_bytes() -> None:
    digest = sha256(b"abc")
    assert digest_hex(digest) == hashlib.sha256(b"abc").hexdigest()
    assert parse_digest(digest) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:abc",
        "md5:" + "a" * 32,
        "sha256:" + "A" * 64,
        "a" * 64,
        "sha512:" + "a" * 64,
    ],
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid digest"):
        parse_digest(text)


def test_random_names_look_like_dockers() -> None:
    adjective, _, surname = random_name(lambda name: False).partition("_")
    assert adjective.isalpha()
    assert surname.isalpha()


def test_a_taken_name_is_not_given_again() -> None:
    given: set[str] = set()
    for _ in range(300):
        name = random_name(given.__contains__)
        assert name not in given
        given.add(name)


def test_when_all_pairs_are_taken_a_longer_one_is_made() -> None:
    assert len(random_name(lambda name: len(name.partition("_")[2]) < 12 or True)) > 12


def test_errors_carry_a_line_and_maybe_a_remedy() -> None:
    error = InvalidArgument("no", hint="yes")
    assert (str(error), error.message, error.hint) == ("no", "no", "yes")
    assert isinstance(error, BerthError)
    assert InvalidArgument("no").hint is None
