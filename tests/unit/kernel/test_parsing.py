"""What the kernel's text files say."""

from pathlib import Path

from berth.kernel import capabilities
from berth.kernel.cgroup import CgroupMode, layout_of, read_keyed
from berth.kernel.mount import MountEntry, parse_mountinfo
from berth.kernel.rlimit import RLIM_INFINITY, Limit, clamp

V1 = """\
25 20 0:22 / /sys/fs/cgroup rw,relatime shared:3 - tmpfs tmpfs rw,mode=755
26 25 0:23 / /sys/fs/cgroup/cpu,cpuacct rw shared:4 - cgroup cgroup rw,cpu,cpuacct
27 25 0:24 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
28 25 0:25 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
"""
UNIFIED = "29 25 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"


def test_mountinfo_line():
    text = r"36 35 98:0 /mnt1 /a\040b\134c rw,noatime master:1 shared:2 - ext3 /dev/r\011t rw,errors=continue"
    assert parse_mountinfo(text) == [
        MountEntry(
            36, 35, "98:0", "/mnt1", "/a b\\c", frozenset(("rw", "noatime")), True, "ext3", "/dev/r\tt",
            "rw,errors=continue",
        )
    ]  # fmt: skip


def test_v1_layout_shares_and_names_hierarchies():
    layout = layout_of(parse_mountinfo(V1))
    assert layout.mode is CgroupMode.V1
    assert layout.roots["cpu"] == layout.roots["cpuacct"] == Path("/sys/fs/cgroup/cpu,cpuacct")
    assert layout.named == (Path("/sys/fs/cgroup/systemd"),)
    assert len(layout.hierarchies()) == 3
    assert layout.group("berth/x").directory("memory") == Path("/sys/fs/cgroup/memory/berth/x")
    assert layout.group("berth/x").directory("pids") is None


def test_hybrid_layout():
    layout = layout_of(parse_mountinfo(V1 + UNIFIED))
    assert layout.mode is CgroupMode.HYBRID
    assert layout.unified == Path("/sys/fs/cgroup/unified")
    assert layout.hierarchies()[-1] == layout.unified


def test_v2_layout_reads_its_controllers(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    layout = layout_of(parse_mountinfo(f"29 25 0:26 / {tmp_path} rw - cgroup2 cgroup2 rw\n"))
    assert layout.mode is CgroupMode.V2
    assert set(layout.roots) == {"cpu", "memory", "pids"}
    assert layout.hierarchies() == (tmp_path,)


def test_keyed_file(tmp_path):
    (tmp_path / "f").write_text("low 0\noom_kill 3\nodd text\n")
    assert read_keyed(tmp_path / "f") == {"low": 0, "oom_kill": 3}
    assert read_keyed(tmp_path / "absent") == {}


def test_capability_names_by_bit():
    assert capabilities.names(0b101) == {"CAP_CHOWN", "CAP_DAC_READ_SEARCH"}
    assert capabilities.names(1 << 40) == {"CAP_CHECKPOINT_RESTORE"}
    assert capabilities.names(1 << 63) == frozenset()


def test_limits_are_cut_to_what_the_kernel_grants():
    assert clamp(Limit(1000, RLIM_INFINITY), 500) == Limit(500, 500)
    assert clamp(Limit(100, 400), 500) == Limit(100, 400)
    assert clamp(Limit(100, 400), RLIM_INFINITY) == Limit(100, 400)
