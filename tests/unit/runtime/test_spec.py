"""From options to config.json."""

import msgspec
import pytest

from berth.base.errors import InvalidArgument
from berth.kernel.capabilities import CAPABILITIES
from berth.runtime.spec.build import build_spec
from berth.runtime.spec.capabilities import DEFAULT, normalize, resolve
from berth.runtime.spec.devices import devices_from_path, parse_device_rule
from berth.runtime.spec.environment import container_environment, override
from berth.runtime.spec.host import parse_kernel
from berth.runtime.spec.mounts import tmpfs_options
from berth.runtime.spec.options import (
    HOST,
    BlockLimit,
    DeviceNode,
    DeviceRule,
    Limits,
    MountSpec,
    Namespaces,
    Rlimit,
    SpecOptions,
    UserIds,
)
from berth.runtime.spec.resources import limit_section
from berth.runtime.spec.rlimits import clamp_rlimits
from berth.runtime.spec.security import parse_security_opts

EVERYTHING = frozenset(CAPABILITIES)


def options(**more):
    return SpecOptions(**{"container_id": "c", "rootfs": "/root", "args": ("sh",), **more})


def spec_of(**more):
    return build_spec(options(**more), recursive_read_only=True)


def mount_at(spec, destination):
    return next((m for m in spec["mounts"] if m["destination"] == destination), None)


def test_the_default_specification_is_dockers():
    spec = spec_of(capabilities=DEFAULT, hostname="h")
    assert [m["destination"] for m in spec["mounts"]] == [
        "/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm",
    ]  # fmt: skip
    assert {n["type"] for n in spec["linux"]["namespaces"]} == {
        "mount", "network", "uts", "pid", "ipc", "cgroup",
    }  # fmt: skip
    assert "ro" in mount_at(spec, "/sys")["options"]
    assert "size=67108864" in mount_at(spec, "/dev/shm")["options"]
    assert "/proc/kcore" in spec["linux"]["maskedPaths"]
    assert "/proc/sys" in spec["linux"]["readonlyPaths"]
    assert spec["hostname"] == "h"
    assert spec["process"]["capabilities"]["bounding"] == list(DEFAULT)
    assert "inheritable" not in spec["process"]["capabilities"]
    assert spec["linux"]["resources"]["devices"][0] == {"allow": False, "access": "rwm"}
    assert msgspec.json.decode(msgspec.json.encode(spec)) == spec


def test_privileged_opens_what_is_closed():
    spec = spec_of(privileged=True)
    assert "ro" not in mount_at(spec, "/sys")["options"]
    assert "ro" not in mount_at(spec, "/sys/fs/cgroup")["options"]
    assert spec["linux"]["maskedPaths"] == spec["linux"]["readonlyPaths"] == []
    assert spec["linux"]["resources"]["devices"] == [{"allow": True, "access": "rwm"}]


def test_paths_may_be_named_instead():
    spec = spec_of(masked_paths=(), readonly_paths=("/proc/x",))
    assert (spec["linux"]["maskedPaths"], spec["linux"]["readonlyPaths"]) == ([], ["/proc/x"])


def test_namespaces_are_shared_or_joined():
    spaces = Namespaces(pid=HOST, ipc="/proc/7/ns/ipc", uts=HOST, network="/run/netns/x", cgroup=HOST)
    spec = spec_of(namespaces=spaces, hostname="h", domainname="d")
    assert spec["linux"]["namespaces"] == [
        {"type": "mount"},
        {"type": "network", "path": "/run/netns/x"},
        {"type": "ipc", "path": "/proc/7/ns/ipc"},
    ]
    assert "hostname" not in spec
    assert "sysctl" not in spec["linux"]


def test_domainname_is_a_sysctl():
    assert spec_of(domainname="d")["linux"]["sysctl"] == {"kernel.domainname": "d"}


def test_ipc_none_has_no_shared_memory():
    assert mount_at(spec_of(namespaces=Namespaces(ipc="none")), "/dev/shm") is None
    assert mount_at(spec_of(shm_source="/x"), "/dev/shm")["source"] == "/x"


def test_asked_mounts_replace_defaults_and_come_parents_first():
    spec = spec_of(
        mounts=(
            MountSpec(kind="bind", source="/s", destination="/a/b/c"),
            MountSpec(kind="bind", source="/s", destination="/a"),
            MountSpec(kind="tmpfs", destination="/dev", options=("size=1m", "exec")),
        )
    )
    places = [m["destination"] for m in spec["mounts"]]
    assert places == ["/proc", "/sys", "/sys/fs/cgroup", "/a", "/dev", "/a/b/c"]
    assert mount_at(spec, "/dev")["options"] == ["nodev", "nosuid", "rprivate", "size=1m", "exec"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ["rbind", "rprivate"]),
        ({"writable": False}, ["rbind", "rro", "rprivate"]),
        ({"writable": False, "read_only_recursive": False}, ["rbind", "ro", "rprivate"]),
        ({"recursive": False}, ["bind", "rprivate"]),
    ],
)
def test_bind_options(more, words):
    mount = MountSpec(kind="bind", source="/s", destination="/d", propagation="rprivate", **more)
    assert mount_at(spec_of(mounts=(mount,)), "/d")["options"] == words


