"""Which subnets networks get, and which addresses endpoints get. Pure bookkeeping: no I/O.

What is taken is derived from the records of networks and endpoints, so a restart loses nothing. The lowest
free address is handed out, as Docker does: a container that comes back soon gets its old one.
"""

import contextlib
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from berth.base.errors import Forbidden, InvalidArgument, NotFound
from berth.network.records import Pool

Subnet = IPv4Network | IPv6Network

DEFAULT_POOLS: tuple[tuple[str, int], ...] = (
    *((f"172.{second}.0.0/16", 16) for second in range(17, 32)),
    ("192.168.0.0/16", 20),
)
"""Docker's own list: (base, prefix length of each network)."""


def parse_subnet(text: str) -> Subnet:
    """A subnet as users write it: host bits may be set. InvalidArgument with Docker's text otherwise."""
    try:
        if "/" not in text:
            raise ValueError
        return ip_network(text, strict=False)
    except ValueError:
        raise InvalidArgument(f"Invalid subnet {text} : invalid CIDR address: {text}") from None


def overlaps(one: Subnet, other: Subnet) -> bool:
    """Whether the two share an address (never across families)."""
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.overlaps(other)
    return isinstance(other, IPv6Network) and one.overlaps(other)


def choose_subnet(
    taken: Sequence[Subnet], pools: Sequence[tuple[str, int]] = (), *, version: int = 4
) -> Subnet:
    """The first subnet of ``pools`` (Docker's list when empty) that overlaps nothing in ``taken``.

    ``taken`` should hold the host's routes too: a bridge over a campus or VPN network would cut it off.
    """
    for base_text, prefix in pools or DEFAULT_POOLS:
        base = ip_network(base_text)
        if base.version != version:
            continue
        near = [subnet for subnet in taken if overlaps(subnet, base)]
        for candidate in base.subnets(new_prefix=prefix):
            if not any(overlaps(candidate, subnet) for subnet in near):
                return candidate
    raise NotFound(
        f"could not find an available, non-overlapping IPv{version} address pool "
        "among the defaults to assign to the network",
        hint="name one with --subnet, or give berthd more with default-address-pools",
    )


def complete_pool(pool: Pool) -> Pool:
    """Check a pool that a user wrote and fill in its gateway: the first address that may be handed out."""
    subnet = parse_subnet(pool.subnet)
    for what, text in (("range", pool.ip_range), ("gateway", pool.gateway)):
        if text and not _inside(subnet, text):
            raise InvalidArgument(f"no matching subnet for {what} {text}")
    for text in pool.auxiliary.values():
        if not _inside(subnet, text):
            raise InvalidArgument(f"no matching subnet for aux-address {text}")
    if pool.gateway:
        return pool
    gateway = AddressPool(pool).take()
    return Pool(subnet=pool.subnet, ip_range=pool.ip_range, gateway=gateway, auxiliary=pool.auxiliary)


def _inside(subnet: Subnet, text: str) -> bool:
    try:
        inner = ip_network(text, strict=False)
    except ValueError:
        raise InvalidArgument(f"invalid address {text}") from None
    if isinstance(subnet, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(subnet)
    return isinstance(inner, IPv6Network) and inner.subnet_of(subnet)


class PoolExhausted(Exception):
    """Every address is taken. The caller knows the network's name and words the error."""


class SubnetUsage(NamedTuple):
    """How full a pool is, in addresses. ``in_use`` counts the reserved ones too (network, broadcast, gateway,
    auxiliary); ``available`` is what can still be handed out from its range."""

    subnet: str
    in_use: int
    available: int


class AddressPool:
    """The addresses of one pool; those of the network itself are taken from the start."""

    def __init__(self, pool: Pool) -> None:
        self.subnet = parse_subnet(pool.subnet)
        self._range = parse_subnet(pool.ip_range) if pool.ip_range else self.subnet
        self._first = int(self._range.network_address)
        self._last = int(self._range.broadcast_address)
        self._floor = int(self.subnet.network_address)
        self._ceiling = int(self.subnet.broadcast_address)
        self._taken: set[int] = set()
        bits = self.subnet.max_prefixlen - self.subnet.prefixlen
        if bits > 1:
            self._taken.add(int(self.subnet.network_address))
            if self.subnet.version == 4:
                self._taken.add(int(self.subnet.broadcast_address))
        reserved = [pool.gateway] if pool.gateway else []
        self._taken.update(int(ip_address(text)) for text in (*reserved, *pool.auxiliary.values()))
        self._lowest = self._first

    def __contains__(self, address: str) -> bool:
        family, number = _number(address)
        return family == self.subnet.version and self._floor <= number <= self._ceiling

    @property
    def prefix(self) -> int:
        """Prefix length of the subnet."""
        return self.subnet.prefixlen

    def take(self, wanted: str = "") -> str:
        """Hand out ``wanted``, or the lowest free address of the range.

        Forbidden when ``wanted`` is taken; PoolExhausted when nothing is free.
        """
        if wanted:
            _, number = _number(wanted)
            if number in self._taken:
                raise Forbidden("Address already in use")
            self._taken.add(number)
            return str(ip_address(wanted))
        while self._lowest in self._taken:
            self._lowest += 1
        if self._lowest > self._last:
            raise PoolExhausted
        self._taken.add(self._lowest)
        return str(self.subnet.network_address + (self._lowest - int(self.subnet.network_address)))

    def restore(self, address: str) -> None:
        """Mark an address of an old record as taken."""
        self._taken.add(_number(address)[1])

    def usage(self) -> SubnetUsage:
        """The pool's figures now."""
        inside = sum(self._first <= number <= self._last for number in self._taken)
        return SubnetUsage(str(self.subnet), len(self._taken), self._last - self._first + 1 - inside)

    def release(self, address: str) -> None:
        """Give an address back; harmless when it was not taken."""
        _, number = _number(address)
        self._taken.discard(number)
        if self._first <= number < self._lowest:
            self._lowest = number


def _number(address: str) -> tuple[int, int]:
    """IP version and number of an address. A start asks for every endpoint: ``ipaddress`` takes ten times
    as long for the usual ones."""
    if ":" not in address:
        with contextlib.suppress(OSError):
            return 4, int.from_bytes(socket.inet_pton(socket.AF_INET, address))
    parsed = ip_address(address)
    return parsed.version, int(parsed)


def check_free(pools: Iterable[Pool], others: Iterable[Subnet]) -> None:
    """Forbidden with Docker's text when a pool overlaps another network's, or another pool."""
    taken = list(others)
    for pool in pools:
        subnet = parse_subnet(pool.subnet)
        if any(overlaps(subnet, other) for other in taken):
            raise Forbidden(
                "Pool overlaps with other one on this address space",
                hint="network ls and network inspect show which subnets are in use",
            )
        taken.append(subnet)
