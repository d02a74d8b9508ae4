"""Where a registry is looked for, and how patiently."""

import asyncio

import pytest

from berth.base.errors import InvalidArgument
from berth.registry.endpoints import check_settings, find_endpoints
from berth.registry.errors import RegistryError, Unreachable
from berth.registry.retry import Patience, persistently
from berth.registry.settings import RegistrySettings


def places(domain: str, settings: RegistrySettings, *, mirrors: bool = False) -> list[tuple[str, bool, bool]]:
    found = asyncio.run(find_endpoints(domain, settings, mirrors=mirrors))
    return [(str(endpoint.base), endpoint.verify, endpoint.credentials) for endpoint in found]


def test_a_registry_has_tls_and_a_certificate() -> None:
    assert places("192.0.2.1:5000", RegistrySettings()) == [("https://192.0.2.1:5000/", True, True)]


def test_loopback_may_do_without() -> None:
    both = [("https://127.0.0.1:5000/", False, True), ("http://127.0.0.1:5000/", False, True)]
    assert places("127.0.0.1:5000", RegistrySettings()) == both
    assert len(places("localhost:5000", RegistrySettings())) == 2
    assert len(places("[::1]:5000", RegistrySettings())) == 2


@pytest.mark.parametrize("entry", ["192.0.2.1", "192.0.2.1:5000", "192.0.2.0/24"])
def test_what_is_declared_insecure(entry: str) -> None:
    assert [place[1] for place in places("192.0.2.1:5000", RegistrySettings(insecure=(entry,)))] == [
        False
    ] * 2


def test_hub_has_mirrors_and_they_get_no_credentials() -> None:
    settings = RegistrySettings(mirrors=("http://mirror:5000", "https://other/path/"))
    assert places("docker.io", settings, mirrors=True) == [
        ("http://mirror:5000/", True, False),
        ("https://other/path/", True, False),
        ("https://registry-1.docker.io/", True, True),
    ]
    assert len(places("docker.io", settings)) == 1
    assert len(places("192.0.2.1", settings, mirrors=True)) == 1


@pytest.mark.parametrize(
    "settings",
    [
        RegistrySettings(mirrors=("mirror",)),
        RegistrySettings(insecure=("http://host",)),
        RegistrySettings(insecure=("host/24",)),
    ],
)
def test_settings_that_cannot_be_meant(settings: RegistrySettings) -> None:
    with pytest.raises(InvalidArgument):
        check_settings(settings)


QUICK = Patience(attempts=3, first_s=0.0, longest_s=0.0)


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (Unreachable("broke"), 3),
        (Unreachable("unknown name", transient=False), 1),
        (RegistryError("busy", status=503), 3),
        (RegistryError("too many", status=429, retry_after=0.0), 3),
        (RegistryError("no", status=404), 1),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, attempts: int) -> None:
    calls = []

    async def attempt() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        asyncio.run(persistently(attempt, QUICK))
    assert len(calls) == attempts


def test_waits_grow_and_are_bounded() -> None:
    patience = Patience()
    error = Unreachable("x")
    for failures in range(1, 12):
        assert patience.first_s / 2 <= patience.delay(failures, error) <= patience.longest_s
    assert patience.delay(1, RegistryError("x", status=429, retry_after=3.0)) == 3.0
    assert patience.delay(1, RegistryError("x", status=429, retry_after=9e9)) == patience.asked_s
