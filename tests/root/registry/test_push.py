"""Pushing through the real rooms: what is sent, what is not, and that it can be repeated."""

import asyncio
import json
import os

import pytest

from berth.base.errors import BerthError
from berth.base.reference import parse_reference
from berth.registry.settings import RegistrySettings, Timeouts
from tests.root.registry.conftest import House, Opener
from tests.support.archive import Entry, ImageArchive, directory, pack
from tests.support.registry import DOCKER_LAYER, DOCKER_MANIFEST, Canned, FakeRegistry, Seen

pytestmark = pytest.mark.root


def layer(name: str, size: int = 300_000) -> bytes:
    return pack([directory(name), Entry(f"{name}/data", os.urandom(size))])


@pytest.fixture
def image() -> ImageArchive:
    return ImageArchive(("local:v1",), (layer("one"), layer("two")), {"Cmd": ["sh"]})


async def loaded(house: House, image: ImageArchive, *names: str) -> None:
    """The image here under further names."""

    async def chunks():
        yield image.docker()

    await house.store.load(chunks())
    for name in names:
        await house.store.tag(image.id, parse_reference(name))


def test_a_push_and_a_pull_of_it(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    name = f"{registry.host}/team/app:v1"

    async def scenario() -> None:
        async with open_house() as house:
            await loaded(house, image, name)
            done = await house.push(name)
            data, kind = registry.manifests["team/app", "v1"]
            assert (kind, len(data)) == (DOCKER_MANIFEST, done.size)
            document = json.loads(data)
            assert data == json.dumps(document, indent=3).encode()
            assert document["config"]["digest"] == image.id
            assert {one["mediaType"] for one in document["layers"]} == {DOCKER_LAYER}
            assert [str(ref.digest) for ref in house.store.digests(image.id)] == [done.digest]
            await house.store.remove(image.id)
            assert (await house.pull(name)).image.id == image.id

    asyncio.run(scenario())


def test_what_is_there_is_not_sent_again(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    name = f"{registry.host}/team/app:v1"

    async def scenario() -> None:
        async with open_house() as house:
            await loaded(house, image, name)
            first = await house.push(name)
            received = registry.received
            house.heard.lines.clear()
            assert await house.push(name) == first
            assert registry.received == received
            items = dict.fromkeys(item for item, _ in house.heard.lines)
            assert [house.heard.actions(item) for item in items] == [
                ["Preparing", "Layer already exists"]
            ] * 2

    asyncio.run(scenario())


def test_the_same_bytes_without_any_memory(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    """Another engine, or this one after its state was lost, pushes the same digest."""
    with FakeRegistry().serve() as other:
        digests = []

        async def scenario() -> None:
            async with open_house() as house:
                for host in (registry.host, other.host):
                    await loaded(house, image, f"{host}/team/app:v1")
                    digests.append((await house.push(f"{host}/team/app:v1")).digest)
                    await house.store.remove(image.id)
                    await house.puller.knowledge.remember("none/none", [])

        asyncio.run(scenario())
        assert digests[0] == digests[1] and registry.blobs.keys() == other.blobs.keys()


def test_layers_are_taken_over_from_another_repository(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    names = [f"{registry.host}/team/app:v1", f"{registry.host}/other/app:v1"]

    async def scenario() -> None:
        async with open_house() as house:
            await loaded(house, image, *names)
            await house.push(names[0])
            received = registry.received
            # A registry that knows blobs by repository: what the other one has, this one has not.
            registry.manners.canned = lambda seen: (
                Canned(404) if seen.method == "HEAD" and "/other/app/blobs/" in seen.path else None
            )
            house.heard.lines.clear()
            await house.push(names[1])
            told = {action for _, action in house.heard.lines}
            assert told == {"Preparing", "Mounted from team/app"}
            assert registry.received == received + len(image.configuration())

    asyncio.run(scenario())


def test_a_mount_that_becomes_an_upload(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    names = [f"{registry.host}/team/app:v1", f"{registry.host}/other/app:v1"]
    registry.manners.mounts = False

    async def scenario() -> None:
        async with open_house() as house:
            await loaded(house, image, *names)
            first = await house.push(names[0])
            registry.manners.canned = lambda seen: (
                Canned(404) if seen.method == "HEAD" and "/other/app/blobs/" in seen.path else None
            )
            assert (await house.push(names[1])).digest == first.digest
            assert registry.uploads == {}

    asyncio.run(scenario())


def test_an_upload_that_breaks_goes_on_where_it_was(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    name = f"{registry.host}/team/app:v1"
    registry.manners.cut_uploads = 3

    async def scenario() -> None:
        async with open_house() as house:
            await loaded(house, image, name)
            await house.push(name)
            assert (await house.pull(name)).image.id == image.id
        sizes = sum(len(registry.blobs[d]) for d in registry.layer_digests("team/app", "v1"))
        assert registry.received == sizes + len(image.configuration())

    asyncio.run(scenario())


def test_the_manifest_that_an_image_came_with_is_kept(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    digest = registry.put_image(image, "team/app", "v1", oci=True)
    name = f"{registry.host}/team/app:v1"

    async def scenario() -> None:
        async with open_house() as house:
            await house.pull(name)
            await house.store.tag(image.id, parse_reference(f"{registry.host}/team/app:v2"))
            assert (await house.push(f"{registry.host}/team/app:v2")).digest == digest

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal(open_house: Opener, registry: FakeRegistry, image: ImageArchive, status: int) -> None:
    name = f"{registry.host}/team/app:v1"
    body = b'{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'

    def canned(seen: Seen) -> Canned | None:
        return Canned(status, {}, body) if seen.method == "POST" else None

    registry.manners.canned = canned

    async def scenario() -> None:
        async with open_house() as house:
            await loaded(house, image, name)
            with pytest.raises(BerthError, match="denied: requested access to the resource is denied"):
                await house.push(name)
            assert registry.manifests == {}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("status", "attempts", "where"),
    [(429, 4, "POST"), (503, 4, "PUT"), (500, 4, "PATCH"), (413, 1, "PATCH"), (404, 1, "POST")],
)
def test_refusals_are_tried_again_only_where_that_may_help(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive, status: int, attempts: int, where: str
) -> None:
    name = f"{registry.host}/team/app:v1"
    registry.manners.canned = lambda seen: (
        Canned(status, {"Retry-After": "0"}) if seen.method == where else None
    )

    async def scenario() -> None:
        async with open_house() as house:
            await loaded(house, image, name)
            with pytest.raises(BerthError) as failure:
                await house.push(name)
            assert registry.host in failure.value.message and "\n" not in failure.value.message

    asyncio.run(scenario())
    assert registry.manifests == {}
    blobs = {path.partition("?")[0] for path in registry.paths(where)}
    assert attempts <= len(registry.paths(where)) <= attempts * max(len(image.layers) + 1, len(blobs))


def test_a_registry_that_hangs(open_house: Opener, registry: FakeRegistry, image: ImageArchive) -> None:
    name = f"{registry.host}/team/app:v1"
    settings = RegistrySettings(timeouts=Timeouts(connect=1, head=0.05, idle=0.05))
    registry.manners.hang = ("/uploads/",)

    async def scenario() -> None:
        async with open_house(settings=settings) as house:
            await loaded(house, image, name)
            with pytest.raises(BerthError, match="timeout exceeded") as failure:
                await house.push(name)
            assert registry.host in failure.value.message

    asyncio.run(scenario())
    assert registry.manifests == {}
