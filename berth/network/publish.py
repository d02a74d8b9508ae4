"""Published ports: choose host ports, keep them from others, and have the kernel redirect them.

Three parties must agree on a port: our own books (``allocator``), the rest of the machine (a bound socket)
and the packet filter. They are asked in this order, and whatever was got is given back when a later one
refuses.
"""

import errno
import logging
from collections.abc import Sequence
from ipaddress import ip_address
from typing import NamedTuple

from berth.base.errors import Internal
from berth.network.allocator import PortAllocator, PortTaken
from berth.network.driver import Driver, Held, Target
from berth.network.records import Endpoint, PortRequest, PublishedPort
from berth.network.ruleset import Forward

_log = logging.getLogger(__name__)
_ANY_IPV4, _ANY_IPV6 = "0.0.0.0", "::"
_MAX_TRIES = 256
"""How many unnamed ports are tried when other programs have them."""


class _Grip(NamedTuple):
    """One port that was got, and what to do to give it back."""

    port: PublishedPort
    held: Held | None


class Publisher:
    """The published ports of all endpoints. Call it on the event loop only."""

    def __init__(self, driver: Driver, *, default_address: str = "") -> None:
        self._driver = driver
        self._allocator = PortAllocator(*driver.port_range())
        self._default_address = default_address
        self._grips: dict[str, list[_Grip]] = {}

    def publish(
        self, endpoint: Endpoint, requests: Sequence[PortRequest], default_address: str = ""
    ) -> tuple[PublishedPort, ...]:
        """Publish all of ``requests`` for ``endpoint`` or none.

        Raises Internal with Docker's text when a port is not to be had.
        """
        grips: list[_Grip] = []
        try:
            for request in requests:
                addresses = self._addresses(request.host_ip or default_address or self._default_address)
                grips += self._grip(endpoint, request, addresses)
            ports = tuple(grip.port for grip in grips)
            self._driver.add_forwards(forwards(endpoint, ports))
        except (PortTaken, Internal, OSError) as error:
            self._let_go(grips)
            raise Internal(
                f"driver failed programming external connectivity on endpoint {endpoint.name} "
                f"({endpoint.endpoint_id}): {error}",
                hint=getattr(error, "hint", None),
            ) from error
        self._grips.setdefault(endpoint.endpoint_id, []).extend(grips)
        return ports

    def restore(self, endpoint: Endpoint) -> None:
        """Take the ports of a container that outlived the daemon. One that another program has got
        meanwhile is kept: the packet filter serves it before that program."""
        grips = self._grips.setdefault(endpoint.endpoint_id, [])
        for port in endpoint.ports:
            try:
                self._allocator.take([port.host_ip], port.protocol, port.host_port, endpoint.name)
            except PortTaken as error:
                _log.warning("endpoint %s: %s", endpoint.name, error)
            try:
                held = self._hold(endpoint, port)
            except OSError as error:
                held = None
                _log.warning(
                    "another program listens on port %d of %s: %s", port.host_port, endpoint.name, error
                )
            grips.append(_Grip(port, held))

    def withdraw(self, endpoint: Endpoint) -> None:
        """Give back every port of an endpoint."""
        grips = self._grips.pop(endpoint.endpoint_id, [])
        if grips:
            self._driver.remove_forwards(forwards(endpoint, [grip.port for grip in grips]))
            self._let_go(grips)

    def close(self) -> None:
        """Let go of all sockets; the kernel goes on redirecting."""
        for grips in self._grips.values():
            for grip in grips:
                if grip.held is not None:
                    grip.held.close()
        self._grips.clear()

    def _addresses(self, host_ip: str) -> tuple[str, ...]:
        """Without an address: all, of both families where the host has them."""
        if host_ip:
            return (str(ip_address(host_ip)),)
        return (_ANY_IPV4, _ANY_IPV6) if self._driver.has_ipv6() else (_ANY_IPV4,)

    def _grip(self, endpoint: Endpoint, request: PortRequest, addresses: Sequence[str]) -> list[_Grip]:
        """The first candidate that our books and the machine both grant, on all addresses."""
        named = request.host_port != 0 and request.host_port_end in (0, request.host_port)
        refusal: Exception = PortTaken("all ports are allocated")
        tries = 0
        for port in self._allocator.candidates(request.protocol, request.host_port, request.host_port_end):
            try:
                self._allocator.take(addresses, request.protocol, port, endpoint.name)
            except PortTaken as error:
                refusal = self._explained(error, request, addresses, port)
                if named:
                    break
                continue
            try:
                grips = self._hold_all(endpoint, request, addresses, port)
            except _PortRefused as error:
                refusal = Internal(str(error))
                tries += 1
                if named or not error.taken or tries >= _MAX_TRIES:
                    break
                continue
            if not request.host_port:
                self._allocator.remember(request.protocol, port)
            return grips
        raise refusal

    def _explained(
        self, error: PortTaken, request: PortRequest, addresses: Sequence[str], port: int
    ) -> PortTaken:
        holders = [self._allocator.holder(address, request.protocol, port) for address in addresses]
        names = [holder for holder in holders if holder]
        return PortTaken(error.message, hint=f"it is published by container {names[0]}" if names else None)

    def _hold_all(
        self, endpoint: Endpoint, request: PortRequest, addresses: Sequence[str], port: int
    ) -> list[_Grip]:
        grips: list[_Grip] = []
        for address in addresses:
            published = PublishedPort(
                container_port=request.container_port,
                protocol=request.protocol,
                host_ip=address,
                host_port=port,
            )
            try:
                grips.append(_Grip(published, self._hold(endpoint, published)))
            except OSError as error:
                self._let_go(grips)
                for other in addresses:
                    self._allocator.release(other, request.protocol, port)
                raise _PortRefused(address, request.protocol, port, error) from error
        return grips

    def _hold(self, endpoint: Endpoint, port: PublishedPort) -> Held:
        inside = endpoint.ipv6 if ":" in port.host_ip and endpoint.ipv6 else endpoint.ipv4
        target = Target(inside or endpoint.ipv6, port.container_port)
        return self._driver.hold(port.protocol, port.host_ip, port.host_port, target)

    def _let_go(self, grips: Sequence[_Grip]) -> None:
        for port, held in grips:
            if held is not None:
                held.close()
            self._allocator.release(port.host_ip, port.protocol, port.host_port)


class _PortRefused(Exception):
    """The machine did not grant a port; the text is that of Docker's proxy."""

    def __init__(self, address: str, protocol: str, port: int, error: OSError) -> None:
        family = "6" if ":" in address else "4"
        shown = f"[{address}]" if ":" in address else address
        reason = (error.strerror or str(error)).lower()
        super().__init__(
            f"Error starting userland proxy: listen {protocol}{family} {shown}:{port}: bind: {reason}"
        )
        self.taken = error.errno == errno.EADDRINUSE


def forwards(endpoint: Endpoint, ports: Sequence[PublishedPort]) -> list[Forward]:
    """The ports that the packet filter can serve: those whose family the container has."""
    found = []
    for port in ports:
        address = ip_address(port.host_ip)
        inside = endpoint.ipv4 if address.version == 4 else endpoint.ipv6
        if inside:
            found.append(
                Forward(
                    port.protocol,
                    b"" if address.is_unspecified else address.packed,
                    port.host_port,
                    ip_address(inside).packed,
                    port.container_port,
                )
            )
    return found
