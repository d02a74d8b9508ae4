"""Create requests that make no sense are refused with dockerd's texts before anything is made."""

import pytest

from berth.base.errors import InvalidArgument
from berth.base.signals import parse_signal
from berth.engine.container.verify import verify
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.health import HealthConfig
from berth.engine.spec.host import HostConfig, RestartPolicy

MIB = 1 << 20


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (HostConfig(memory=4 * MIB), "Minimum memory limit allowed is 6MB"),
        (HostConfig(memory=64 * MIB, memory_swap=32 * MIB), "should be larger than memory limit"),
        (HostConfig(memory_swap=32 * MIB), "should always set the Memory limit"),
        (HostConfig(memory=8 * MIB, memory_reservation=9 * MIB), "less than memory reservation"),
        (HostConfig(memory_swappiness=101), "valid memory swappiness range is 0-100"),
        (HostConfig(nano_cpus=10**9, cpu_period=10_000), "Nano CPUs and CPU Period cannot both be set"),
        (HostConfig(nano_cpus=10**15), "range of CPUs is from 0.01"),
        (HostConfig(cpu_period=10), "CPU cfs period can not be less than 1ms"),
        (HostConfig(cpuset_cpus="0-x"), "Invalid value 0-x for cpuset cpus"),
        (HostConfig(cpuset_cpus="4000"), "Requested CPUs are not available - requested 4000"),
        (HostConfig(blkio_weight=5), "Range of blkio weight is from 10 to 1000"),
        (HostConfig(oom_score_adj=1001), "range for oom score adj is [-1000, 1000]"),
        (HostConfig(shm_size=-1), "SHM size can not be less than 0"),
        (HostConfig(pid_mode="nope"), "invalid PID mode: nope"),
        (HostConfig(ipc_mode="container:"), "invalid IPC mode: container:"),
        (HostConfig(restart_policy=RestartPolicy(name="sometimes")), "unknown policy 'sometimes'"),
        (
            HostConfig(restart_policy=RestartPolicy(name="always", maximum_retry_count=3)),
            "maximum retry count",
        ),
        (
            HostConfig(auto_remove=True, restart_policy=RestartPolicy(name="always")),
            "can't create 'AutoRemove'",
        ),
        (
            HostConfig(network_mode="container:x", dns=("1.1.1.1",)),
            "conflicting options: dns and the network",
        ),
        (HostConfig(extra_hosts=("nocolon",)), 'bad format for add-host: "nocolon"'),
    ],
)
def test_host_configurations_that_are_refused(host: HostConfig, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        verify(ContainerConfig(), host)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (ContainerConfig(working_dir="rel"), "needs to be an absolute path"),
        (ContainerConfig(env=("=x",)), "invalid environment variable: =x"),
        (ContainerConfig(stop_signal="SIGNOPE"), "invalid signal: SIGNOPE"),
        (
            ContainerConfig(healthcheck=HealthConfig(interval=5)),
            "Interval in Healthcheck cannot be less than 1ms",
        ),
        (ContainerConfig(healthcheck=HealthConfig(retries=-1)), "cannot be negative"),
        (ContainerConfig(hostname="h" * 64), "longer than 63"),
        (ContainerConfig(cmd=("a\0b",)), "NUL"),
    ],
)
def test_configurations_that_are_refused(config: ContainerConfig, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        verify(config, HostConfig())
    assert words in caught.value.message


def test_a_plain_request_passes_without_a_warning() -> None:
    assert verify(ContainerConfig(cmd=("true",)), HostConfig()) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("TERM", 15),
        ("SIGTERM", 15),
        ("sigkill", 9),
        ("9", 9),
        ("RTMIN", 34),
        ("SIGRTMIN+3", 37),
        ("RTMAX-1", 63),
    ],
)
def test_signals_by_name_and_number(text: str, number: int) -> None:
    assert parse_signal(text) == number


@pytest.mark.parametrize("text", ["", "0", "65", "999", "TERMX", "RTMIN+99", "-1"])
def test_signals_that_do_not_exist(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid signal"):
        parse_signal(text)
