"""docker run: capabilities, seccomp, masked paths, devices, namespaces (B4)."""

import json
import socket

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect

DEFAULT_CAPS = 0x00000000A80425FB
NET_ADMIN = 1 << 12


def caps(out: str) -> dict[str, int]:
    return {line.split(":")[0]: int(line.split()[1], 16) for line in out.splitlines()}


def status(docker: Client, *words: str) -> dict[str, int]:
    return caps(docker.ok("run", "--rm", *words, "busybox", "grep", "Cap", "/proc/self/status"))


def test_default_capabilities(docker: Client) -> None:
    """B4: Docker's fourteen; none ambient, none inheritable."""
    found = status(docker)
    assert found["CapBnd"] == found["CapEff"] == found["CapPrm"] == DEFAULT_CAPS
    assert found["CapAmb"] == found["CapInh"] == 0


def test_add_and_drop(docker: Client) -> None:
    """B4 --cap-add, --cap-drop: with or without CAP_, any case."""
    assert status(docker, "--cap-add", "net_admin")["CapEff"] == DEFAULT_CAPS | NET_ADMIN
    assert status(docker, "--cap-add", "CAP_NET_ADMIN")["CapEff"] == DEFAULT_CAPS | NET_ADMIN
    assert set(status(docker, "--cap-drop", "ALL").values()) == {0}
    assert status(docker, "--cap-drop", "all", "--cap-add", "NET_ADMIN")["CapBnd"] == NET_ADMIN


def test_users_have_none(docker: Client) -> None:
    """B4: a process that is not root has no effective capability; the bound stays."""
    found = status(docker, "-u", "demo")
    assert found["CapEff"] == 0
    assert found["CapBnd"] == DEFAULT_CAPS


def test_unknown_capability(docker: Client) -> None:
    """Bad input."""
    result = docker("run", "--rm", "--cap-add", "NOPE", "busybox", "true")
    assert result.code == 125
    assert 'nvalid CapAdd: unknown capability: "CAP_NOPE"' in result.err


@pytest.mark.parametrize("words", [["--privileged"], ["--cap-add", "ALL"]])
def test_everything_that_there_is(docker: Client, engine: Engine, words: list[str]) -> None:
    """B4 --privileged: cut to what the engine itself has; 20.10 asks for all and fails where one is
    withheld."""
    result = docker("run", "--rm", *words, "busybox", "grep", "CapEff", "/proc/self/status")
    if result.code == 125 and engine.is_dockerd:
        assert "unable to apply caps: operation not permitted" in result.err
        return
    assert result.code == 0
    assert int(result.out.split()[1], 16) & ~DEFAULT_CAPS


def test_privileged_sees_the_hosts_devices(docker: Client, engine: Engine) -> None:
    """B4 --privileged: devices of the host, writable /sys, no seccomp."""
    script = "ls /dev | wc -l; grep Seccomp: /proc/self/status; grep ' /sys sysfs ' /proc/mounts"
    result = docker("run", "--rm", "--privileged", "busybox", "sh", "-c", script)
    if result.code == 125 and engine.is_dockerd:
        assert "operation not permitted" in result.err
        return
    count, seccomp, sys_mount = result.lines
    assert int(count) > int(docker.ok("run", "--rm", "busybox", "sh", "-c", "ls /dev | wc -l"))
    assert seccomp.split()[1] == "0"
    assert sys_mount.split()[3].startswith("rw")


def test_seccomp_by_default(docker: Client) -> None:
    """B4: a filter is in force; ``unconfined`` takes it away."""
    look = ("busybox", "grep", "Seccomp:", "/proc/self/status")
    assert docker.ok("run", "--rm", *look).split()[1] == "2"
    assert docker.ok("run", "--rm", "--security-opt", "seccomp=unconfined", *look).split()[1] == "0"


def test_seccomp_refuses_what_docker_refuses(docker: Client) -> None:
    """B4: a new user namespace and mounting are refused by the default policy."""
    assert docker("run", "--rm", "busybox", "unshare", "-U", "true").code != 0
    assert docker("run", "--rm", "busybox", "mount", "-t", "tmpfs", "x", "/mnt").code != 0
    assert (
        docker("run", "--rm", "--security-opt", "seccomp=unconfined", "busybox", "unshare", "-U", "true").code
        == 0
    )


def test_own_seccomp_profile(docker: Client, tmp_path) -> None:
    """B4 --security-opt seccomp=FILE."""
    refused = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}
    profile = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refused]})
    (tmp_path / "profile.json").write_text(profile)
    result = docker(
        "run", "--rm", "--security-opt", f"seccomp={tmp_path}/profile.json", "busybox", "mkdir", "/d"
    )
    assert result.code == 1
    assert "Operation not permitted" in result.err


def test_no_new_privileges(docker: Client) -> None:
    """B4 --security-opt no-new-privileges."""
    look = ("busybox", "grep", "NoNewPrivs", "/proc/self/status")
    assert docker.ok("run", "--rm", *look).split()[1] == "0"
    assert docker.ok("run", "--rm", "--security-opt", "no-new-privileges", *look).split()[1] == "1"


