"""A registry that misbehaves in every way that the house has promised to survive."""

import asyncio
import gzip
import json
import os

import pytest

from berth.base.errors import BerthError, Unsupported
from berth.image.limits import Limits
from berth.registry.credentials import Credentials
from berth.registry.errors import RegistryError, Unreachable
from berth.registry.settings import RegistrySettings, Timeouts
from tests.root.registry.conftest import House, Opener
from tests.support.archive import Entry, ImageArchive, directory, pack
from tests.support.registry import DOCKER_MANIFEST, Canned, FakeRegistry, Seen

pytestmark = pytest.mark.root


@pytest.fixture
def image(registry: FakeRegistry) -> ImageArchive:
    archive = ImageArchive(
        (), tuple(pack([Entry(f"file{number}", os.urandom(300_000))]) for number in range(3)), {}
    )
    registry.put_image(archive, "team/app", "v1")
    return archive


async def refused(house: House, name: str, **options: Credentials) -> str:
    """The one line that a failing pull tells; nothing may have become visible."""
    with pytest.raises(BerthError) as failure:
        await house.pull(name, **options)
    assert house.store.list() == () and house.store.layers.known() == frozenset()
    assert "\n" not in failure.value.message
    return failure.value.message


def test_every_connection_is_cut_at_60_percent(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    registry.manners.cut = 0.6

    async def scenario() -> None:
        async with open_house() as house:
            # The configuration is small and read whole: it must come through for the layers to be tried.
            registry.manners.canned = lambda seen: (
                Canned(200, {}, image.configuration()) if seen.path.endswith(image.id) else None
            )
            assert (await house.pull(f"{registry.host}/team/app:v1")).image.id == image.id

    asyncio.run(scenario())
    layers = sum(len(registry.blobs[d]) for d in registry.layer_digests("team/app", "v1"))
    assert registry.sent == layers


def test_a_registry_without_ranges_that_cuts_once(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    registry.manners.cut, registry.manners.cuts, registry.manners.ignore_range = 0.6, 2, True

    async def scenario() -> None:
        async with open_house() as house:
            assert (await house.pull(f"{registry.host}/team/app:v1")).image.id == image.id

    asyncio.run(scenario())


def test_a_short_blob(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    blob = registry.layer_digests("team/app", "v1")[0]
    registry.blobs[blob] = registry.blobs[blob][:-100]

    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert blob in message and registry.host in message

    asyncio.run(scenario())


def test_a_blob_with_another_content(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    """As long as the right one, and a fine archive: only the digest tells."""
    registry.put_image(image, "team/app", "plain", oci=True, compress=None)
    right, other = registry.layer_digests("team/app", "plain")[:2]
    assert len(registry.blobs[right]) == len(registry.blobs[other])
    registry.blobs[right] = registry.blobs[other]

    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:plain")
            assert right in message

    asyncio.run(scenario())


def test_a_bomb(open_house: Opener, registry: FakeRegistry) -> None:
    """The size of the blob is right and its digest too; what it unpacks to is the weapon."""
    archive = ImageArchive((), (pack([Entry("zeros", bytes(200 << 20))]),), {})
    registry.put_image(archive, "team/bomb", "v1")
    limits = Limits(free_bytes=64 << 20, ratio=100)

    async def scenario() -> None:
        async with open_house(limits=limits) as house:
            message = await refused(house, f"{registry.host}/team/bomb:v1")
            assert message.startswith(f"{registry.host}/team/bomb:v1: ") and "refused as a bomb" in message

    asyncio.run(scenario())


def test_a_configuration_without_an_end(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    """One that is larger than its manifest says, or than any."""
    registry.manners.canned = lambda seen: (
        Canned(200, {}, image.configuration() + b" " * (9 << 20)) if seen.path.endswith(image.id) else None
    )

    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert image.id in message and registry.host in message

    asyncio.run(scenario())


def test_a_long_blob(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    blob = registry.layer_digests("team/app", "v1")[0]
    registry.blobs[blob] += b"more"

    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert "longer than the" in message and blob in message

    asyncio.run(scenario())


def test_a_manifest_of_100_megabytes(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    size = 100_000_000
    data, kind = registry.manifests["team/app", "v1"]
    registry.manners.canned = lambda seen: (
        Canned(200, {"Content-Type": kind}, data + b" " * (size - len(data)))
        if "manifests" in seen.path and seen.method == "GET"
        else Canned(404)
        if "manifests" in seen.path
        else None
    )

    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert "is refused (limit 4194304)" in message and registry.host in message

    asyncio.run(scenario())


def test_a_manifest_with_another_digest(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    data, kind = registry.manifests["team/app", "v1"]
    registry.manners.canned = lambda seen: (
        Canned(200, {"Content-Type": kind}, data + b" ")
        if "manifests/sha256" in seen.path and seen.method == "GET"
        else None
    )

    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert "manifest verification failed for digest sha256:" in message

    asyncio.run(scenario())


def test_the_format_of_before_2016(open_house: Opener, registry: FakeRegistry) -> None:
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    registry.put_manifest("team/app", "old", {"schemaVersion": 1, "fsLayers": [], "history": []}, kind)

    async def scenario() -> None:
        async with open_house() as house:
            with pytest.raises(Unsupported, match="schema 1"):
                await house.pull(f"{registry.host}/team/app:old")

    asyncio.run(scenario())


def test_something_that_is_no_image(open_house: Opener, registry: FakeRegistry) -> None:
    config = registry.put_blob(b"{}")
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": config, "size": 2},
        "layers": [],
    }
    registry.put_manifest("team/chart", "v1", document, DOCKER_MANIFEST)

    async def scenario() -> None:
        async with open_house() as house:
            assert "helm" in await refused(house, f"{registry.host}/team/chart:v1")

    asyncio.run(scenario())


def test_a_layer_that_climbs_out(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    hostile = ImageArchive((), (pack([directory("a"), Entry("../../outside", b"x")]),), {})
    registry.put_image(hostile, "team/hostile", "v1")

    async def scenario() -> None:
        async with open_house() as house:
            assert "team/hostile:v1" in await refused(house, f"{registry.host}/team/hostile:v1")

    asyncio.run(scenario())


def test_damaged_compression(open_house: Opener, registry: FakeRegistry) -> None:
    archive = ImageArchive((), (pack([Entry("x", os.urandom(100_000))]),), {})
    registry.put_image(archive, "team/app", "bad", compress=lambda data: gzip.compress(data)[:-9] + b"z" * 9)

    async def scenario() -> None:
        async with open_house() as house:
            assert "team/app:bad" in await refused(house, f"{registry.host}/team/app:bad")

    asyncio.run(scenario())


def test_a_registry_that_hangs(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    settings = RegistrySettings(timeouts=Timeouts(connect=1, head=0.05, idle=0.05))
    registry.manners.hang = ("/manifests/",)

    async def scenario() -> None:
        async with open_house(settings=settings) as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert "timeout exceeded while awaiting headers" in message and registry.host in message

    asyncio.run(scenario())


def test_a_registry_that_hangs_in_the_middle_of_a_layer(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    settings = RegistrySettings(timeouts=Timeouts(connect=1, head=0.1, idle=0.05))
    registry.manners.hang = (registry.layer_digests("team/app", "v1")[2],)

    async def scenario() -> None:
        async with open_house(settings=settings) as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert "timeout exceeded" in message and registry.host in message

    asyncio.run(scenario())


@pytest.mark.parametrize(("status", "attempts"), [(429, 4), (500, 4), (503, 4), (403, 1), (418, 1)])
def test_refusals_are_tried_again_only_where_that_may_help(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive, status: int, attempts: int
) -> None:
    blob = registry.layer_digests("team/app", "v1")[0]
    registry.manners.canned = lambda seen: (
        Canned(status, {"Retry-After": "0"}) if seen.path.endswith(blob) else None
    )

    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:v1")
            assert f"received unexpected HTTP status: {status}" in message and registry.host in message

    asyncio.run(scenario())
    assert sum(path.endswith(blob) for path in registry.paths()) == attempts


def test_a_refusal_that_passes(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    left = [3]

    def canned(seen: Seen) -> Canned | None:
        if "/blobs/" in seen.path and left[0]:
            left[0] -= 1
            return Canned(429, {"Retry-After": "0"})
        return None

    registry.manners.canned = canned

    async def scenario() -> None:
        async with open_house() as house:
            assert (await house.pull(f"{registry.host}/team/app:v1")).image.id == image.id

    asyncio.run(scenario())


def test_credentials_do_not_follow_a_redirect(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    """Blobs lie elsewhere in many registries; whoever keeps them is not told the password."""
    alice = Credentials(username="alice", password="secret")
    with FakeRegistry().serve() as storage:
        storage.blobs = registry.blobs

        def canned(seen: Seen) -> Canned | None:
            if "authorization" not in seen.headers:
                return Canned(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"{}")
            if "/blobs/" in seen.path:
                return Canned(307, {"Location": f"http://{storage.host}{seen.path}?signature=1"})
            return None

        registry.manners.canned = canned

        async def scenario() -> None:
            async with open_house() as house:
                await house.pull(f"{registry.host}/team/app:v1", credentials=alice)

        asyncio.run(scenario())
        assert len(storage.seen) == 4  # the configuration and three layers
        assert not [seen for seen in storage.seen if "authorization" in seen.headers]
        assert [seen for seen in registry.seen if "authorization" in seen.headers]


def test_redirects_without_an_end(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    registry.manners.canned = lambda seen: (
        Canned(307, {"Location": seen.path}) if "/blobs/" in seen.path else None
    )

    async def scenario() -> None:
        async with open_house() as house:
            assert "stopped after 10 redirects" in await refused(house, f"{registry.host}/team/app:v1")

    asyncio.run(scenario())


def test_a_token_is_asked_for_and_used(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    alice = Credentials(username="alice", password="secret")
    challenge = f'Bearer realm="http://{registry.host}/token",service="reg",scope="repository:team/app:pull"'

    def canned(seen: Seen) -> Canned | None:
        if seen.path.startswith("/token"):
            assert "service=reg" in seen.path and "scope=repository%3Ateam%2Fapp%3Apull" in seen.path
            assert seen.headers["authorization"].startswith("Basic ")
            return Canned(200, {}, json.dumps({"token": "t0k", "expires_in": 300}).encode())
        if seen.headers.get("authorization") != "Bearer t0k":
            return Canned(401, {"WWW-Authenticate": challenge}, b"{}")
        return None

    registry.manners.canned = canned

    async def scenario() -> None:
        async with open_house() as house:
            assert (await house.pull(f"{registry.host}/team/app:v1", credentials=alice)).image.id == image.id

    asyncio.run(scenario())
    assert sum(path.startswith("/token") for path in registry.paths()) == 1


def test_a_token_that_is_not_enough_is_a_denial(open_house: Opener, registry: FakeRegistry) -> None:
    challenge = f'Bearer realm="http://{registry.host}/token",service="reg"'
    body = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'

    def canned(seen: Seen) -> Canned | None:
        if seen.path.startswith("/token"):
            return Canned(200, {}, b'{"token":"t0k"}')
        error = ',error="insufficient_scope"' if "authorization" in seen.headers else ""
        return Canned(401, {"WWW-Authenticate": challenge + error}, body)

    registry.manners.canned = canned

    async def scenario() -> None:
        async with open_house() as house:
            with pytest.raises(RegistryError) as failure:
                await house.pull(f"{registry.host}/team/app:v1")
            assert failure.value.code == "DENIED"
            assert failure.value.message == "denied: requested access to the resource is denied"

    asyncio.run(scenario())


def test_an_unknown_tag(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    async def scenario() -> None:
        async with open_house() as house:
            message = await refused(house, f"{registry.host}/team/app:none")
            assert message == "manifest unknown: manifest unknown"

    asyncio.run(scenario())


def test_nobody_listens(open_house: Opener) -> None:
    async def scenario() -> None:
        async with open_house() as house:
            with pytest.raises(Unreachable) as failure:
                await house.pull("127.0.0.1:9/team/app:v1")
            assert failure.value.message == (
                'Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused'
            )

    asyncio.run(scenario())


def test_answers_that_are_no_http(open_house: Opener) -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x01garbage\r\n\r\n")
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(garbage, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, open_house() as house:
            with pytest.raises(Unreachable, match="malformed HTTP response"):
                await house.pull(f"127.0.0.1:{port}/team/app:v1")

    asyncio.run(scenario())
