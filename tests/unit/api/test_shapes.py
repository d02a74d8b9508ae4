"""Shapes against what dockerd 28.5.2 really answered, field by field and version by version.

``facts/<subject>.json`` maps an API version to the form (names and types, ``describe``) of the answer from
that version on, as recorded from dockerd. Where berth differs on purpose, the test names the field.
"""

import json
from pathlib import Path

import msgspec
import pytest

from berth.api import versions
from berth.api.shape import container, image, network, stats, system, volume
from berth.api.shape.state import status_text
from berth.engine.container.stats import InterfaceStats, StatsSample
from berth.engine.image.inspect import InspectedImage
from berth.engine.image.list import ImageRow
from berth.engine.image.use import Names
from berth.engine.network.inspect import FoundNetwork, Member
from berth.engine.runtimes import BuiltIn
from berth.engine.settings import RuntimeChoice
from berth.engine.system.info import Info
from berth.engine.system.version import Version as EngineVersion
from berth.engine.volume.inspect import FoundVolume
from berth.image.model import HistoryRow
from berth.kernel.cgroup_stats import BlockStats, CgroupStats, CpuStats, MemoryStats, PidStats
from berth.network.ipam import SubnetUsage
from berth.network.records import Network, Pool
from berth.state.events import Event
from berth.volume.record import Volume

from .describe import describe, differences
from .samples import ENDPOINT, IMAGE, INSPECTED, NETWORK_ID, NOW, RECORD, TAG

FACTS = Path(__file__).parent / "facts"
RECORDED = ["1.24", "1.41", "1.43", "1.44", "1.47", "1.51"]


def facts(subject: str, version: str):
    """What dockerd answered to a client of ``version``."""
    recorded = json.loads((FACTS / f"{subject}.json").read_text())
    known = [name for name in recorded if versions.parse(name) <= versions.parse(version)]
    return recorded[max(known, key=versions.parse)]


def on_the_wire(value):
    """The value as a client reads it."""
    return describe(json.loads(msgspec.json.encode(value)))


@pytest.mark.parametrize("version", RECORDED)
def test_container_inspect(version):
    shaped = on_the_wire(container.inspect(INSPECTED, versions.parse(version)))
    assert differences(shaped, facts("inspect", version)) == ["Owner: extra"]


@pytest.mark.parametrize("version", RECORDED)
def test_container_row(version):
    parts = container.row(RECORD, "busybox", versions.parse(version))
    before, after = container.encode_row(parts)
    shaped = describe(json.loads(before + container.encode_text("Up") + after))
    assert differences([shaped], facts("ps", version)) == ["[].Owner: extra"]


def test_container_row_since_1_52_has_health():
    assert container.row(RECORD, "busybox", (1, 52)).after["Health"] == {
        "Status": "healthy",
        "FailingStreak": 0,
    }


def test_container_inspect_since_1_52_has_no_legacy_bridge():
    shaped = container.inspect(INSPECTED, (1, 52))["NetworkSettings"]
    assert sorted(shaped) == ["Networks", "Ports", "SandboxID", "SandboxKey"]


def test_sizes_only_when_measured():
    assert "SizeRw" not in container.inspect(INSPECTED, (1, 51))
    measured = container.inspect(INSPECTED._replace(size_rw=0, size_root=5), (1, 51))
    assert (measured["SizeRw"], measured["SizeRootFs"]) == (0, 5)


@pytest.mark.parametrize("version", RECORDED)
def test_image_inspect(version):
    found = InspectedImage(IMAGE, Names((TAG,), ()))
    shaped = on_the_wire(image.inspect(found, versions.parse(version)))
    assert differences(shaped, facts("image", version)) == [
        "GraphDriver.Data: None / {'MergedDir': 'str', 'UpperDir': 'str', 'WorkDir': 'str'}",
        "Owner: extra",
    ]


@pytest.mark.parametrize("version", RECORDED)
def test_image_row(version):
    shaped = on_the_wire([image.row(ImageRow(IMAGE, (TAG,), (), 4, None), versions.parse(version))])
    assert differences(shaped, facts("images", version)) == []


def test_image_without_a_name_before_1_43():
    row = image.row(ImageRow(IMAGE, (), (), 0, None), (1, 42))
    assert (row["RepoTags"], row["RepoDigests"]) == (["<none>:<none>"], ["<none>@<none>"])
    row = image.row(ImageRow(IMAGE, (), (), 0, None), (1, 43))
    assert (row["RepoTags"], row["RepoDigests"]) == ([], [])


@pytest.mark.parametrize("version", RECORDED)
def test_history(version):
    row = HistoryRow(IMAGE.id, NOW, "", (TAG,), 5, "Imported from -")
    assert differences(on_the_wire([image.step(row)]), facts("history", version)) == []


