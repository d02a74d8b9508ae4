"""Which container ports are published where: ``-p``, ``-P`` and EXPOSE turned into requests."""

from berth.base.errors import InvalidArgument
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig
from berth.network.records import PortRequest

_PROTOCOLS = ("tcp", "udp", "sctp")


def check_ports(config: ContainerConfig, host: HostConfig) -> None:
    """Refuse malformed ports at create, not at start."""
    for key in config.exposed_ports:
        parse_port_key(key)
    port_requests(config, host)


def parse_port_key(key: str) -> tuple[int, str]:
    """``80/tcp`` or ``80`` to number and protocol."""
    number, _, protocol = key.partition("/")
    protocol = (protocol or "tcp").lower()
    if protocol not in _PROTOCOLS:
        raise InvalidArgument(f"invalid port specification: invalid proto: {protocol}")
    low, dash, _ = number.partition("-")
    if not low.isdecimal() or len(low) > 5 or not 0 < int(low) <= 65535 or dash:
        raise InvalidArgument(f'invalid port specification: "{key}"')
    return int(low), protocol


def port_requests(config: ContainerConfig, host: HostConfig) -> tuple[PortRequest, ...]:
    """Every port that the host must answer on for this container."""
    requests: list[PortRequest] = []
    for key, bindings in host.port_bindings.items():
        port, protocol = parse_port_key(key)
        for binding in bindings:
            low, high = _host_ports(binding.host_port)
            requests.append(
                PortRequest(
                    container_port=port,
                    protocol=protocol,
                    host_ip=binding.host_ip,
                    host_port=low,
                    host_port_end=high,
                )
            )
    if host.publish_all_ports:
        bound = {parse_port_key(key) for key in host.port_bindings}
        requests += [
            PortRequest(container_port=port, protocol=protocol)
            for port, protocol in sorted(parse_port_key(key) for key in config.exposed_ports)
            if (port, protocol) not in bound
        ]
    return tuple(requests)


def _host_ports(text: str) -> tuple[int, int]:
    """``8080``, ``8000-8010`` or nothing (any free port) to a range; (0, 0) for any."""
    if not text:
        return 0, 0
    low, _, high = text.partition("-")
    high = high or low
    if not (low.isdecimal() and high.isdecimal() and len(low) <= 5 and len(high) <= 5):
        raise InvalidArgument(f'invalid port specification: "{text}"')
    if int(high) < int(low) or int(high) > 65535:
        raise InvalidArgument(f'invalid port specification: "{text}"')
    return int(low), int(high)
