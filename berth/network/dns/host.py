"""The name servers of the host, as its resolver file names them at the moment of the question."""

import os
from ipaddress import ip_address
from pathlib import Path

from berth.network.files import FALLBACK_SERVERS, name_servers

_MOST = 3
"""As many as the C library asks."""


class HostServers:
    """Reads the file again when it has changed: laptops move, and leases end."""

    def __init__(self, path: Path = Path("/etc/resolv.conf")) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._servers: tuple[str, ...] = ()

    def __call__(self) -> tuple[str, ...]:
        """At most three addresses; Docker's public ones when the host has none."""
        try:
            state = os.stat(self._path)
            seen = (state.st_ino, state.st_mtime_ns, state.st_size)
            if seen != self._seen:
                text = self._path.read_text(encoding="utf-8", errors="replace")
                self._servers, self._seen = usable(name_servers(text)), seen
        except OSError:
            self._servers, self._seen = (), None
        return self._servers or FALLBACK_SERVERS


def usable(servers: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Those that are addresses."""
    return tuple(one for one in servers if _is_address(one))[:_MOST]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
