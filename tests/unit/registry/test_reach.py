"""How registries are reached: proxies, private authorities, clients' certificates, mirrors; and by whom not.

Real sockets on loopback; names that only a proxy knows stand for hosts elsewhere.
"""

import asyncio
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.base.errors import BerthError
from berth.base.reference import parse_reference
from berth.registry.credentials import ANONYMOUS, Credentials
from berth.registry.errors import RegistryError, Unreachable
from berth.registry.registries import Registries
from berth.registry.retry import Patience
from berth.registry.settings import Proxies, RegistrySettings, Timeouts
from tests.support.archive import Entry, ImageArchive, pack
from tests.support.certificates import Certificate, certify
from tests.support.proxy import FakeProxy
from tests.support.registry import Canned, FakeRegistry, Seen

QUICK = Patience(attempts=2, first_s=0.0, longest_s=0.0)
TIMEOUTS = Timeouts(connect=5, head=5, idle=5)
HOST = "registry.invalid"
NAME = f"{HOST}/team/app:v1"
ALICE = Credentials(username="alice", password="secret")
NOBODY = "http://127.0.0.1:9"
"""Where nobody listens: a proxy that keeps a test from reaching the real Hub."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certify(tmp_path_factory.mktemp("pki"), HOST, f"DNS:{HOST}", "IP:127.0.0.1")


def filled(registry: FakeRegistry) -> FakeRegistry:
    registry.put_image(ImageArchive((), (pack([Entry("x", b"y")]),), {}), "team/app", "v1")
    return registry


def server_context(certificate: Certificate, clients: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    if clients is not None:
        context.load_verify_locations(cafile=clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def secure(certificate: Certificate) -> Iterator[FakeRegistry]:
    with filled(FakeRegistry()).serve(tls=server_context(certificate)) as serving:
        yield serving


@pytest.fixture
def plain() -> Iterator[FakeRegistry]:
    with filled(FakeRegistry()).serve() as serving:
        yield serving


def trusted(folder: Path, host: str, certificate: Certificate) -> Path:
    """A directory of certificates that knows one authority."""
    (folder / host).mkdir(parents=True, exist_ok=True)
    (folder / host / "ca.crt").write_bytes(certificate.certificate.read_bytes())
    return folder


def place(registry: FakeRegistry) -> tuple[str, int]:
    host, _, port = registry.host.rpartition(":")
    return host, int(port)


def read(settings: RegistrySettings, name: str = NAME, credentials: Credentials = ANONYMOUS) -> str:
    """The media type of a manifest, read from the first place that is offered."""

    async def scenario() -> str:
        registries = Registries(settings, QUICK)
        try:
            sources = await registries.source(parse_reference(name), credentials)
            return (await sources[0].manifest("v1")).media_type
        finally:
            registries.close()

    return asyncio.run(scenario())


def refusal(settings: RegistrySettings, name: str = NAME, credentials: Credentials = ANONYMOUS) -> str:
    with pytest.raises(BerthError) as failure:
        read(settings, name, credentials)
    assert "\n" not in failure.value.message and "secret" not in failure.value.message
    return failure.value.message


def test_a_tunnel_through_a_proxy(secure: FakeRegistry, certificate: Certificate, tmp_path: Path) -> None:
    secure.manners.canned = lambda seen: (
        None
        if "authorization" in seen.headers
        else Canned(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"{}")
    )
    with FakeProxy({f"{HOST}:443": place(secure)}) as proxy:
        settings = RegistrySettings(
            proxies=Proxies(https=proxy.url.replace("//", "//bob:hush@")),
            certificates=(trusted(tmp_path, HOST, certificate),),
            timeouts=TIMEOUTS,
        )
        assert read(settings, credentials=ALICE).endswith("v2+json")
    assert set(proxy.lines) == {f"CONNECT {HOST}:443 HTTP/1.1"}
    told = "\n".join(line for head in proxy.seen for line in head)
    assert "Proxy-Authorization: Basic Ym9iOmh1c2g=".lower() in told.lower()
    assert "\nauthorization" not in told.lower()
    assert not [seen for seen in secure.seen if "proxy-authorization" in seen.headers]


def test_an_authority_is_asked_for_behind_a_proxy_too(secure: FakeRegistry) -> None:
    with FakeProxy({f"{HOST}:443": place(secure)}) as proxy:
        settings = RegistrySettings(proxies=Proxies(https=proxy.url), certificates=(), timeouts=TIMEOUTS)
        assert refusal(settings) == (
            f'Get "https://{HOST}/v2/": x509: certificate signed by unknown authority'
        )
    assert secure.seen == []


def test_plain_requests_are_handed_to_the_proxy_whole(plain: FakeRegistry) -> None:
    with (
        FakeProxy({f"{HOST}": place(plain)}) as proxy,
        FakeProxy({}, refusal="403 Forbidden") as closed,
    ):
        settings = RegistrySettings(
            insecure=(HOST,), proxies=Proxies(http=proxy.url, https=closed.url), timeouts=TIMEOUTS
        )
        assert read(settings).endswith("v2+json")
    assert f"GET http://{HOST}/v2/ HTTP/1.1" in proxy.lines
    assert {seen.headers["host"] for seen in plain.seen} == {HOST}


@pytest.mark.parametrize("exceptions", [HOST, ".invalid", "*", f"other, {HOST}:443"])
def test_who_is_reached_without(plain: FakeRegistry, exceptions: str) -> None:
    with FakeProxy({f"{HOST}:443": place(plain)}) as proxy:
        proxies = Proxies(https=proxy.url, exceptions=exceptions)
        assert f"dial tcp: lookup {HOST}" in refusal(RegistrySettings(proxies=proxies, timeouts=TIMEOUTS))
    assert proxy.seen == []


def test_loopback_is_never_behind_a_proxy(plain: FakeRegistry) -> None:
    settings = RegistrySettings(proxies=Proxies(http=NOBODY, https=NOBODY), timeouts=TIMEOUTS)
    assert read(settings, f"{plain.host}/team/app:v1").endswith("v2+json")


def test_a_proxy_that_lets_nobody_through() -> None:
    with FakeProxy({}, refusal="407 Proxy Authentication Required") as proxy:
        settings = RegistrySettings(proxies=Proxies(https=proxy.url), timeouts=TIMEOUTS)
        assert refusal(settings) == f'Get "https://{HOST}/v2/": Proxy Authentication Required'
    assert refusal(RegistrySettings(proxies=Proxies(https=NOBODY), timeouts=TIMEOUTS)).startswith(
        f'Get "https://{HOST}/v2/": '
    )


def test_a_client_with_a_certificate(certificate: Certificate, tmp_path: Path) -> None:
    me = certify(tmp_path, "client")
    with filled(FakeRegistry()).serve(tls=server_context(certificate, me.certificate)) as registry:
        folder = trusted(tmp_path / "certs.d", registry.host, certificate)
        settings = RegistrySettings(certificates=(folder,), timeouts=TIMEOUTS)
        name = f"{registry.host}/team/app:v1"
        here = folder / registry.host

        # On loopback the next thing that is tried is plain HTTP, which this registry does not speak.
        assert registry.host in refusal(settings, name)
        assert registry.seen == []
        (here / "client.cert").write_bytes(me.certificate.read_bytes())
        assert "missing key client.key for client certificate client.cert" in refusal(settings, name)
        (here / "client.key").write_bytes(me.key.read_bytes())
        assert read(settings, name).endswith("v2+json")
        (here / "client.key").write_text("no key")
        assert f"invalid certificate {here / 'client.cert'}" in refusal(settings, name)


def mirrored(*mirrors: str) -> RegistrySettings:
    return RegistrySettings(mirrors=mirrors, proxies=Proxies(https=NOBODY), timeouts=TIMEOUTS)


def test_a_mirror_comes_before_hub_and_gets_no_password(plain: FakeRegistry) -> None:
    settings = mirrored(f"http://{plain.host}")
    assert read(settings, "team/app:v1", ALICE).endswith("v2+json")
    assert not [seen for seen in plain.seen if "authorization" in seen.headers]
    with pytest.raises(Unreachable):
        read(mirrored(), "team/app:v1")


def test_a_mirror_that_does_not_answer_is_left_out(plain: FakeRegistry) -> None:
    settings = mirrored(NOBODY, f"http://{plain.host}/")
    assert read(settings, "team/app:v1").endswith("v2+json")


def test_mirrors_are_for_hub_only(plain: FakeRegistry) -> None:
    refusal(mirrored(f"http://{plain.host}"), "127.0.0.1:9/team/app:v1")
    assert plain.seen == []


def test_tls_does_not_end_in_plain_text(
    secure: FakeRegistry, plain: FakeRegistry, certificate: Certificate, tmp_path: Path
) -> None:
    """Neither by a redirect, nor by a token server that a registry names."""
    settings = RegistrySettings(
        certificates=(trusted(tmp_path, secure.host, certificate),), timeouts=TIMEOUTS
    )
    name = f"{secure.host}/team/app:v1"
    secure.manners.canned = lambda seen: (
        Canned(307, {"Location": f"http://{plain.host}{seen.path}"}) if "manifests" in seen.path else None
    )
    assert f"redirected from TLS to plain HTTP at {plain.host.partition(':')[0]}" in refusal(settings, name)
    challenge = f'Bearer realm="http://{plain.host}/token",service="x"'
    secure.manners.canned = lambda seen: Canned(401, {"WWW-Authenticate": challenge}, b"{}")
    assert "does not use TLS" in refusal(settings, name, ALICE)
    assert plain.seen == []


def test_a_token_server_that_answers_nonsense(plain: FakeRegistry) -> None:
    challenge = f'Bearer realm="http://{plain.host}/token",service="x"'
    for body in (b"{}", b"[", b'{"token": "two\\nlines"}', b"\xff"):

        def canned(seen: Seen, body: bytes = body) -> Canned:
            if seen.path.startswith("/token"):
                return Canned(200, {}, body)
            return Canned(401, {"WWW-Authenticate": challenge}, b"{}")

        plain.manners.canned = canned
        text = refusal(RegistrySettings(timeouts=TIMEOUTS), f"{plain.host}/team/app:v1", ALICE)
        assert "token" in text


def test_nothing_secret_in_the_log(plain: FakeRegistry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    challenge = f'Bearer realm="http://{plain.host}/token",service="x"'

    def canned(seen: Seen) -> Canned | None:
        if seen.path.startswith("/token"):
            return Canned(200, {}, json.dumps({"token": "t0ken"}).encode())
        if "authorization" not in seen.headers:
            return Canned(401, {"WWW-Authenticate": challenge}, b"{}")
        return Canned(403) if "manifests" in seen.path else None

    plain.manners.canned = canned
    with pytest.raises(RegistryError) as failure:
        read(RegistrySettings(timeouts=TIMEOUTS), f"{plain.host}/team/app:v1", ALICE)
    told = f"{caplog.text}{failure.value!r}{failure.value.__traceback__}{ALICE!r}{ALICE}"
    assert "secret" not in told and "t0ken" not in told and ALICE.basic not in told


@pytest.mark.parametrize("header", ["7", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", ""])
def test_when_to_come_back(plain: FakeRegistry, header: str) -> None:
    plain.manners.canned = lambda seen: (
        Canned(429, {"Retry-After": header} if header else {}) if "manifests" in seen.path else None
    )

    async def scenario() -> float | None:
        registries = Registries(RegistrySettings(timeouts=TIMEOUTS), QUICK._replace(attempts=1))
        try:
            sources = await registries.source(parse_reference(f"{plain.host}/team/app:v1"))
            with pytest.raises(RegistryError) as failure:
                await sources[0].manifest("v1")
            return failure.value.retry_after
        finally:
            registries.close()

    asked = asyncio.run(scenario())
    assert asked == 7.0 if header == "7" else asked is None if header in ("soon", "") else asked > 1e9
