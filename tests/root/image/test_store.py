"""The image store as a whole, on both forms of layers."""

import asyncio
import bz2
import gzip
import io
import json
import lzma
import os
import shutil
import sqlite3
import subprocess
import tarfile

import pytest
import zstandard

from berth.base.digest import Digest
from berth.base.errors import Conflict, Internal, InvalidArgument, NotFound
from berth.base.reference import parse_reference
from berth.image.changes import ChangeKind
from tests.contract.snapshotter_stage import Item, archive, directory
from tests.root.image.image_archives import (
    Made,
    blob,
    chunks,
    docker,
    docker_items,
    encode,
    oci_items,
    sha256,
    simple,
)

pytestmark = pytest.mark.root

COMPRESSIONS = {
    "plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress, "bzip2": bz2.compress,
    "xz": lzma.compress,
}  # fmt: skip


def run(open_store, scenario):
    async def whole():
        async with open_store() as store:
            return await scenario(store)

    return asyncio.run(whole())


def names(loaded):
    return [line.ref.familiar if line.ref else line.id for line in loaded]


@pytest.mark.parametrize("outer", sorted(COMPRESSIONS))
@pytest.mark.parametrize("layout", ["docker", "oci"])
def test_load_takes_every_layout_and_compression(open_store, outer, layout) -> None:
    image = simple("one", "two")
    items = (
        docker_items((image, ["some/name:1"]))
        if layout == "docker"
        else oci_items(image, {"io.containerd.image.name": "docker.io/some/name:1"}, COMPRESSIONS[outer])
    )

    async def scenario(store):
        assert names(await store.load(chunks(COMPRESSIONS[outer](archive(items))))) == ["some/name:1"]
        found = store.resolve("some/name:1")
        assert (found.id, found.size) == (image.id, 600)
        assert store.raw_config(found.id) == image.config
        await store.prepare("key", found.id, {})
        shown = store.mount("key")
        assert (shown / "one").read_bytes() == b"one" * 100
        assert {"one", "two"} <= set(os.listdir(shown))
        await store.discard("key")
        assert not shown.exists()

    run(open_store, scenario)


def test_load_says_ids_for_nameless_images_and_keeps_several(open_store) -> None:
    a, b = simple("a", "shared"), simple("b", "shared")

    async def scenario(store):
        lines = await store.load(chunks(docker((a, ["x:1", "x:2"]), (b, None))))
        assert names(lines) == ["x:1", "x:2", b.id]
        assert len(store.list()) == 2
        assert len(store.layers.known()) == 3
        assert store.shared_sizes() == {Digest(a.id): 600, Digest(b.id): 600}
        assert store.layers_size() == 100 + 100 + 600

    run(open_store, scenario)


def test_load_moves_a_name_and_tells_from_where(open_store) -> None:
    a, b = simple("a"), simple("b")

    async def scenario(store):
        await store.load(chunks(docker((a, ["x:1"]))))
        (line,) = await store.load(chunks(docker((b, ["x:1"]))))
        assert line.displaced == a.id
        assert store.names(a.id) == ()
        (again,) = await store.load(chunks(docker((b, ["x:1"]))))
        assert again.displaced is None

    run(open_store, scenario)


def test_layers_linked_within_the_archive(open_store) -> None:
    layer = archive([Item("f", b"1")])
    image = Made([layer, layer])
    items = [
        Item("first/layer.tar", layer),
        Item("second/layer.tar", kind=tarfile.SYMTYPE, link="../first/layer.tar"),
        Item("config.json", image.config),
        Item("manifest.json", encode([{
            "Config": "config.json", "RepoTags": ["l:1"], "Layers": ["first/layer.tar", "second/layer.tar"],
        }])),
    ]  # fmt: skip

    async def scenario(store):
        await store.load(chunks(archive(items)))
        await store.prepare("key", store.resolve("l:1").id, {})
        assert (store.mount("key") / "f").read_bytes() == b"1"

    run(open_store, scenario)


