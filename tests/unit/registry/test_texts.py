"""Headers, addresses and errors: text to values and back."""

import base64

import pytest

from berth.base.errors import InvalidArgument
from berth.registry.address import Url, parse_url, proxy_for
from berth.registry.challenge import parse_challenges
from berth.registry.credentials import ANONYMOUS, Credentials, complete, decode_header
from berth.registry.errors import parse_refusal
from berth.registry.settings import Proxies


def test_a_bearer_challenge() -> None:
    header = 'Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"'
    (challenge,) = parse_challenges([header])
    assert challenge.scheme == "bearer"
    assert challenge.parameters == {
        "realm": "https://auth.example/token",
        "service": "reg",
        "scope": "repository:a/b:pull,push",
    }


def test_several_challenges_in_one_header_and_in_several() -> None:
    found = parse_challenges(['Negotiate, Basic realm="a \\"quoted\\" one", Bearer realm=x', "Digest"])
    assert [challenge.scheme for challenge in found] == ["negotiate", "basic", "bearer", "digest"]
    assert found[1].parameters == {"realm": 'a "quoted" one'}


@pytest.mark.parametrize("text", ["", ",,", '"', "=", 'Basic realm="never closed', "Basic realm", "\x00"])
def test_bad_challenges_break_nothing(text: str) -> None:
    assert all(challenge.scheme for challenge in parse_challenges([text]))


def test_credentials_of_a_header() -> None:
    data = b'{"username":"alice","password":"s\xc3\xa9cret","serveraddress":"host:5000"}'
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for text in (encode(data).decode(), encode(data).decode().rstrip("=")):
            assert decode_header(text) == Credentials(
                username="alice", password="sécret", server_address="host:5000"
            )


@pytest.mark.parametrize("text", ["", "!!!", "e30=", "bm8=", "W10="])
def test_a_header_that_says_nothing(text: str) -> None:
    assert decode_header(text) == ANONYMOUS and not decode_header(text)


def test_user_and_password_in_one() -> None:
    given = Credentials(auth=base64.b64encode(b"a:b:c").decode())
    assert complete(given).username == "a" and complete(given).password == "b:c"


def test_secrets_do_not_print() -> None:
    secret = Credentials(username="alice", password="hunter2", identity_token="t0k", server_address="h")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}" and "t0k" not in repr(secret)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://host/v2/", Url("https", "host", 443, "/v2/")),
        ("http://127.0.0.1:5000", Url("http", "127.0.0.1", 5000, "/")),
        ("https://[::1]:5000/x?y=1", Url("https", "::1", 5000, "/x?y=1")),
        ("https://user:pw@host/x", Url("https", "host", 443, "/x")),
    ],
)
def test_urls(text: str, expected: Url) -> None:
    assert parse_url(text) == expected


@pytest.mark.parametrize(
    "text", ["", "host/x", "ftp://host/", "http://", "http://h:x/", "http://h/a b", "http://h/\n"]
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_url(text)


def test_urls_print_without_the_usual_port() -> None:
    assert str(parse_url("https://host:443/x")) == "https://host/x"
    assert str(parse_url("https://[::1]:5000/x")) == "https://[::1]:5000/x"
    assert str(parse_url("http://host/a/b").join("../c?d")) == "http://host/c?d"
    assert str(parse_url("http://host/a").join("https://other/b")) == "https://other/b"


PROXIES = Proxies(
    http="http://u:p%40@proxy:3128", https="proxy:3129", exceptions="near,.local,10.0.0.0/8,far:81,*.dots"
)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://far/", "http://proxy:3128/"),
        ("https://far/", "http://proxy:3129/"),
        ("http://near/", ""),
        ("http://sub.near/", ""),
        ("http://nearby/", "http://proxy:3128/"),
        ("http://x.local/", ""),
        ("http://x.dots/", ""),
        ("http://10.1.2.3/", ""),
        ("http://11.1.2.3/", "http://proxy:3128/"),
        ("http://far:81/", ""),
        ("http://127.0.0.1:5000/", ""),
        ("http://localhost/", ""),
    ],
)
def test_proxies(url: str, proxy: str) -> None:
    found = proxy_for(parse_url(url), PROXIES)
    assert (str(found.url) if found else "") == proxy


def test_a_proxy_with_a_user() -> None:
    found = proxy_for(parse_url("http://far/"), PROXIES)
    assert found is not None
    assert found.authorization == "Basic " + base64.b64encode(b"u:p@").decode()
    assert "p@" not in repr(found)


def refusal(status: int, body: bytes, *, scope_missing: bool = False) -> tuple[str, str]:
    error = parse_refusal(status, body, where='Get "https://h/v2/"', scope_missing=scope_missing)
    return error.code, error.message


def test_refusals_in_the_words_of_docker() -> None:
    body = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}'
    assert refusal(404, body) == ("MANIFEST_UNKNOWN", "manifest unknown: manifest unknown")
    assert refusal(401, b"") == ("UNAUTHORIZED", "unauthorized: authentication required")
    assert refusal(401, body, scope_missing=True) == (
        "DENIED",
        "denied: requested access to the resource is denied",
    )
    assert refusal(502, b"<html>")[1] == (
        'Get "https://h/v2/": received unexpected HTTP status: 502 Bad Gateway'
    )
    assert refusal(401, b'{"details":"incorrect username or password"}') == (
        "UNAUTHORIZED",
        "unauthorized: incorrect username or password",
    )


def test_a_refusal_is_one_line() -> None:
    body = b'{"errors":[{"code":"DENIED","message":"a\\nb\\u001b[31mc"}]}'
    assert refusal(403, body)[1] == "denied: a b [31mc"
