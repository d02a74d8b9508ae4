"""Pulling through the real rooms: what arrives, what is fetched again and what is not, what is kept."""

import asyncio
import gzip
import json
import math
import os
import threading
from pathlib import Path

import pytest
import zstandard

from berth.base.errors import BerthError, NotFound
from berth.image.manifest import Platform
from tests.root.registry.conftest import Opener
from tests.support.archive import Entry, ImageArchive, directory, pack
from tests.support.registry import DOCKER_LIST, FakeRegistry, Seen, digest

pytestmark = pytest.mark.root


def layer(name: str, size: int = 200_000) -> bytes:
    return pack([directory(name), Entry(f"{name}/data", os.urandom(size))])


@pytest.fixture
def image() -> ImageArchive:
    return ImageArchive((), (layer("one"), layer("two"), layer("three")), {"Cmd": ["sh"]})


def empty_of_work(root: Path) -> list[str]:
    """What is half done below an image root."""
    return [str(p) for part in ("ingest", "partial", "trash") for p in (root / "image" / part).iterdir()]


@pytest.mark.parametrize("kind", ["docker", "oci", "zstd", "plain"])
def test_every_kind_of_manifest_and_compression(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive, tmp_path: Path, kind: str
) -> None:
    compress = {
        "zstd": zstandard.ZstdCompressor().compress,
        "plain": None,
    }.get(kind, lambda data: gzip.compress(data, mtime=0))
    suffix = "+zstd" if kind == "zstd" else "+gzip"
    manifest = registry.put_image(
        image, "team/app", "v1", oci=kind != "docker", compress=compress, suffix=suffix
    )

    async def scenario() -> None:
        async with open_house() as house:
            done = await house.pull(f"{registry.host}/team/app:v1")
            assert done.image.id == image.id and done.digest == manifest and done.changed
            found = house.store.resolve(f"{registry.host}/team/app:v1")
            assert [str(ref.digest) for ref in house.store.digests(found.id)] == [manifest]
            for diff_id, original in zip(found.layers, image.layers, strict=True):
                assert b"".join(house.store.layers.archive(diff_id)) == original
            assert not (await house.pull(f"{registry.host}/team/app:v1")).changed
        assert empty_of_work(tmp_path) == []

    asyncio.run(scenario())