def test_masked_and_read_only_paths(docker: Client) -> None:
    """B4: what the kernel tells too much about is masked, what steers it is read-only."""
    script = (
        "cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c;"
        " ls -A /proc/acpi /sys/firmware 2>/dev/null | grep -v :; echo x > /proc/sys/kernel/hostname"
    )
    result = docker("run", "--rm", "busybox", "sh", "-c", script)
    assert result.out.split() == ["0"]
    assert "Read-only file system" in result.err


def test_devices(docker: Client) -> None:
    """B4 --device: a node of the host, with a name of its own; others are refused by the device rules."""
    script = (
        "ls -l /dev/mine | cut -c1; head -c1 /dev/mine | wc -c; mknod /tmp/sda b 8 0 && head -c1 /tmp/sda"
    )
    result = docker("run", "--rm", "--device", "/dev/zero:/dev/mine", "busybox", "sh", "-c", script)
    assert result.lines == ["c", "1"]
    assert "Operation not permitted" in result.err


def test_missing_device(docker: Client, name: str) -> None:
    """Bad input: the text names the device."""
    result = docker("run", "--name", name, "--device", "/dev/no-such", "busybox", "true")
    assert result.code in (125, 127)
    assert (
        "error gathering device information while adding custom "
        'device "/dev/no-such": no such file or directory' in result.err
    )


def test_default_devices(docker: Client) -> None:
    """B4: the usual nodes and links, nothing of the host's."""
    found = set(docker.ok("run", "--rm", "busybox", "ls", "/dev").split())
    wanted = {
        "fd",
        "full",
        "mqueue",
        "null",
        "ptmx",
        "pts",
        "random",
        "shm",
        "stderr",
        "stdin",
        "stdout",
        "tty",
        "urandom",
        "zero",
    }
    assert wanted <= found
    assert found - wanted <= {"console", "core"}


def test_pid_namespace(docker: Client, name: str) -> None:
    """B4 --pid: private by default; host; container:NAME."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "12345")
    assert "sleep 12345" not in docker.ok("run", "--rm", "busybox", "ps")
    assert "sleep 12345" in docker.ok("run", "--rm", "--pid", "host", "busybox", "ps")
    assert "sleep 12345" in docker.ok("run", "--rm", "--pid", f"container:{name}", "busybox", "ps")


def test_ipc_namespace(docker: Client, name: str) -> None:
    """B4 --ipc: shareable and container:NAME share /dev/shm; private does not."""
    docker.ok(
        "run",
        "-d",
        "--name",
        name,
        "--ipc",
        "shareable",
        "busybox",
        "sh",
        "-c",
        "echo x > /dev/shm/f; sleep 300",
    )
    docker.ok("exec", name, "sh", "-c", "until [ -s /dev/shm/f ]; do usleep 10000; done")
    assert docker.ok("run", "--rm", "--ipc", f"container:{name}", "busybox", "cat", "/dev/shm/f") == "x"
    assert docker("run", "--rm", "busybox", "cat", "/dev/shm/f").code == 1


def test_uts_host(docker: Client) -> None:
    """B4 --uts host."""
    assert docker.ok("run", "--rm", "--uts", "host", "busybox", "hostname") == socket.gethostname()


def test_sysctl(docker: Client) -> None:
    """B4 --sysctl: of the container's own network."""
    words = ("--sysctl", "net.ipv4.ip_unprivileged_port_start=77")
    assert (
        docker.ok("run", "--rm", *words, "busybox", "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start")
        == "77"
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--pid", "nope"], "--pid: invalid PID mode"),
        (["--ipc", "nope"], "nvalid IPC mode: nope"),
        (["--uts", "nope"], "--uts: invalid UTS mode"),
        (["--userns", "nope"], "--userns: invalid USER mode"),
        (["--security-opt", "nope=1"], 'nvalid --security-opt 2: "nope=1"'),
        (["--security-opt", "seccomp=/no/such"], "opening seccomp profile (/no/such) failed"),
        (["--stop-signal", "NOPE"], "nvalid signal: NOPE"),
        (["--sysctl", "kernel.nope=1"], "sysctl 'kernel.nope=1' is not allowed"),
        (["-e", ""], "invalid environment variable: "),
        (["--env-file", "/no/such"], "open /no/such: no such file or directory"),
        (["--log-driver", "nope"], 'error looking up logging plugin nope: plugin "nope" not found'),
        (["--isolation", "x"], "linux only supports 'default'"),
        (["--pid", "container:no-such"], "No such container: no-such"),
        (["--device-cgroup-rule", "x"], "invalid device cgroup format 'x'"),
    ],
)
def test_bad_options(docker: Client, name: str, words: list[str], complaint: str) -> None:
    """Bad input: exit 125 with the text."""
    result = docker("run", "--name", name, *words, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err


def test_storage_opt(docker: Client, engine: Engine) -> None:
    """B4 --storage-opt: quotas where the file system has them; a plain refusal elsewhere."""
    result = docker("run", "--rm", "--storage-opt", "size=1G", "busybox", "true")
    if result.code:
        assert result.code == 125
        assert (
            expect(
                engine, dockerd="--storage-opt is supported only for overlay over xfs", berthd="storage-opt"
            )
            in result.err
        )