NETWORK = Network(
    id=NETWORK_ID,
    name="bridge",
    created_at=NOW,
    pools=(Pool(subnet="172.17.0.0/16", gateway="172.17.0.1"),),
    options={
        f"com.docker.network.{name}": "x"
        for name in (
            "bridge.default_bridge", "bridge.enable_icc", "bridge.enable_ip_masquerade",
            "bridge.host_binding_ipv4", "bridge.name", "driver.mtu",
        )
    },
    predefined=True,
)  # fmt: skip


@pytest.mark.parametrize("version", RECORDED)
def test_network_inspect(version):
    found = FoundNetwork(NETWORK, (Member("d4" * 32, "facts", ENDPOINT),))
    expected = facts("network", version)
    ((_, member),) = expected["Containers"].items()
    expected["Containers"] = {"d4" * 32: member}
    shaped = on_the_wire(network.network(found, versions.parse(version), summary=False))
    assert differences(shaped, expected) == []


@pytest.mark.parametrize("version", RECORDED[1:])
def test_network_row(version):
    made = Network(id=NETWORK_ID, name="fnet", created_at=NOW, pools=(Pool(subnet="10.77.0.0/24"),))
    shaped = on_the_wire([network.network(FoundNetwork(made), versions.parse(version), summary=True)])
    # Docker shows what the client sent, its own client sends an empty object.
    assert differences(shaped, facts("networks", version)) == ["[].IPAM.Options: None / {}"]


@pytest.mark.parametrize("version", RECORDED)
def test_volume(version):
    found = FoundVolume(Volume(name="vol", created_ns=NOW, owner_uid=1000), "/v/vol/_data")
    assert differences(on_the_wire(volume.volume(found)), facts("volume", version)) == ["Owner: extra"]
    listed = {"Volumes": [volume.volume(found)], "Warnings": None}
    assert differences(on_the_wire(listed), facts("volumes", version)) == ["Volumes[].Owner: extra"]


EVENTS = {
    "container create": Event(
        kind="container",
        action="create",
        actor="d4",
        attributes={"image": "x", "l": "1", "name": "f"},
        time_ns=NOW,
    ),
    "image tag": Event(
        kind="image", action="tag", actor="6d", attributes={"l": "1", "name": "x"}, time_ns=NOW
    ),
    "network create": Event(
        kind="network", action="create", actor="00", attributes={"name": "f", "type": "bridge"}, time_ns=NOW
    ),
    "volume create": Event(
        kind="volume", action="create", actor="v", attributes={"driver": "local"}, time_ns=NOW
    ),
}


@pytest.mark.parametrize("version", RECORDED)
@pytest.mark.parametrize("what", EVENTS)
def test_event(what, version):
    shaped = on_the_wire(system.event(EVENTS[what], versions.parse(version)))
    assert differences(shaped, facts("events", version)[what]) == []


def test_event_since_1_52_has_no_legacy_fields():
    assert sorted(system.event(EVENTS["container create"], (1, 52))) == [
        "Action", "Actor", "Type", "scope", "time", "timeNano",
    ]  # fmt: skip


INFO = Info(
    id="x", name="vm", version="0.1.0", containers=4, running=3, paused=0, stopped=1, images=1,
    layer_form="erofs", data_root="/d", log_driver="json-file", cgroup_driver="cgroupfs", cgroup_version="1",
    runtimes={"runc": RuntimeChoice(path="runc")}, default_runtime="runc", init_binary="docker-init",
    security_options=("name=seccomp",), kernel_version="6", operating_system="Debian", os_version="12",
    architecture="x86_64", cpus=2, memory_total=1, events_listeners=0, debug=False, labels=(),
    insecure_registries=(), registry_mirrors=(), live_restore=True, file_descriptors=1, tasks=1, warnings=(),
)  # fmt: skip

NOT_OURS = {
    "Containerd": "there is no containerd",
    "KernelMemoryTCP": "gone from the kernel",
    "Runtimes.io.containerd.runc.v2": "a name of containerd's",
}


@pytest.mark.parametrize("version", RECORDED)
def test_info(version):
    shaped = on_the_wire(system.info(INFO, NOW, versions.parse(version)))
    found = differences(shaped, facts("info", version))
    unexpected = [text for text in found if text.partition(":")[0] not in NOT_OURS]
    assert unexpected == ["CDISpecDirs: [] / ['str']"]


