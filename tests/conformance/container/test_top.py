"""docker top (A3.10, A7 top)."""

import re

from tests.support.cli import Client


def test_columns_with_host_pids(docker: Client, name: str) -> None:
    """A7 top: UID PID PPID C STIME TTY TIME CMD; the pid is the host's."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    head, line = docker.ok("top", name).splitlines()
    assert head.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    pid = docker.ok("inspect", "-f", "{{.State.Pid}}", name)
    fields = line.split(None, 7)
    assert (fields[0], fields[1], fields[5], fields[7]) == ("root", pid, "?", "sleep 300")


def test_all_processes(docker: Client, name: str) -> None:
    """A7 top: children and execs too."""
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", "sleep 301 & sleep 302")
    docker.ok("exec", "-d", name, "sleep", "303")
    lines = docker.ok("top", name).splitlines()[1:]
    assert {re.split(r"\s+", line, maxsplit=7)[7] for line in lines} >= {
        "sleep 301",
        "sleep 302",
        "sleep 303",
    }


def test_ps_options(docker: Client, name: str) -> None:
    """A7 top: options of ps choose the columns."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    head, line = docker.ok("top", name, "-o", "pid,comm").splitlines()
    assert head.split() == ["PID", "COMMAND"]
    assert line.split()[1] == "sleep"
    assert docker.ok("top", name, "aux").splitlines()[0].split()[:4] == ["USER", "PID", "%CPU", "%MEM"]


def test_stopped(docker: Client, name: str) -> None:
    """A7 top."""
    full = docker.ok("create", "--name", name, "busybox")
    result = docker("top", name)
    assert result.code == 1
    assert f"container {full} is not running" in result.err.lower()


def test_bad_options(docker: Client, name: str) -> None:
    """Bad input: ps's own complaint comes through; nothing is run by a shell."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    result = docker("top", name, "-o", "nope")
    assert result.code == 1
    assert "unknown user-defined format specifier" in result.err
    assert docker("top", name, "; touch /tmp/never").code == 1


def test_unknown(docker: Client) -> None:
    """A7 top."""
    assert docker("top", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")
