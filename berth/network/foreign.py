"""Getting along with the packet filter of others.

Every table on a hook has its say, and one drop is final. Docker and some firewalls set the policy of the
iptables FORWARD chain to DROP, which would cut off our bridges although our own table lets them pass. So
where such a chain exists, each bridge gets a pair of accept rules at its top; our own table still decides
what may go in. The rules carry a comment with our table's name, are looked for before they are made, and go
with the network. Nothing else of anybody's rules is touched, and no chain is made where there was none.
"""

import logging
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence

from berth.kernel.netlink import NetlinkSocket
from berth.kernel.nftables import NFPROTO_IPV4, NFPROTO_IPV6, ChainState, chain_state

_log = logging.getLogger(__name__)
_PATH = os.defpath + ":/usr/local/sbin:/usr/sbin:/sbin"
_FAMILIES = {"ip": NFPROTO_IPV4, "ip6": NFPROTO_IPV6}
_LEGACY_NAMES = {"ip": "ip_tables_names", "ip6": "ip6_tables_names"}
_PROGRAMS = {"ip": "iptables", "ip6": "ip6tables"}


def pair(bridge: str, comment: str) -> tuple[tuple[str, ...], ...]:
    """The rules of one bridge, without the command letter."""
    tail = ("-m", "comment", "--comment", comment, "-j", "ACCEPT")
    return (("FORWARD", "-i", bridge, *tail), ("FORWARD", "-o", bridge, *tail))


def bridges_with_rules(listing: str, comment: str) -> dict[str, set[str]]:
    """Bridge to directions (``-i``, ``-o``) found with our comment in ``iptables -S FORWARD``'s text."""
    found: dict[str, set[str]] = {}
    for line in listing.splitlines():
        words = line.split()
        if "--comment" not in words or words[words.index("--comment") + 1].strip('"') != comment:
            continue
        for direction in ("-i", "-o"):
            if direction in words:
                found.setdefault(words[words.index(direction) + 1], set()).add(direction)
    return found


class ForeignFilter:
    """The accept pairs of one family. Used from one thread at a time."""

    def __init__(self, family: str, comment: str, sock: NetlinkSocket) -> None:
        self._family = family
        self._comment = comment
        self._socket = sock
        self._seen: ChainState | None = None
        self._legacy_seen = False

    def ensure(self, bridges: Sequence[str], *, force: bool = False) -> None:
        """See to it that each bridge has its pair wherever a FORWARD chain exists. Cheap (two small system
        calls) while nothing changed since the last time, unless ``force``."""
        state = chain_state(self._socket, _FAMILIES[self._family], "filter", "FORWARD")
        if state is not None and (force or state != self._seen):
            self._insert("nft", bridges)
        self._seen = state
        legacy = self._has_legacy()
        if legacy and (force or not self._legacy_seen):
            self._insert("legacy", bridges)
        self._legacy_seen = legacy

    def remove(self, bridges: Iterable[str]) -> None:
        """Take the pairs of ``bridges`` away, also those that an earlier daemon made."""
        names = set(bridges)
        if chain_state(self._socket, _FAMILIES[self._family], "filter", "FORWARD") is not None:
            self._delete("nft", names)
        if self._has_legacy():
            self._delete("legacy", names)

    def _has_legacy(self) -> bool:
        try:
            with open(f"/proc/thread-self/net/{_LEGACY_NAMES[self._family]}", encoding="ascii") as file:
                return "filter" in file.read().split()
        except OSError:
            return False

    def _insert(self, variant: str, bridges: Sequence[str]) -> None:
        program = self._program(variant)
        if program is None:
            return
        present = bridges_with_rules(_run([program, "-w", "-S", "FORWARD"]), self._comment)
        for bridge in bridges:
            for rule in pair(bridge, self._comment):
                if rule[1] not in present.get(bridge, ()):
                    _run([program, "-w", "-I", *rule])

    def _delete(self, variant: str, bridges: set[str]) -> None:
        program = self._program(variant)
        if program is None:
            return
        present = bridges_with_rules(_run([program, "-w", "-S", "FORWARD"]), self._comment)
        for bridge in bridges & present.keys():
            for rule in pair(bridge, self._comment):
                if rule[1] in present[bridge]:
                    _run([program, "-w", "-D", *rule])

    def _program(self, variant: str) -> str | None:
        name = _PROGRAMS[self._family]
        found = shutil.which(f"{name}-{variant}", path=_PATH) or shutil.which(name, path=_PATH)
        if found is None:
            _log.warning("a FORWARD chain exists but no %s program: containers may be cut off", name)
        return found


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": _PATH, "LC_ALL": "C"}
    )
    if done.returncode != 0:
        _log.warning("%s failed: %s", " ".join(command), done.stderr.strip())
    return done.stdout
