"""What the client refuses by itself when a container is described, in Docker's words (A1.14-A1.21, B4)."""

import shlex

import pytest

from tests.unit.cli.conftest import Call, FakeDaemon

AS_FLAG = [
    ("-a bogus", "-a, --attach", "valid streams are STDIN, STDOUT and STDERR"),
    ("--mount foo", "--mount", "invalid field 'foo' must be a key=value pair"),
    ("--mount type=bind", "--mount", "target is required"),
    ("--mount type=bind,src=/x,dst=/y,foo=bar", "--mount", "unexpected key 'foo' in 'foo=bar'"),
    (
        "--mount type=bind,src=/x,dst=/y,volume-nocopy",
        "--mount",
        "cannot mix 'volume-*' options with mount type 'bind'",
    ),
    ("--mount type=tmpfs,dst=/y,tmpfs-size=abc", "--mount", "invalid value for tmpfs-size: abc"),
    ("--mount type=tmpfs,dst=/y,tmpfs-mode=999", "--mount", "invalid value for tmpfs-mode: 999"),
    ("--mount type=bind,src=/x,dst=/y,readonly=maybe", "--mount", "invalid value for readonly: maybe"),
    (
        "--mount type=bind,src=/x,dst=/y,bind-recursive=readonly",
        "--mount",
        "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction",
    ),
    ("--mount ''", "--mount", "EOF"),
    ("--gpus x", "--gpus", 'invalid count (x): value must be either "all" or an integer: invalid syntax'),
    ("--gpus all,all", "--gpus", "gpu request key 'all' can be specified only once"),
    ("--gpus foo=bar", "--gpus", "unexpected key 'foo' in 'foo=bar'"),
    ("--ulimit x", "--ulimit", "invalid ulimit argument: x"),
    ("--ulimit foo=1", "--ulimit", "invalid ulimit type: foo"),
    (
        "--ulimit nofile=5:2",
        "--ulimit",
        "ulimit soft limit must be less than or equal to hard limit: 5 > 2",
    ),
    ("-m abc", "-m, --memory", "invalid size: 'abc'"),
    ("-m .", "-m, --memory", 'strconv.ParseFloat: parsing ".": invalid syntax'),
    ("-m 5x", "-m, --memory", "invalid suffix: 'x'"),
    ("-m -5", "-m, --memory", "invalid size: '-5'"),
    ("--cpus x", "--cpus", "failed to parse x as a rational number"),
    ("--cpus 1/3", "--cpus", "value is too precise"),
    ("-e =x", "-e, --env", "invalid environment variable: =x"),
    ("-l =x", "-l, --label", "invalid label '=x': empty name"),
    ("-l 'a b=x'", "-l, --label", "label 'a b' contains whitespaces"),
    ("--dns foo", "--dns", "IP address is not correctly formatted: foo"),
    ("--dns-search '$$'", "--dns-search", "$$ is not a valid domain"),
    ("--link a:b:c", "--link", "bad format for links: a:b:c"),
    ("--device-cgroup-rule x", "--device-cgroup-rule", "invalid device cgroup format 'x'"),
    ("--device-read-bps foo:1", "--device-read-bps", "bad format for device path: foo:1"),
    ("--blkio-weight-device /dev/x:5", "--blkio-weight-device", "invalid weight for device: /dev/x:5"),
    ("--sysctl foo=1", "--sysctl", "sysctl 'foo=1' is not allowed"),
    ("--network name=x,foo=y", "--network", "invalid field key foo"),
    ("--network name=x,gw-priority=q", "--network", "invalid gw-priority (q): invalid syntax"),
]