def test_the_layout_before_manifest_json(open_store) -> None:
    layer = archive([Item("f", b"1")])
    parent = {"id": "a" * 64, "container_config": {"Cmd": ["/bin/sh -c x"]}, "os": "linux"}
    child = {"id": "b" * 64, "parent": "a" * 64, "config": {"Cmd": ["run"]}, "architecture": "amd64"}
    items = [
        Item("a" * 64 + "/json", encode(parent)), Item("a" * 64 + "/layer.tar", layer),
        Item("b" * 64 + "/json", encode(child)), Item("b" * 64 + "/layer.tar", archive([Item("g", b"2")])),
        Item("repositories", encode({"old": {"1": "b" * 64}})),
    ]  # fmt: skip

    async def scenario(store):
        assert names(await store.load(chunks(archive(items)))) == ["old:1"]
        found = store.resolve("old:1")
        assert found.config.config.cmd == ("run",)
        assert [row.created_by for row in store.history(found.id)] == ["", "/bin/sh -c x"]

    run(open_store, scenario)


def _replace(items: list[Item], name: str, content: bytes | None) -> list[Item]:
    changed = [i._replace(content=content) if i.name == name else i for i in items]
    return [item for item in changed if item.content is not None]


def _bad_archives() -> dict[str, tuple[bytes, str]]:
    image = simple("one", "two")
    good = docker_items((image, ["x:1"]))
    layer, config = good[1].name, good[0].name
    oci = oci_items(image, {"io.containerd.image.name": "x:1"})
    other = archive([Item("other", b"1")])
    windows = Made([other], os="windows")
    manifest = json.loads(good[-1].content)
    return {
        "empty": (b"", "neither manifest.json"),
        "no tar": (b"this is no tar at all" * 100, "invalid tar header"),
        "a root file system": (archive([Item("etc/passwd", b"x")]), "neither manifest.json"),
        "truncated": (archive(good)[:3000], "unexpected EOF"),
        "truncated gzip": (gzip.compress(archive(good))[:-30], "damaged gzip"),
        "missing layer": (archive(_replace(good, layer, None)), "is named and not there"),
        "missing config": (archive(_replace(good, config, None)), "is named and not there"),
        "wrong layer": (archive(_replace(good, layer, other)), "invalid diffID for layer 0"),
        "broken layer": (archive(_replace(good, layer, other[:700])), "unexpected EOF"),
        "wrong config": (archive(_replace(good, config, image.config + b" ")), "wrong digest"),
        "no config": (archive(_replace(good, config, b"[]")), "wrong digest"),
        "broken manifest": (
            archive(_replace(good, "manifest.json", b'[{"Config":3}]')), "invalid manifest.json",
        ),
        "manifest is no JSON": (archive(_replace(good, "manifest.json", b"[{")), "invalid manifest.json"),
        "too few layers": (
            archive(_replace(good, "manifest.json", encode([{**manifest[0], "Layers": [layer]}]))),
            "layers length mismatch",
        ),
        "bad tag": (
            archive(_replace(good, "manifest.json", encode([{**manifest[0], "RepoTags": ["No Tag"]}]))),
            "invalid reference format",
        ),
        "windows": (docker((windows, ["x:1"])), "cannot load windows image on linux"),
        "wrong blob": (archive(_replace(oci, oci[1].name, gzip.compress(other))), "wrong digest"),
        "wrong manifest": (
            archive(_replace(oci, oci[-2].name, encode({"schemaVersion": 2}))), "wrong digest",
        ),
        "hostile layer": (docker((Made([archive([Item("../x", b"1")])]), ["x:1"])), "outside of the layer"),
        "endless links": (
            archive([
                Item("a", kind=tarfile.SYMTYPE, link="b"), Item("b", kind=tarfile.SYMTYPE, link="a"),
                Item("manifest.json", encode([{"Config": "a", "RepoTags": [], "Layers": []}])),
            ]),
            "a link without an end",
        ),
    }  # fmt: skip


BAD = _bad_archives()


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_archive_gets_one_line_and_leaves_nothing(open_store, leftovers, name) -> None:
    data, words = BAD[name]

    async def scenario(store):
        with pytest.raises(InvalidArgument, match=words) as caught:
            await store.load(chunks(data))
        assert "\n" not in caught.value.message
        assert store.list() == ()

    run(open_store, scenario)
    assert leftovers() == []


