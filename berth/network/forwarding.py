"""IP forwarding of the host: on, because containers need it, without making a router of the machine.

A host that forwards passes packets between all of its interfaces, and whoever is beside it in one network can
use it as a gateway into the others. dockerd answers that with the policy DROP for everything forwarded, which
cuts off virtual machines and other engines as well. Here only what did not forward before still does not:
a table of its own drops what goes from one to another of the interfaces that there were when forwarding was
switched on. Bridges, tunnels and engines that come later are not in it, and none of them is cut off.

The table belongs to the switch, not to a daemon: both stay when the daemon goes, as others may rely on
forwarding by then, and both are gone with the next boot. A host that forwards already is left alone.
"""

import os
from collections.abc import Callable, Sequence

from berth.network.sysctl import read_number, write_sysctl

TABLE = "berth_isolation"
_SWITCHES = {"ip": "net/ipv4/ip_forward", "ip6": "net/ipv6/conf/all/forwarding"}


def switch_on(
    family: str, links: Callable[[], Sequence[str]], apply_rules: Callable[[str], None] | None
) -> None:
    """Forward packets of ``family`` (ip or ip6).

    ``links`` tells the names of the interfaces; ``apply_rules`` loads nftables text; None leaves filtering
    to the administrator (``--iptables=false``). Unavailable when the switch may not be written.
    """
    switch = _SWITCHES[family]
    if read_number(switch) == 1:
        return
    isolated = [name for name in links() if name != "lo"]
    if apply_rules is not None and isolated:
        apply_rules(render(family, isolated))
    if family == "ip6":
        _keep_advertisements()
    write_sysctl(switch, "1")


def render(family: str, interfaces: Sequence[str]) -> str:
    """nftables text of the table; applied again it holds the interfaces of both times."""
    elements = ", ".join(f'"{name}"' for name in interfaces)
    return (
        f"table {family} {TABLE} {{\n"
        f"  set before {{ type ifname; elements = {{ {elements} }} }}\n"
        "  chain forward { type filter hook forward priority filter; policy accept; }\n"
        "}\n"
        f"flush chain {family} {TABLE} forward\n"
        f"add rule {family} {TABLE} forward iifname @before oifname @before drop\n"
    )


def _keep_advertisements() -> None:
    """A forwarding host ignores router advertisements unless told otherwise, and would lose its own default
    route: so interfaces that listen to them are told to go on."""
    for name in os.listdir("/proc/sys/net/ipv6/conf"):
        if name not in ("all", "lo") and read_number(f"net/ipv6/conf/{name}/accept_ra") == 1:
            write_sysctl(f"net/ipv6/conf/{name}/accept_ra", "2")