def test_recursive_read_only_that_cannot_be_is_refused_only_when_demanded():
    wish = MountSpec(kind="bind", source="/s", destination="/d", writable=False)
    spec = build_spec(options(mounts=(wish,)))
    assert mount_at(spec, "/d")["options"] == ["rbind", "ro"]
    demand = msgspec.structs.replace(wish, read_only_recursive=True)
    with pytest.raises(InvalidArgument, match="rro is not supported"):
        build_spec(options(mounts=(demand,)))


@pytest.mark.parametrize(
    ("propagation", "root"), [("rshared", "shared"), ("slave", "rslave"), ("private", None)]
)
def test_propagation_opens_the_root(propagation, root):
    mount = MountSpec(kind="bind", source="/s", destination="/d", propagation=propagation)
    assert spec_of(mounts=(mount,))["linux"].get("rootfsPropagation") == root


def test_read_only_root_leaves_dev_and_asked_mounts_writable():
    spec = spec_of(readonly_rootfs=True, mounts=(MountSpec(kind="tmpfs", destination="/tmp"),))
    assert spec["root"]["readonly"]
    assert "ro" not in mount_at(spec, "/tmp")["options"]
    assert "ro" not in mount_at(spec, "/dev")["options"]


def test_init_comes_first():
    spec = spec_of(init_path="/usr/bin/tini", args=("a", "b"))
    assert spec["process"]["args"] == ["/sbin/docker-init", "--", "a", "b"]
    assert mount_at(spec, "/sbin/docker-init")["source"] == "/usr/bin/tini"


def test_callers_cannot_make_the_runtime_write_or_unfilter():
    given = {
        "a": "b",
        "run.oci.hooks.stdout": "/etc/passwd",
        "run.oci.seccomp_bpf_data": "AAAA",
        "run.oci.seccomp.receiver": "/s",
    }
    assert spec_of(annotations=given)["annotations"] == {"a": "b"}


def test_devices_rlimits_user_and_terminal():
    spec = spec_of(
        devices=(DeviceNode(path="/dev/x", kind="c", major=1, minor=3),),
        device_rules=(DeviceRule(kind="c", major=42, access="r"),),
        rlimits=(Rlimit(name="memlock", soft=-1, hard=-1),),
        user=UserIds(uid=1, gid=2, groups=(2, 3)),
        terminal=True,
        console_size=(24, 80),
    )
    assert spec["linux"]["devices"][0]["path"] == "/dev/x"
    assert spec["linux"]["resources"]["devices"][-1] == {
        "allow": True, "type": "c", "major": 42, "access": "r",
    }  # fmt: skip
    unlimited = (1 << 64) - 1
    assert spec["process"]["rlimits"] == [{"type": "RLIMIT_MEMLOCK", "soft": unlimited, "hard": unlimited}]
    assert spec["process"]["user"] == {"uid": 1, "gid": 2, "additionalGids": [2, 3]}
    assert spec["process"]["consoleSize"] == {"height": 24, "width": 80}


def test_limits():
    assert limit_section(Limits()) == {}
    assert limit_section(
        Limits(
            memory=1 << 20,
            memory_swap=-1,
            memory_swappiness=0,
            nano_cpus=1_500_000_000,
            cpuset_cpus="0-1",
            pids=0,
            blkio_weight=10,
            write_bps=(BlockLimit(major=8, minor=0, value=5),),
        )
    ) == {
        "memory": {"limit": 1 << 20, "swap": -1, "swappiness": 0},
        "cpu": {"period": 100_000, "quota": 150_000, "cpus": "0-1"},
        "blockIO": {
            "weight": 10,
            "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 5}],
        },
        "pids": {"limit": -1},
    }


@pytest.mark.parametrize(
    ("words", "merged"),
    [
        (["noexec", "exec"], ["exec"]),
        (["size=1m", "size=2m", "mode=700"], ["size=2m", "mode=700"]),
        (["rprivate", "rslave"], ["rslave"]),
        (["defaults", ""], []),
    ],
)
def test_tmpfs_options_merge(words, merged):
    assert tmpfs_options(words) == merged


@pytest.mark.parametrize("word", ["bogus", "size", "exec=1", "source=/x"])
def test_bad_tmpfs_options(word):
    with pytest.raises(InvalidArgument, match=f'invalid tmpfs option "{word}"'):
        tmpfs_options([word])


