"""Configurations, times, chain ids, content, and the plan of an archive."""

import json
import os
from pathlib import Path

import pytest

from berth.base.digest import Digest, sha256
from berth.base.errors import InvalidArgument, NotFound, Unavailable
from berth.image.archive import Archive, LayerFile, clean
from berth.image.config import decode_config, encode_config, format_time, parse_time
from berth.image.content import ContentStore
from berth.image.identity import chain_ids
from berth.image.lease import Leases
from berth.image.limits import Limits, Meter
from berth.image.model import LayerInfo
from berth.image.plan import host_architecture, plan


def test_a_configuration_as_docker_writes_it() -> None:
    config = decode_config(b"""{
        "architecture": "amd64", "os": "linux", "created": "2026-11-21T12:13:23.575937137Z",
        "config": {"Hostname": "", "Env": ["a=b"], "Cmd": null, "OnBuild": ["RUN x"],
            "Healthcheck": {"Test": ["NONE"], "StartInterval": 5}, "ExposedPorts": {"80/tcp": {}}, "New": 1},
        "rootfs": {"type": "layers", "diff_ids": null}, "history": [{"created": "x", "empty_layer": true}],
        "os.version": "1"
    }""")
    assert config.config.env == ("a=b",)
    assert config.config.cmd is None
    assert config.config.healthcheck.start_interval == 5
    assert (config.config.on_build, config.config.exposed_ports) == (("RUN x",), {"80/tcp": {}})
    assert config.os_version == "1"
    assert config.diff_ids == ()
    assert config.created_ns == 1795263203575937137
    assert decode_config(encode_config(config)) == config


def test_a_null_configuration_is_an_empty_one() -> None:
    assert decode_config(b'{"config":null,"rootfs":{}}').config.env is None


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b'{"config":[]}', b'{"rootfs":{"diff_ids":["sha256:1"]}}', b"\xff{}", b"[" * 100_000],
)
def test_what_is_no_configuration(data: bytes) -> None:
    with pytest.raises(InvalidArgument):
        decode_config(data)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T01:00:00.5+01:00", 500_000_000),
        ("2001-09-09T01:46:40.000000001Z", 10**18 + 1),
        ("0001-01-01T00:00:00Z", 0),
        ("2020-01-01", 0),
        ("", 0),
        ("yesterday", 0),
    ],
)
def test_times(text: str, ns: int) -> None:
    assert parse_time(text) == ns


def test_times_are_printed_as_go_does() -> None:
    assert format_time(10**18 + 1) == "2001-09-09T01:46:40.000000001Z"
    assert format_time(1_500_000_000) == "1970-01-01T00:00:01.5Z"
    assert format_time(10**9) == "1970-01-01T00:00:01Z"


def test_chain_ids_are_those_of_the_specification() -> None:
    a, b, c = Digest("sha256:a"), Digest("sha256:b"), Digest("sha256:c")
    ab = sha256(b"sha256:a sha256:b")
    assert chain_ids([a, b, c]) == (a, ab, sha256(f"{ab} sha256:c".encode()))
    assert chain_ids([]) == ()


def test_content_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    digest = store.put(b"hello")
    assert (store.get(digest), list(store), store.put(b"hello")) == (b"hello", [digest], digest)
    with pytest.raises(InvalidArgument, match="wrong digest"), store.open_ingest() as ingest:
        ingest.write(b"other")
        ingest.commit(digest)
    with pytest.raises(RuntimeError), store.open_ingest() as ingest:
        ingest.write(b"half")
        raise RuntimeError
    assert os.listdir(tmp_path / "ingest") == []
    assert list(store) == [digest]
    store.delete(digest)
    store.delete(digest)
    assert digest not in store
    with pytest.raises(NotFound):
        store.get(digest)


def test_leases_pin_what_is_there_and_what_comes() -> None:
    a, b, c = Digest("a"), Digest("b"), Digest("c")
    leases = Leases()
    one = leases.open([a])
    leases.pin(b)
    two = leases.open([a, b, c])
    assert leases.pinned() == {a, b, c}
    assert not leases.close(two)
    assert leases.pinned() == {a, b}
    assert leases.close(one)
    assert leases.pinned() == frozenset()


def test_a_bomb_is_refused_and_a_large_layer_is_not(tmp_path: Path) -> None:
    limits = Limits(plain_bytes=1 << 40, free_bytes=100 << 20, ratio=10, disk_reserve=0)
    meter = Meter(limits, tmp_path)
    meter.compressed = 100 << 20
    meter.count(900 << 20)
    meter.compressed = 1 << 20
    with pytest.raises(InvalidArgument, match="bomb"):
        meter.count(100 << 20)
    with pytest.raises(InvalidArgument, match="bomb"):
        Meter(Limits(plain_bytes=10), tmp_path).count(11)
    with pytest.raises(Unavailable, match="no space left"):
        Meter(Limits(disk_reserve=1 << 62), tmp_path).count(1)


def _archive(**documents: object) -> Archive:
    archive = Archive()
    for name, value in documents.items():
        archive.documents[name.replace("__", ".")] = json.dumps(value).encode()
    return archive


def test_names_in_archives_are_compared_in_one_form() -> None:
    assert [clean(n) for n in ("./a//b", "/a/b", "a/./c/../b", "../../a/b")] == ["a/b"] * 4
    archive = Archive()
    archive.add_link("x/layer.tar", "y/layer.tar")
    assert archive.real_name("./x/layer.tar") == "y/layer.tar"


def test_a_plan_of_an_archive() -> None:
    info = LayerInfo(diff_id=sha256(b"layer"), form="directory", size=1, tar_size=1)
    archive = _archive(
        config__json={"os": "linux", "rootfs": {"diff_ids": [info.diff_id]}},
        manifest__json=[{"Config": "config.json", "RepoTags": ["a:1", "b:2"], "Layers": ["l"]}],
    )
    archive.layers["l"] = LayerFile(None, info, info.diff_id, None)
    (image,) = plan(archive)
    assert [ref.familiar for ref in image.names] == ["a:1", "b:2"]
    assert image.config == archive.documents["config.json"]


def test_an_index_chooses_this_machine() -> None:
    def put(value: object) -> dict[str, object]:
        data = json.dumps(value).encode()
        archive.documents["blobs/sha256/" + sha256(data)[7:]] = data
        return {"digest": sha256(data)}

    archive = Archive()
    config = put({"architecture": host_architecture(), "os": "linux"})
    other = put({"architecture": "z80", "os": "linux"})
    manifests = [
        {**put({"config": other}), "platform": {"os": "linux", "architecture": "z80"}},
        {**put({"config": config}), "platform": {"os": "linux", "architecture": host_architecture()}},
        {**put({"config": {}}), "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ]
    nested = {**put({"manifests": manifests}), "mediaType": "application/vnd.oci.image.index.v1+json"}
    names = {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
    archive.documents["index.json"] = json.dumps({"manifests": [{**nested, **names}]}).encode()
    (image,) = plan(archive)
    assert json.loads(image.config)["architecture"] == host_architecture()
    assert image.names == (), "a bare tag names nothing"
