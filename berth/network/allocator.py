"""Which host ports this engine has given away. Pure bookkeeping; other programs' ports show at bind(2).

As in Docker, each host address is a world of its own: that ``127.0.0.1:80`` clashes with ``0.0.0.0:80`` is
for the kernel to say.
"""

from collections.abc import Iterable

from berth.base.errors import BerthError

DEFAULT_RANGE = (49153, 65535)
"""Docker's, where the kernel does not tell its own."""


class PortTaken(BerthError):
    """A named port is given away; the text is Docker's."""


def _shown(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class PortAllocator:
    """Ports by (address, protocol). ``first`` to ``last`` is where unnamed ports come from."""

    def __init__(self, first: int = DEFAULT_RANGE[0], last: int = DEFAULT_RANGE[1]) -> None:
        self._first = first
        self._last = last
        self._taken: dict[tuple[str, str], dict[int, str]] = {}
        self._next: dict[str, int] = {}

    def holder(self, address: str, protocol: str, port: int) -> str | None:
        """Who was given the port (what ``take`` was told), or None."""
        return self._taken.get((address, protocol), {}).get(port)

    def take(self, addresses: Iterable[str], protocol: str, port: int, holder: str) -> None:
        """Give ``port`` on all ``addresses`` to ``holder``, or raise PortTaken and give nothing."""
        wanted = list(addresses)
        for address in wanted:
            if self.holder(address, protocol, port) is not None:
                raise PortTaken(f"Bind for {_shown(address, port)} failed: port is already allocated")
        for address in wanted:
            self._taken.setdefault((address, protocol), {})[port] = holder

    def release(self, address: str, protocol: str, port: int) -> None:
        """Take a port back; harmless when it was free."""
        self._taken.get((address, protocol), {}).pop(port, None)

    def candidates(self, protocol: str, first: int, last: int) -> list[int]:
        """Ports to try, in order. ``first`` 0 means the unnamed range, going on after the last one given
        so that a port is not reused at once; otherwise from ``first`` to ``last``."""
        if first:
            return list(range(first, max(first, last) + 1))
        start = self._next.get(protocol, self._first)
        return [*range(start, self._last + 1), *range(self._first, start)]

    def remember(self, protocol: str, port: int) -> None:
        """An unnamed port was given: the next search begins behind it."""
        self._next[protocol] = port + 1 if port < self._last else self._first