def test_capabilities_add_and_drop():
    assert resolve((), (), privileged=False, available=EVERYTHING) == (DEFAULT, ())
    caps, _ = resolve(("net_admin",), ("CAP_CHOWN",), privileged=False, available=EVERYTHING)
    assert "CAP_NET_ADMIN" in caps
    assert "CAP_CHOWN" not in caps
    assert resolve(("kill",), ("all",), privileged=False, available=EVERYTHING)[0] == ("CAP_KILL",)
    everything, _ = resolve(("ALL",), ("SYS_ADMIN",), privileged=False, available=EVERYTHING)
    assert set(everything) == EVERYTHING - {"CAP_SYS_ADMIN"}
    assert normalize(("kill", "CAP_KILL")) == ("CAP_KILL",)


def test_capabilities_that_the_engine_lacks_are_left_out_and_named():
    available = EVERYTHING - {"CAP_SYS_RESOURCE"}
    caps, warnings = resolve(("SYS_RESOURCE",), (), privileged=False, available=available)
    assert caps == DEFAULT
    assert len(warnings) == 1
    assert "CAP_SYS_RESOURCE" in warnings[0]
    assert resolve((), (), privileged=True, available=available) == (
        tuple(c for c in CAPABILITIES if c in available),
        (),
    )


def test_unknown_capability():
    with pytest.raises(InvalidArgument, match='unknown capability: "CAP_NOPE"'):
        normalize(("nope",))


def test_rlimits_are_clamped_with_a_warning():
    limits = (Rlimit(name="memlock", soft=-1, hard=-1), Rlimit(name="nofile", soft=10, hard=20))
    clamped, warnings = clamp_rlimits(limits, lambda name: 8192 if name == "memlock" else -1)
    assert clamped == (Rlimit(name="memlock", soft=8192, hard=8192), limits[1])
    assert warnings == (
        "ulimit memlock=-1 is more than this host allows the engine to give. It was set to 8192.",
    )
    with pytest.raises(InvalidArgument, match="invalid ulimit type: x"):
        clamp_rlimits((Rlimit(name="x", soft=1, hard=1),), lambda name: -1)


def test_environment():
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert container_environment((), hostname="h", terminal=True, home="/root") == (
        path, "HOSTNAME=h", "TERM=xterm", "HOME=/root",
    )  # fmt: skip
    given = ("PATH=/x", "TERM", "A=b=c", "HOME=/me")
    assert container_environment(given, hostname="h", terminal=True) == (
        "PATH=/x", "HOSTNAME=h", "A=b=c", "HOME=/me",
    )  # fmt: skip
    assert override(("A=1",), ("A=2", "B")) == ("A=2",)


def test_security_options():
    parsed = parse_security_opts(
        ("no-new-privileges", "seccomp=unconfined", "apparmor:x", "label=disable", "writable-cgroups=false")
    )
    assert (parsed.seccomp, parsed.apparmor, parsed.no_new_privileges) == ("unconfined", "x", True)
    assert parsed.writable_cgroups is False
    assert parsed.labels == ("disable",)
    assert not parse_security_opts(("no-new-privileges=false",), no_new_privileges=True).no_new_privileges
    for bad in ("nonsense", "x=y", "no-new-privileges=maybe"):
        with pytest.raises(InvalidArgument, match="invalid --security-opt"):
            parse_security_opts((bad,))


def test_device_rules():
    assert parse_device_rule("c 42:* rmw") == DeviceRule(kind="c", major=42, minor=-1, access="rmw")
    for bad in ("c 42 rmw", "x 1:1 r", "c 1:1 q", "c 1:1", "c -1:1 r", ""):
        with pytest.raises(InvalidArgument, match="invalid device cgroup rule format"):
            parse_device_rule(bad)


def test_devices_from_path(tmp_path):
    nodes, rules = devices_from_path("/dev/null", "/dev/nothing", "r")
    assert (nodes[0].path, nodes[0].major, nodes[0].minor) == ("/dev/nothing", 1, 3)
    assert rules == (DeviceRule(kind="c", major=1, minor=3, access="r"),)
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    assert devices_from_path(str(link), "/x", "")[0][0].minor == 3
    for bad in (tmp_path / "none", tmp_path):
        with pytest.raises(InvalidArgument, match="error gathering device information"):
            devices_from_path(str(bad), "/x", "rwm")


@pytest.mark.parametrize(
    ("release", "version"), [("6.1.0-13-amd64", (6, 1)), ("5.15rc1", (5, 15)), ("6", (6, 0)), ("", (0, 0))]
)
def test_kernel_release(release, version):
    assert parse_kernel(release) == version