def test_messages_in_the_order_of_docker(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    registry.put_image(image, "team/app", "v1")

    async def scenario() -> None:
        async with open_house(downloads=1) as house:
            await house.pull(f"{registry.host}/team/app:v1")
            names = [d[7:19] for d in registry.layer_digests("team/app", "v1")]
            assert house.heard.said[0] == "v1: Pulling from team/app"
            assert [item for item, action in house.heard.lines if action == "Pulling fs layer"] == names
            for name in names:
                told = house.heard.actions(name)
                told = [action for action in told if action not in ("Waiting", "Extracting")]
                assert told == [
                    "Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete",
                    "Pull complete",
                ]  # fmt: skip

    asyncio.run(scenario())


def test_layers_that_are_here_are_not_fetched(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    registry.put_image(image, "team/app", "v1")
    more = ImageArchive((), (*image.layers, layer("four")), {})
    registry.put_image(more, "team/app", "v2")

    async def scenario() -> None:
        async with open_house() as house:
            await house.pull(f"{registry.host}/team/app:v1")
            registry.seen.clear()
            await house.pull(f"{registry.host}/team/app:v2")
            known = registry.layer_digests("team/app", "v1")
            assert not [path for path in registry.paths("GET") if path.split("/")[-1] in known]
            assert [house.heard.actions(d[7:19])[-1] for d in known] == ["Already exists"] * 3

    asyncio.run(scenario())


def test_two_pulls_of_one_image_fetch_each_layer_once(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    registry.put_image(image, "team/app", "v1")

    async def scenario() -> None:
        async with open_house() as house:
            name = f"{registry.host}/team/app:v1"
            first, second = await asyncio.gather(house.pull(name), house.pull(name))
            assert first.image.id == second.image.id == image.id
            layers = registry.layer_digests("team/app", "v1")
            asked = [path.split("/")[-1] for path in registry.paths("GET")]
            assert [asked.count(one) for one in layers] == [1, 1, 1]

    asyncio.run(scenario())


def test_an_index_gives_the_image_of_the_platform(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    other = ImageArchive((), (layer("arm"),), {})
    entries = [
        {
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "digest": registry.put_image(archive, "team/app", tag),
            "size": 1,
            "platform": {"os": "linux", "architecture": architecture},
        }
        for archive, tag, architecture in ((other, "a", "arm64"), (image, "b", "amd64"))
    ]
    index = registry.put_manifest("team/app", "all", {"schemaVersion": 2, "manifests": entries}, DOCKER_LIST)

    async def scenario() -> None:
        async with open_house() as house:
            name = f"{registry.host}/team/app:all"
            amd = Platform(os="linux", architecture="amd64")
            done = await house.pull(name, platform=amd)
            assert (done.image.id, done.digest) == (image.id, index)
            assert (await house.pull(name, platform=Platform(os="linux", architecture="arm64"))).changed
            with pytest.raises(NotFound, match="no matching manifest for linux/s390x in the manifest list"):
                await house.pull(name, platform=Platform(os="linux", architecture="s390x"))

    asyncio.run(scenario())


def test_what_came_of_a_cancelled_pull_is_not_fetched_again(
    open_house: Opener, registry: FakeRegistry, tmp_path: Path
) -> None:
    big = ImageArchive((), (layer("big", 8_000_000),), {})
    registry.put_image(big, "team/app", "v1")
    (blob,) = registry.layer_digests("team/app", "v1")
    size = len(registry.blobs[blob])
    registry.manners.cut, registry.manners.cuts, registry.manners.cut_only = 0.6, 1, blob
    came_back = threading.Event()

    def canned(seen: Seen) -> None:
        """Whoever comes back for the rest waits."""
        if seen.path.endswith(blob) and "range" in seen.headers and not registry.pause.is_set():
            came_back.set()
            registry.pause.wait(60)

    registry.manners.canned = canned

    async def scenario() -> None:
        name = f"{registry.host}/team/app:v1"
        async with open_house() as house:
            task = asyncio.ensure_future(house.pull(name))
            await asyncio.to_thread(came_back.wait, 60)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        kept = (tmp_path / "image" / "partial" / blob[7:]).stat().st_size
        assert kept == math.ceil(size * 0.6)
        registry.pause.set()
        before = registry.sent
        async with open_house() as house:
            assert (await house.pull(name)).image.id == big.id
        assert registry.sent - before == size - kept + len(big.configuration())
        assert empty_of_work(tmp_path) == []

    asyncio.run(scenario())


def test_a_damaged_part_is_found_out_and_fetched_anew(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive, tmp_path: Path
) -> None:
    registry.put_image(image, "team/app", "v1")
    blob = registry.layer_digests("team/app", "v1")[0]
    part = tmp_path / "image" / "partial" / blob[7:]
    part.parent.mkdir(parents=True)
    part.write_bytes(b"\0" * 1000)

    async def scenario() -> None:
        async with open_house() as house:
            assert (await house.pull(f"{registry.host}/team/app:v1")).image.id == image.id
        assert empty_of_work(tmp_path) == []

    asyncio.run(scenario())


def test_a_failed_pull_leaves_nothing_visible(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive, tmp_path: Path
) -> None:
    registry.put_image(image, "team/app", "v1")
    broken = registry.layer_digests("team/app", "v1")[1]
    registry.blobs[broken] = registry.blobs[broken][:-1] + b"x"

    async def scenario() -> None:
        async with open_house() as house:
            with pytest.raises(BerthError) as failure:
                await house.pull(f"{registry.host}/team/app:v1")
            assert f"{registry.host}/team/app:v1" in failure.value.message
            assert house.store.list() == ()
            await house.store.collect()
            assert house.store.layers.known() == frozenset()
        assert list((tmp_path / "image" / "ingest").iterdir()) == []
        assert not (tmp_path / "image" / "partial" / broken[7:]).exists()

    asyncio.run(scenario())


def test_a_configuration_that_lies_about_its_layers(
    open_house: Opener, registry: FakeRegistry, image: ImageArchive
) -> None:
    liar = json.loads(image.configuration())
    liar["rootfs"]["diff_ids"][0] = digest(b"something else")
    data = json.dumps(liar).encode()
    registry.put_image(image, "team/app", "v1")
    document = json.loads(registry.manifests["team/app", "v1"][0])
    document["config"] |= {"digest": registry.put_blob(data), "size": len(data)}
    registry.put_manifest("team/app", "v1", document, document["mediaType"])

    async def scenario() -> None:
        async with open_house() as house:
            with pytest.raises(BerthError, match="its image says sha256:"):
                await house.pull(f"{registry.host}/team/app:v1")
            assert house.store.list() == ()

    asyncio.run(scenario())