def test_version():
    found = EngineVersion(
        "0.1.0", "3.11.2", "linux", "amd64", "6.1", (BuiltIn("crun", "/usr/bin/crun", "1.8", "abc"),)
    )
    shaped = on_the_wire(system.version(found))
    assert differences(shaped, facts("version", "1.51")) == []
    assert system.version(found)["ApiVersion"] == versions.text(versions.NEWEST)


SAMPLE = StatsSample(
    id="d4",
    name="facts",
    read_ns=NOW,
    group=CgroupStats(
        CpuStats(total_ns=2, per_cpu_ns=(1, 1)),
        MemoryStats(usage=1, peak=2, details={"cache": 1, "rss": 2}),
        BlockStats(),
        PidStats(current=1),
    ),
    system_cpu_ns=5,
    online_cpus=2,
    memory_limit=7,
    interfaces=(InterfaceStats("eth0", 1, 2, 3, 4, 5, 6, 7, 8),),
)


@pytest.mark.parametrize("version", ["1.24"])
def test_stats(version):
    before = SAMPLE._replace(read_ns=NOW - 10**9)
    shaped = on_the_wire(stats.stats(SAMPLE._replace(previous=before), versions.parse(version)))
    assert differences(shaped, facts("stats", version)) == []


def test_stats_of_a_stopped_container():
    shaped = stats.stats(SAMPLE._replace(group=None, interfaces=()), (1, 51))
    assert shaped["memory_stats"] == {}
    assert shaped["read"] == "0001-01-01T00:00:00Z"
    assert "networks" not in shaped


def _state(**changes):
    return msgspec.structs.replace(RECORD.state, **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Up 5 minutes (healthy)"),
        ({"health": None}, "Up 5 minutes"),
        ({"status": "paused"}, "Up 5 minutes (Paused)"),
        ({"status": "created", "started_at": 0}, "Created"),
        ({"status": "exited", "exit_code": 137}, "Exited (137) 2 minutes ago"),
        ({"status": "restarting", "exit_code": 1}, "Restarting (1) 2 minutes ago"),
        ({"status": "removing"}, "Removal In Progress"),
        ({"status": "dead"}, "Dead"),
    ],
)
def test_status_text(changes, expected):
    from berth.engine.container.record import Status

    changes = {"finished_at": NOW + 180 * 10**9, **changes}
    if "status" in changes:
        changes["status"] = Status(changes["status"])
    assert status_text(_state(**changes), NOW + 300 * 10**9) == expected


def test_status_text_while_the_check_has_not_passed():
    health = msgspec.structs.replace(RECORD.state.health, status="starting")
    assert status_text(_state(health=health), NOW) == "Up Less than a second (health: starting)"


def test_command_line_quotes_words_with_blanks():
    record = msgspec.structs.replace(RECORD, path="sh", args=("-c", "echo a b"))
    assert container.command_line(record) == "sh -c 'echo a b'"


def test_exposed_ports_are_shown_unpublished():
    from berth.engine.spec.naming import Empty

    config = msgspec.structs.replace(RECORD.config, exposed_ports={"80/tcp": Empty(), "53/udp": Empty()})
    record = msgspec.structs.replace(RECORD, config=config)
    assert container.port_map(record)["53/udp"] is None
    assert container.port_rows(record)[1:] == [{"PrivatePort": 53, "Type": "udp"}]
    stopped = msgspec.structs.replace(record, state=msgspec.structs.replace(RECORD.state, status="exited"))
    assert container.port_map(stopped) == {}
    assert container.port_rows(stopped) == []


def test_objects_say_who_made_them():
    """Over TCP nobody is known, and nothing is said."""
    made = msgspec.structs.replace(NETWORK, owner_uid=1000)
    assert network.network(FoundNetwork(made), (1, 51), summary=False)["Owner"] == {"Uid": 1000}
    assert "Owner" not in network.network(FoundNetwork(NETWORK), (1, 51), summary=False)
    assert container.inspect(INSPECTED, (1, 51))["Owner"] == {"Uid": 1000, "Gid": 1000, "Name": "ann"}


def test_use_of_addresses_is_shown_since_1_52():
    found = FoundNetwork(NETWORK, (), (SubnetUsage("10.0.0.0/8", 5, 11), SubnetUsage("fd00::/48", 2, 2**80)))
    assert network.network(found, (1, 52), summary=False)["Status"] == {
        "IPAM": {
            "Subnets": {
                "10.0.0.0/8": {"IPsInUse": 5, "DynamicIPsAvailable": 11},
                "fd00::/48": {"IPsInUse": 2, "DynamicIPsAvailable": 2**64 - 1},
            }
        }
    }
    assert "Status" not in network.network(found, (1, 51), summary=False)
    assert "Status" not in network.network(found, (1, 52), summary=True)