AS_WHOLE = [
    ("--rm --restart always", "conflicting options: cannot specify both --restart and --rm"),
    ("--restart :3", "invalid restart policy format: no policy provided before colon"),
    ("--restart on-failure:x", "invalid restart policy format: maximum retry count must be an integer"),
    ("-p abc", "invalid containerPort: abc"),
    ("-p 70000", "invalid containerPort: 70000"),
    ("-p x:80", "invalid hostPort: x"),
    ("-p 80/foo", "invalid proto: foo"),
    ("-p 80:80:80:80", "invalid IP address: 80:80"),
    ("-p 1.2.3:80:80", "invalid IP address: 1.2.3"),
    ("-p 80-90:80-85", "invalid ranges specified for container and host Ports: 80-85 and 80-90"),
    ("-p target=80,foo", "invalid publish opts format (should be name=value but got 'foo')"),
    ("--expose 80:80", "invalid port format for --expose: 80:80"),
    ("-v aa:/b:ro:z", "invalid spec: aa:/b:ro:z: too many colons"),
    ("-v :xy", "invalid spec: :xy: empty section between colons"),
    ("--pull bogus", 'invalid pull option: \'bogus\': must be one of "always", "missing" or "never"'),
    ("--memory-swappiness 200", "invalid value: 200. Valid memory swappiness range is 0-100"),
    ("--env-file /nonexistent", "open /nonexistent: no such file or directory"),
    ("--device rel", "rel is not an absolute path"),
    ("--device /dev/null:/x:q", "bad mode specified: q"),
    ("--device /dev/null:a:b:c", "bad format for path: /dev/null:a:b:c"),
    ("--security-opt x", 'Invalid --security-opt: "x"'),
    (
        "--security-opt seccomp=/nonexistent",
        "opening seccomp profile (/nonexistent) failed: open /nonexistent: no such file or directory",
    ),
    ("--storage-opt x", "invalid storage option"),
    ("--log-driver none --log-opt a=b", "invalid logging opts for driver none"),
    ("--pid x", "--pid: invalid PID mode"),
    ("--uts x", "--uts: invalid UTS mode"),
    ("--userns x", "--userns: invalid USER mode"),
    ("--cgroupns x", "--cgroupns: invalid CGROUP mode"),
    ("--no-healthcheck --health-cmd x", "--no-healthcheck conflicts with --health-* options"),
    ("--health-interval -1s", "--health-interval cannot be negative"),
    ("--mac-address x", "x is not a valid mac address"),
    ("--network x --network x", 'network "x" is specified multiple times'),
    (
        "--network name=x --network host",
        "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    ),
    ("--network-alias foo", "network-scoped aliases are only supported for user-defined networks"),
]


@pytest.mark.parametrize(("flags", "title", "problem"), AS_FLAG)
def test_one_flag(flags: str, title: str, problem: str, daemon: FakeDaemon, docker: Call) -> None:
    *_, value = shlex.split(flags)
    assert tuple(docker("run", *shlex.split(flags), "busybox")) == (
        125,
        "",
        f'invalid argument "{value}" for "{title}" flag: {problem}\n\n'
        "Usage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\n"
        "Run 'docker run --help' for more information\n",
    )
    assert daemon.seen(pings=True) == []


@pytest.mark.parametrize("verb", ["run", "create"])
@pytest.mark.parametrize(("flags", "problem"), AS_WHOLE)
def test_flags_together(verb: str, flags: str, problem: str, daemon: FakeDaemon, docker: Call) -> None:
    assert tuple(docker(verb, *shlex.split(flags), "busybox")) == (
        125,
        "",
        f"docker: {problem}\n\nRun 'docker {verb} --help' for more information\n",
    )
    assert daemon.seen(pings=True) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Bad/Name", "invalid reference format: repository name (Name) must be lowercase"),
        ("Bad", "invalid reference format: repository name (library/Bad) must be lowercase"),
        ("foo/BAR:x", "invalid reference format: repository name (foo/BAR) must be lowercase"),
        ("a___b", "invalid reference format"),
        ("a..b", "invalid reference format"),
        ("x:", "invalid reference format"),
        ("x:.y", "invalid reference format"),
        ("x@sha256:12", "invalid reference format"),
        ("x" * 256, "repository name must not be more than 255 characters"),
    ],
)
def test_names_of_images(name: str, problem: str, daemon: FakeDaemon, docker: Call) -> None:
    assert docker("create", name).err.partition("\nhint: ")[0].rstrip("\n") == problem
    result = docker("run", name)
    assert result.code == 125
    assert result.err.startswith(f"docker: {problem}\n")
    assert daemon.seen() == []


def test_env_file_contents(docker: Call, tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path), "env")
    for content, problem in (
        (b"=x\n", "no variable name on line '=x'"),
        (b"a b=c\n", "variable 'a b' contains whitespaces"),
        (b"ok=1\n\xff=2\n", "invalid utf8 bytes at line 2: [255 61 50]"),
    ):
        path.write_bytes(content)
        assert docker("run", "--env-file", str(path), "busybox").err.startswith(
            f"docker: invalid env file ({path}): {problem}\n"
        )
