"""Seccomp profiles: Docker's default and users' own."""

import msgspec
import pytest

from berth.base.errors import InvalidArgument
from berth.runtime.seccomp.profile import default_profile, parse_profile, resolve_profile
from berth.runtime.spec.capabilities import DEFAULT
from berth.runtime.spec.host import HostFacts


def host(machine="x86_64", kernel=(6, 1)):
    return HostFacts(machine=machine, kernel=kernel, capabilities=frozenset(), seccomp=True, apparmor=False)


def allowed(section, name):
    rules = [rule for rule in section["syscalls"] if name in rule["names"]]
    return any(rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule for rule in rules)


def test_the_default_refuses_and_names_the_machine():
    section = resolve_profile(default_profile(), DEFAULT, host())
    assert (section["defaultAction"], section["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    assert section["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    assert allowed(section, "read")
    assert allowed(section, "ptrace")
    for name in ("mount", "bpf", "reboot", "init_module", "keyctl", "clone"):
        assert not allowed(section, name), name


def test_capabilities_open_calls():
    section = resolve_profile(default_profile(), (*DEFAULT, "CAP_SYS_ADMIN"), host())
    assert allowed(section, "mount")
    assert allowed(section, "clone")
    assert not any("clone3" in r["names"] and r["action"] == "SCMP_ACT_ERRNO" for r in section["syscalls"])


def test_clone3_is_unknown_rather_than_forbidden_without_rights():
    section = resolve_profile(default_profile(), DEFAULT, host())
    rules = [r for r in section["syscalls"] if "clone3" in r["names"]]
    assert [(r["action"], r["errnoRet"]) for r in rules] == [("SCMP_ACT_ERRNO", 38)]


def test_machine_and_kernel_are_conditions():
    arm = resolve_profile(default_profile(), DEFAULT, host("aarch64"))
    assert arm["architectures"] == ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
    assert not allowed(arm, "arch_prctl")
    assert allowed(resolve_profile(default_profile(), DEFAULT, host()), "arch_prctl")
    assert not allowed(resolve_profile(default_profile(), DEFAULT, host(kernel=(4, 4))), "ptrace")


def test_a_users_profile():
    text = msgspec.json.encode(
        {
            "defaultAction": "SCMP_ACT_ALLOW",
            "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [
                {"name": "chmod", "action": "SCMP_ACT_ERRNO"},
                {"names": ["chown"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_CHOWN"]}},
                {
                    "names": ["kill"],
                    "action": "SCMP_ACT_ERRNO",
                    "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}],
                },
            ],
        }
    ).decode()
    section = resolve_profile(parse_profile(text), DEFAULT, host())
    assert [rule["names"] for rule in section["syscalls"]] == [["chmod"], ["kill"]]
    assert section["syscalls"][1]["args"] == [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]
    assert resolve_profile(parse_profile("{}"), DEFAULT, host()) is None


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"architectures": ["a"], "archMap": [{"architecture": "a"}]}',
        '{"syscalls": [{"name": "a", "names": ["b"], "action": "x"}]}',
    ],
)
def test_bad_profiles(text):
    with pytest.raises(InvalidArgument, match="seccomp profile"):
        parse_profile(text)


def test_bad_kernel_condition():
    profile = parse_profile(
        '{"defaultAction":"a","syscalls":[{"name":"b","action":"a","includes":{"minKernel":"x"}}]}'
    )
    with pytest.raises(InvalidArgument, match="invalid kernel version"):
        resolve_profile(profile, DEFAULT, host())
