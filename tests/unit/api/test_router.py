"""Routes, versions, arguments: what can be said without an engine."""

import pytest

from berth.api import versions
from berth.api.args import repo_tag, unix_time
from berth.api.router import Route, Router, split_version
from berth.api.routes import ROUTES
from berth.base.errors import InvalidArgument

ROUTER = Router(ROUTES)


def found(method: str, path: str):
    match = ROUTER.match(method, path)
    return None if match is None else (match.route.path, match.params)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/containers/json", ("/containers/json", {})),
        ("GET", "/containers/web/json", ("/containers/{name}/json", {"name": "web"})),
        ("GET", "/containers/json/json", ("/containers/{name}/json", {"name": "json"})),
        ("DELETE", "/containers/web", ("/containers/{name}", {"name": "web"})),
        ("GET", "/images/json", ("/images/json", {})),
        ("GET", "/images/host:5000/a/b:1/json", ("/images/{name}/json", {"name": "host:5000/a/b:1"})),
        ("GET", "/images/a@sha256:00/get", ("/images/{name}/get", {"name": "a@sha256:00"})),
        ("DELETE", "/images/a/b", ("/images/{name}", {"name": "a/b"})),
        ("HEAD", "/_ping", ("/_ping", {})),
        ("POST", "/exec/0f/start", ("/exec/{name}/start", {"name": "0f"})),
        ("GET", "/services/x/logs", ("/services/{name}", {"name": "x/logs"})),
        ("POST", "/containers/web", None),
        ("PATCH", "/info", None),
        ("GET", "/info/", None),
        ("GET", "/", None),
        ("GET", "", None),
    ],
)
def test_match(method, path, expected):
    assert found(method, path) == expected


def test_every_route_is_reachable():
    """No pattern hides a later one."""
    for route in ROUTES:
        path = route.path.replace("{name}", "some-name")
        match = ROUTER.match(route.method, path)
        assert match is not None
        assert match.route is route, f"{route.method} {route.path} is hidden by {match.route.path}"


def test_the_first_route_that_fits_wins():
    async def nothing(call):
        raise AssertionError

    first, second = Route("GET", "/a/{name}", nothing), Route("GET", "/a/{name}/json", nothing)
    match = Router((first, second)).match("GET", "/a/x/json")
    assert match is not None
    assert match.route is first


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1.44/info", ("1.44", "/info")),
        ("/v1.44/images/v1.2/json", ("1.44", "/images/v1.2/json")),
        ("/info", (None, "/info")),
        ("/v1.44", (None, "/v1.44")),
        ("/version", (None, "/version")),
        ("/volumes", (None, "/volumes")),
    ],
)
def test_split_version(path, expected):
    assert split_version(path) == expected


def test_versions_in_the_range():
    assert versions.parse("1.24") == (1, 24)
    assert versions.parse(versions.text(versions.NEWEST)) == versions.NEWEST


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("1.99", "client version 1.99 is too new. Maximum supported API version is 1.55"),
        (
            "1.10",
            "client version 1.10 is too old. Minimum supported API version is 1.24, "
            "please upgrade your client to a newer version",
        ),
        ("2.0", "client version 2.0 is too new. Maximum supported API version is 1.55"),
        ("1", "client version 1 is too old. Minimum supported API version is 1.24, "
         "please upgrade your client to a newer version"),
        ("1.2.3", "client version 1.2.3 is not a version. Expected a form like 1.55"),
        ("..", "client version .. is not a version. Expected a form like 1.55"),
        ("1." + "9" * 5000, None),
    ],
)  # fmt: skip
def test_versions_outside_are_named(given, text):
    with pytest.raises(InvalidArgument) as caught:
        versions.parse(given)
    if text is not None:
        assert caught.value.message == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("0", 0),
        ("1700000000", 1_700_000_000_000_000_000),
        ("1700000000.5", 1_700_000_000_500_000_000),
        ("1700000000.000000001", 1_700_000_000_000_000_001),
        ("1700000000.1234567891", 1_700_000_000_123_456_789),
        ("-1", -1_000_000_000),
    ],
)
def test_unix_time(text, expected):
    assert unix_time(text, "since") == expected


@pytest.mark.parametrize("text", ["x", "1.x", "1e9", "١", "9" * 40, "--1", "."])
def test_unix_time_refuses(text):
    with pytest.raises(InvalidArgument, match='invalid value for "since"'):
        unix_time(text, "since")


def test_repo_tag():
    assert repo_tag("", "x") is None
    assert str(repo_tag("busybox", "")) == "docker.io/library/busybox:latest"
    assert str(repo_tag("host:5000/a", "1")) == "host:5000/a:1"
    with pytest.raises(InvalidArgument, match="cannot import digest reference"):
        repo_tag("busybox@sha256:" + "0" * 64, "")
