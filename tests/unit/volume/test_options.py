"""The local driver's options as mount(2) arguments."""

import pytest

from berth.kernel.mount import MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC
from berth.volume.options import MountPlan, describe_mount, plan_mount, resolve_address


@pytest.mark.parametrize("options", [{}, {"type": "", "device": "", "o": ""}])
def test_no_device_means_a_plain_directory(options: dict[str, str]) -> None:
    assert plan_mount(options) is None


@pytest.mark.parametrize(
    ("options", "plan"),
    [
        ({"type": "none", "device": "/x", "o": "bind"}, MountPlan("/x", "none", MS_BIND, "", 0)),
        (
            {"type": "none", "device": "/x", "o": "rbind,ro,rprivate"},
            MountPlan("/x", "none", MS_BIND | MS_REC | MS_RDONLY, "", MS_PRIVATE | MS_REC),
        ),
        (
            {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=5,nosuid,nodev"},
            MountPlan("tmpfs", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,uid=5", 0),
        ),
        ({"type": "tmpfs", "device": "tmpfs", "o": "ro,rw"}, MountPlan("tmpfs", "tmpfs", 0, "", 0)),
        ({"type": "tmpfs", "device": "tmpfs"}, MountPlan("tmpfs", "tmpfs", 0, "", 0)),
        (
            {"type": "nfs", "device": ":/x", "o": "addr=127.0.0.1,rw"},
            MountPlan(":/x", "nfs", 0, "addr=127.0.0.1", 0),
        ),
    ],
)
def test_words_become_flags_or_data(options: dict[str, str], plan: MountPlan) -> None:
    assert plan_mount(options) == plan


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (MountPlan("/nonexist", "none", MS_BIND, "", 0), "mount /nonexist:/t, flags: 0x1000"),
        (MountPlan(":/x", "nfs", 0, "addr=1.2.3.4", 0), "mount :/x:/t, data: addr=1.2.3.4"),
        (MountPlan("tmpfs", "tmpfs", 0, "", 0), "mount tmpfs:/t"),
        (
            MountPlan("//h/s", "cifs", 0, "user=u,password=secret,vers=3", 0),
            "mount //h/s:/t, data: user=u,password=********,vers=3",
        ),
    ],
)
def test_errors_describe_the_mount_without_its_password(plan: MountPlan, text: str) -> None:
    assert describe_mount(plan, "/t") == text


def test_names_become_addresses_for_network_file_systems_only() -> None:
    nfs = MountPlan(":/x", "nfs", 0, "addr=localhost,soft", 0)
    assert resolve_address(nfs).data in ("addr=127.0.0.1,soft", "addr=::1,soft")
    for plan in (
        MountPlan(":/x", "nfs4", 0, "addr=10.0.0.1", 0),
        MountPlan(":/x", "cifs", 0, "addr=fe80::1", 0),
        MountPlan("x", "tmpfs", 0, "addr=localhost", 0),
    ):
        assert resolve_address(plan) == plan
