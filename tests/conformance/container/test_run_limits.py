"""docker run: limits of memory, cpu, processes and files (A1.1, B4)."""

import re

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect

CGROUP = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max"


def test_memlock_beyond_what_the_kernel_allows(docker: Client, engine: Engine) -> None:
    """A1.1: berth clamps to the hard limit, warns in one line and runs; dockerd fails where rlimits cannot
    be raised."""
    result = docker("run", "--rm", "--ulimit", "memlock=-1", "busybox", "sh", "-c", "ulimit -l")
    if engine.is_dockerd and result.code == 125:
        assert "operation not permitted" in result.err
        assert "rlimit" in result.err
        return
    assert result.code == 0
    clamped = result.out.strip()
    assert clamped == "unlimited" or int(clamped) > 0
    if not engine.is_dockerd and clamped != "unlimited":
        assert "memlock" in result.err
        assert len(result.err.splitlines()) == 1


def test_ulimits(docker: Client) -> None:
    """B4 --ulimit: soft and hard."""
    out = docker.ok(
        "run",
        "--rm",
        "--ulimit",
        "nofile=100:200",
        "--ulimit",
        "core=0",
        "busybox",
        "sh",
        "-c",
        "ulimit -n; ulimit -Hn; ulimit -c",
    )
    assert out == "100\n200\n0"


@pytest.mark.parametrize(
    ("limit", "complaint"),
    [
        ("nope=1", "invalid ulimit type: nope"),
        ("nofile=200:100", "ulimit soft limit must be less than or equal to hard limit: 200 > 100"),
    ],
)
def test_bad_ulimits(docker: Client, limit: str, complaint: str) -> None:
    """Bad input: by the client."""
    result = docker("run", "--rm", "--ulimit", limit, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err


def test_memory(docker: Client) -> None:
    """B4 -m: the limit is in the control group that the container sees."""
    assert docker.ok("run", "--rm", "-m", "64m", "busybox", "sh", "-c", CGROUP) == str(64 << 20)


def test_out_of_memory(docker: Client, name: str) -> None:
    """B4 -m: a process that takes more is killed, OOMKilled says so in the state."""
    eat = "dd if=/dev/zero of=/dev/null bs=200M count=1; [ $? = 137 ] && exit 3"
    limits = ("-m", "16m", "--memory-swap", "16m")
    assert docker("run", "--name", name, *limits, "busybox", "sh", "-c", eat).code == 3
    assert docker.ok("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", name) == "true 3"


def test_out_of_memory_of_the_first_process(docker: Client) -> None:
    """B4 -m: 137."""
    words = ("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1")
    assert docker("run", "--rm", "-m", "16m", "--memory-swap", "16m", "busybox", *words).code == 137


def test_cpus(docker: Client) -> None:
    """B4 --cpus: the quota."""
    script = (
        "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us "
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max"
    )
    assert docker.ok("run", "--rm", "--cpus", "0.5", "busybox", "sh", "-c", script).split() == [
        "50000",
        "100000",
    ]


def test_cpuset(docker: Client) -> None:
    """B4 --cpuset-cpus: the process is bound."""
    out = docker.ok(
        "run", "--rm", "--cpuset-cpus", "0", "busybox", "grep", "Cpus_allowed_list", "/proc/self/status"
    )
    assert out.split() == ["Cpus_allowed_list:", "0"]


def test_pids(docker: Client) -> None:
    """B4 --pids-limit: forks beyond it fail."""
    script = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done"
    result = docker("run", "--rm", "--pids-limit", "5", "busybox", "sh", "-c", script)
    assert "can't fork" in result.err


def test_oom_score(docker: Client) -> None:
    """B4 --oom-score-adj."""
    assert (
        docker.ok("run", "--rm", "--oom-score-adj", "500", "busybox", "cat", "/proc/self/oom_score_adj")
        == "500"
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--memory", "1k"], "inimum memory limit allowed is 6MB"),
        (
            ["-m", "64m", "--memory-swap", "32m"],
            "inimum memoryswap limit should be larger than memory limit, see usage",
        ),
        (
            ["--memory-swap", "64m"],
            "ou should always set the Memory limit when using Memoryswap limit, see usage",
        ),
        (
            ["-m", "32m", "--memory-reservation", "64m"],
            "inimum memory limit can not be less than memory reservation limit, see usage",
        ),
        (["--cpus", "1000"], "ange of CPUs is from 0.01 to "),
        (["--cpus", "1", "--cpu-quota", "5000"], "onflicting options: "),
        (["--cpus", "abc"], "failed to parse abc as a rational number"),
        (["--cpuset-cpus", "99"], "equested CPUs are not available - requested 99, available: "),
        (["--cpuset-cpus", "x"], "nvalid value x for cpuset cpus"),
        (["--oom-score-adj", "5000"], "nvalid value 5000, range for oom score adj is [-1000, 1000]"),
        (["--pids-limit", "x"], 'invalid argument "x" for "--pids-limit" flag'),
        (["--memory", "x"], 'invalid argument "x" for "-m, --memory" flag'),
        (["--memory-swappiness", "500"], "nvalid value: 500. Valid memory swappiness range is 0-100"),
    ],
)
def test_bad_limits(docker: Client, name: str, words: list[str], complaint: str) -> None:
    """Bad input: exit 125 with the text; nothing is created."""
    result = docker("run", "--name", name, *words, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err
    assert docker.ok("ps", "-aq", "--filter", f"name={name}") == ""


def test_gpus_without_any(docker: Client) -> None:
    """A1.5: where no driver offers GPUs: exit 125 and the text that people search for."""
    result = docker("run", "--rm", "--gpus", "all", "busybox", "true")
    assert result.code == 125
    assert re.search(r'could not select device driver "" with capabilities: \[\[gpu\]\]', result.err)


def test_log_limits_of_the_host_stay(docker: Client, engine: Engine) -> None:
    """B4: without flags the limits are the engine's own."""
    out = docker.ok("run", "--rm", "busybox", "sh", "-c", "ulimit -n")
    assert int(out) >= expect(engine, dockerd=1024, berthd=1024)
