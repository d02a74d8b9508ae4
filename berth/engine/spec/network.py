"""How a container asks to be connected (``network.EndpointSettings`` and its surroundings)."""

from msgspec import field

from berth.engine.spec.naming import Record


class PortBinding(Record, frozen=True, kw_only=True):
    """Where a container port appears on the host: empty address means all, empty or ``0`` port means any;
    ``8000-8010`` means any free one of the range."""

    host_ip: str = ""
    host_port: str = ""


class EndpointIPAMConfig(Record, frozen=True, kw_only=True):
    """Addresses that the user chose."""

    ipv4_address: str = ""
    ipv6_address: str = ""
    link_local_ips: tuple[str, ...] = ()


class EndpointSettings(Record, frozen=True, kw_only=True):
    """One network of one container. The part after ``gw_priority`` is what the engine found out; clients that
    send it (copied from an inspect) are ignored, except for ``mac_address``, which is also a wish."""

    ipam_config: EndpointIPAMConfig | None = None
    links: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    driver_opts: dict[str, str] = field(default_factory=dict)
    gw_priority: int = 0
    network_id: str = ""
    endpoint_id: str = ""
    gateway: str = ""
    ip_address: str = ""
    mac_address: str = ""
    ip_prefix_len: int = 0
    ipv6_gateway: str = ""
    global_ipv6_address: str = ""
    global_ipv6_prefix_len: int = 0
    dns_names: tuple[str, ...] = ()


class NetworkingConfig(Record, frozen=True, kw_only=True):
    """The networks of a new container by name or id."""

    endpoints_config: dict[str, EndpointSettings] = field(default_factory=dict)