def test_one_bad_image_among_good_ones_stops_all(open_store, leftovers) -> None:
    good, bad = simple("good"), simple("bad")
    items = docker_items((good, ["good:1"]), (bad, ["bad:1"]))
    broken = _replace(items, items[3].name, archive([Item("other", b"1")]))

    async def scenario(store):
        with pytest.raises(InvalidArgument):
            await store.load(chunks(archive(broken)))
        assert store.list() == ()

    run(open_store, scenario)
    assert leftovers() == []


def test_a_cancelled_load_leaves_nothing(open_store, leftovers) -> None:
    data = docker((Made([archive([Item("big", os.urandom(3_000_000))])]), ["x:1"]))

    async def scenario(store):
        half_way = asyncio.Event()

        async def endless():
            async for chunk in chunks(data[: len(data) // 2]):
                yield chunk
            half_way.set()
            await asyncio.Event().wait()

        task = asyncio.ensure_future(store.load(endless()))
        await half_way.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert store.list() == ()

    run(open_store, scenario)
    assert leftovers() == []


def test_an_error_of_the_sender_is_the_error(open_store, leftovers) -> None:
    async def broken():
        yield docker((simple("a"), ["x:1"]))[:2000]
        raise ConnectionResetError("the client went away")

    async def scenario(store):
        with pytest.raises(ConnectionResetError):
            await store.load(broken())

    run(open_store, scenario)
    assert leftovers() == []


async def _read(stream) -> bytes:
    return b"".join([chunk async for chunk in stream])


def test_saved_images_load_again_the_same(open_store) -> None:
    a, b = simple("a", "shared"), simple("b", "shared")

    async def scenario(store):
        await store.load(chunks(docker((a, ["x:1", "x:2", "y:1"]), (b, None))))
        saved = await _read(store.save(["x", b.id]))
        assert saved == await _read(store.save(["x", b.id]))
        for image in (a, b):
            await store.remove(Digest(image.id))
        assert names(await store.load(chunks(saved))) == ["x:1", "x:2", b.id]
        assert store.raw_config(Digest(a.id)) == a.config
        return saved

    saved = run(open_store, scenario)
    with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
        members = tar.getnames()
        for layer in {*a.layers, *b.layers}:
            assert tar.extractfile(blob(layer).name).read() == layer
    assert len(members) == len(set(members))


def test_save_knows_what_is_meant(open_store) -> None:
    image = simple("a")

    async def scenario(store):
        await store.load(chunks(docker((image, ["x:1", "x:2"]))))
        for texts, tags in ((["x:1"], ["x:1"]), ([image.id[7:19]], None), (["x:2", "x:1"], ["x:2", "x:1"])):
            with tarfile.open(fileobj=io.BytesIO(await _read(store.save(texts)))) as tar:
                manifest = json.load(tar.extractfile("manifest.json"))
            assert [item["RepoTags"] for item in manifest] == [tags]
        with pytest.raises(NotFound, match="No such image: nope"):
            store.save(["x:1", "nope"])

    run(open_store, scenario)


def test_import_makes_an_image_of_one_layer(open_store) -> None:
    tar = gzip.compress(archive([directory("etc"), Item("etc/x", b"1")]))

    async def scenario(store):
        image_id = await store.import_tar(
            chunks(tar), parse_reference("made"), changes=['CMD ["a"]', "ENV B=c"], message="by hand"
        )
        image = store.resolve("made:latest")
        assert image.id == image_id
        assert (image.config.config.cmd, image.config.config.env) == (("a",), ("B=c",))
        assert (image.config.comment, image.config.os) == ("by hand", "linux")
        assert image.layers == (sha256(gzip.decompress(tar)),)

    run(open_store, scenario)


@pytest.mark.parametrize(
    ("data", "changes", "words"),
    [
        (b"", (), None),
        (b"garbage" * 200, (), "invalid tar header"),
        (archive([Item("a", b"1" * 600)])[:900], (), "unexpected EOF"),
        (archive([Item("a", b"1")]), ("RUN x",), "run is not a valid change command"),
    ],
)
def test_import_of_bad_input_leaves_nothing(open_store, leftovers, data, changes, words) -> None:
    async def scenario(store):
        if words is None:  # an empty archive is an empty file system
            await store.remove(await store.import_tar(chunks(data), None, changes=changes))
            return
        with pytest.raises(InvalidArgument, match=words):
            await store.import_tar(chunks(data), None, changes=changes)

    run(open_store, scenario)
    assert leftovers() == []


def test_removal_takes_what_nothing_else_needs(open_store, leftovers) -> None:
    a, b = simple("base", "a"), simple("base", "b")

    async def scenario(store):
        await store.load(chunks(docker((a, ["a:1"]), (b, ["b:1"]))))
        gone = await store.remove(Digest(a.id))
        assert len(gone.chain_ids) == 1
        assert len(store.layers.known()) == 2
        await store.prepare("key", Digest(b.id), {})
        gone = await store.remove(Digest(b.id))
        assert len(gone.chain_ids) == 2
        assert (store.mount("key") / "base").read_bytes() == b"base" * 100, "a snapshot keeps its layers"
        await store.discard("key")
        assert store.layers.known() == frozenset()
        with pytest.raises(NotFound, match="No such image"):
            await store.remove(Digest(b.id))

    run(open_store, scenario)
    assert leftovers() == []


def test_a_lease_keeps_layers_until_it_ends(open_store, leftovers) -> None:
    image = simple("a")

    async def scenario(store):
        await store.load(chunks(docker((image, ["a:1"]))))
        async with store.lease():
            await store.remove(Digest(image.id))
            assert len(store.layers.known()) == 1
            assert await _read(store.layers_stream(image)) == image.layers[0]
        assert store.layers.known() == frozenset()

    async def with_stream(store):
        async def stream(image):
            for piece in store.layers.archive(Digest(sha256(image.layers[0]))):
                yield piece

        store.layers_stream = stream
        await scenario(store)

    run(open_store, with_stream)
    assert leftovers() == []


def test_names_survive_a_restart(open_store) -> None:
    image = simple("a")

    async def first(store):
        await store.load(chunks(docker((image, ["a:1"]))))
        await store.tag(Digest(image.id), parse_reference("localhost:5000/b"))
        await store.prepare("key", Digest(image.id), {})
        (store.mount("key") / "written").write_text("kept")

    async def second(store):
        found = store.resolve("localhost:5000/b:latest")
        assert (found.id, found.size) == (image.id, 100)
        assert found.tagged_ns > 0
        assert [ref.familiar for ref in store.names(found.id)] == ["a:1", "localhost:5000/b:latest"]
        assert (store.rootfs("key") / "written").read_text() == "kept", "mounts of running containers stay"
        store.unmount("key")
        assert (store.mount("key") / "written").read_text() == "kept"
        await store.untag(parse_reference("a:1"))
        with pytest.raises(NotFound):
            store.resolve("a:1")

    run(open_store, first)
    run(open_store, second)


def test_a_mount_is_made_again_after_a_reboot(open_store, tmp_path) -> None:
    image = simple("a")

    async def first(store):
        await store.load(chunks(docker((image, ["a:1"]))))
        await store.prepare("key", Digest(image.id), {})
        (store.mount("key") / "written").write_text("kept")
        store.unmount("key")

    async def second(store):
        assert not store.rootfs("key").exists()
        assert (store.mount("key") / "written").read_text() == "kept"
        assert (store.rootfs("key") / "a").read_bytes() == b"a" * 100

    run(open_store, first)
    subprocess.run(["rm", "-rf", tmp_path / "run"], check=True)
    run(open_store, second)


def test_changes_are_those_of_docker_diff(open_store) -> None:
    base = archive([
        directory("etc"), Item("etc/old", b"1"), Item("etc/gone", b"2"),
        directory("var/log"), Item("var/log/x", b"3"), directory("quiet"), Item("quiet/f", b"5"),
        directory("replaced"), Item("replaced/in", b"4"), Item("replaced/again", b"4"),
        directory("replaced/dir"),
    ])  # fmt: skip
    image = Made([base])

    async def scenario(store):
        await store.load(chunks(docker((image, ["a:1"]))))
        await store.prepare("key", Digest(image.id), {})
        root = store.mount("key")
        (root / "etc/old").write_text("changed")
        (root / "etc/gone").unlink()
        (root / "new").mkdir()
        (root / "new/file").write_text("1")
        shutil.rmtree(root / "replaced")
        (root / "replaced").mkdir()
        (root / "replaced/other").write_text("1")
        (root / "replaced/again").write_text("1")
        (root / "var/log/passing").write_text("1")
        (root / "var/log/passing").unlink()
        with open(root / "var/log/x", "r+b"):
            pass  # copied up, and not changed
        (root / "quiet/f").chmod(0o600)
        assert await store.usage("key") == len("changed") + 1 + 1 + 1 + len("3") + len("5")
        return await store.changes("key")

    found = run(open_store, scenario)
    assert [(change.kind, change.path) for change in found] == [
        (ChangeKind.MODIFIED, "/etc"),
        (ChangeKind.DELETED, "/etc/gone"),
        (ChangeKind.MODIFIED, "/etc/old"),
        (ChangeKind.ADDED, "/new"),
        (ChangeKind.ADDED, "/new/file"),
        (ChangeKind.MODIFIED, "/quiet"),
        (ChangeKind.MODIFIED, "/quiet/f"),
        (ChangeKind.MODIFIED, "/replaced"),
        (ChangeKind.MODIFIED, "/replaced/again"),
        (ChangeKind.DELETED, "/replaced/dir"),
        (ChangeKind.DELETED, "/replaced/in"),
        (ChangeKind.ADDED, "/replaced/other"),
    ]


def test_export_is_what_gnu_tar_reads_back(open_store, tmp_path) -> None:
    from tests.contract.snapshotter_stage import look
    from tests.contract.test_snapshotter import EVERYTHING

    image = Made([archive([item._replace(mtime=int(item.mtime)) for item in EVERYTHING])])
    target = tmp_path / "unpacked"
    target.mkdir()

    async def scenario(store):
        await store.load(chunks(docker((image, ["a:1"]))))
        await store.prepare("key", Digest(image.id), {})
        async with store.mounted("key") as root:
            data = await _read(store.archive(root))
            seen = look(root)
        assert not store.rootfs("key").exists()
        return data, seen

    data, seen = run(open_store, scenario)
    command = ["tar", "-xpf", "-", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-C", target]
    subprocess.run(command, input=data, check=True)
    parents = {".", "ddd"}
    assert {k: v for k, v in look(target).items() if k not in parents} == seen


def test_a_storage_option_is_refused_as_overlay2_does(open_store) -> None:
    image = simple("a")

    async def scenario(store):
        await store.load(chunks(docker((image, ["a:1"]))))
        with pytest.raises(InvalidArgument, match="pquota"):
            await store.prepare("key", Digest(image.id), {"size": "1G"})
        assert store.snapshot_keys() == frozenset()
        with pytest.raises(Internal):
            store.mount("key")

    run(open_store, scenario)


def test_a_failing_commit_leaves_nothing_visible(open_store, tmp_path, leftovers) -> None:
    image = simple("a")

    async def scenario(store):
        other = sqlite3.connect(tmp_path / "state.db")
        other.execute("DROP TABLE image_names")
        other.commit()
        other.close()
        with pytest.raises(Internal):
            await store.load(chunks(docker((image, ["a:1"]))))
        assert store.list() == ()

    run(open_store, scenario)

    async def again(store):
        assert store.list() == ()

    run(open_store, again)
    assert leftovers() == []


def test_what_got_a_name_meanwhile_is_not_removed(open_store) -> None:
    """Whoever decides that nobody needs an image is not the only one who is at work."""

    async def scenario() -> None:
        async with open_store() as store:
            image = Made([archive([Item("x", b"y")])])
            await store.load(chunks(docker((image, ["x:1"]))))
            with pytest.raises(Conflict, match="it was named x:1 meanwhile"):
                await store.remove(image.id, unnamed=True)
            assert [one.id for one in store.list()] == [image.id]
            await store.untag(parse_reference("x:1"))
            await store.remove(image.id, unnamed=True)
            assert store.list() == ()

    asyncio.run(scenario())
