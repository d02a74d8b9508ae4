"""What is known of networks and of what is plugged into them. All records are immutable.

``Network`` and ``Endpoint`` are kept in the state file as JSON; requests come from the engine and are not
stored. Addresses are text in their usual form, without a prefix unless the name says so.
"""

import msgspec

TCP, UDP, SCTP = "tcp", "udp", "sctp"
PROTOCOLS = frozenset((TCP, UDP, SCTP))

BRIDGE, HOST, NULL = "bridge", "host", "null"
"""Names of drivers."""

OPTION_BRIDGE_NAME = "com.docker.network.bridge.name"
OPTION_ICC = "com.docker.network.bridge.enable_icc"
OPTION_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
OPTION_HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4"
OPTION_DEFAULT_BRIDGE = "com.docker.network.bridge.default_bridge"
OPTION_MTU = "com.docker.network.driver.mtu"


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """A subnet of a network. ``ip_range`` narrows what is handed out by itself; ``auxiliary`` addresses
    (by a name of the user's) are never handed out."""

    subnet: str
    ip_range: str = ""
    gateway: str = ""
    auxiliary: dict[str, str] = {}


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """One network. ``pools`` is complete: subnets and gateways that nobody asked for are filled in."""

    id: str
    name: str
    driver: str = BRIDGE
    scope: str = "local"
    created_at: int = 0
    """Nanoseconds since the epoch."""
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    ipam_driver: str = "default"
    ipam_options: dict[str, str] = {}
    pools: tuple[Pool, ...] = ()
    options: dict[str, str] = {}
    labels: dict[str, str] = {}
    owner_uid: int = -1
    bridge: str = ""
    """Interface on the host, for the bridge driver."""
    own_bridge: bool = True
    """The interface was made by berth and goes with the network."""
    predefined: bool = False
    chosen_subnet: bool = False
    """The user chose the subnet, and so may choose addresses in it."""

    @property
    def mtu(self) -> int:
        """Largest packet; Docker's 1500 unless an option says otherwise."""
        return int(self.options.get(OPTION_MTU) or 1500)

    @property
    def masquerade(self) -> bool:
        """Whether containers reach the outside under the host's address."""
        return _truth(self.options.get(OPTION_MASQUERADE), default=True)

    @property
    def icc(self) -> bool:
        """Whether containers of the network reach one another."""
        return _truth(self.options.get(OPTION_ICC), default=True)

    @property
    def host_binding(self) -> str:
        """The host address of ports published without one; empty for all addresses."""
        address = self.options.get(OPTION_HOST_BINDING, "")
        return "" if address == "0.0.0.0" else address


def _truth(text: str | None, *, default: bool) -> bool:
    """Go's ``strconv.ParseBool``."""
    return default if not text else text in ("1", "t", "T", "true", "TRUE", "True")


class CreateNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A wish for a network."""

    name: str
    driver: str = BRIDGE
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    ipam_driver: str = "default"
    ipam_options: dict[str, str] = {}
    pools: tuple[Pool, ...] = ()
    options: dict[str, str] = {}
    labels: dict[str, str] = {}
    owner_uid: int = -1


class PortRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One port of a container that should answer on the host. ``host_port`` 0 means any free one;
    with ``host_port_end`` any free one from ``host_port`` to it. An empty ``host_ip`` means all addresses,
    IPv4 and IPv6."""

    container_port: int
    protocol: str = TCP
    host_ip: str = ""
    host_port: int = 0
    host_port_end: int = 0


class PublishedPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port that answers. A wish for all addresses becomes two: ``0.0.0.0`` and ``::``."""

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


class Resolver(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a container's name server asks about names that are not ours."""

    servers: tuple[str, ...] = ()
    """``--dns``: asked from inside of the container. Empty for the host's, asked from the host."""
    ndots: bool = False
    """The user has set ``ndots`` to more than 0: names without a dot are nobody else's business."""
    port: int = 0
    """Where the name server listens inside; chosen when it is opened."""


class EndpointRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How a container wants to be plugged in; empty means: choose. ``name`` is the container's, for
    messages and, in a user-defined network, for others. ``aliases`` are further names there, ``links`` names
    for this container alone: (name, name of the one that is meant)."""

    name: str = ""
    aliases: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    resolver: Resolver = Resolver()
    ipv4: str = ""
    ipv6: str = ""
    mac: str = ""
    priority: int = 0
    """The default route goes through the network with the highest one (Docker's GwPriority)."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A container's place in one network."""

    network_id: str
    endpoint_id: str
    container_id: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    ipv4: str = ""
    prefix: int = 0
    gateway: str = ""
    ipv6: str = ""
    ipv6_prefix: int = 0
    ipv6_gateway: str = ""
    mac: str = ""
    priority: int = 0
    interface: str = ""
    """Name inside the container; empty in the networks ``host`` and ``none``."""
    host_interface: str = ""
    ports: tuple[PublishedPort, ...] = ()


class NetworkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon's settings, named as dockerd's flags."""

    instance: str
    """Tells several daemons of one host apart: letters and digits, the same after a restart. It names the
    nftables tables and, unless ``bridge`` is given, the bridge."""
    bridge: str = ""
    """``--bridge``: an interface made by somebody else, or ``none`` for no default network."""
    default_bridge_name: str = "berth0"
    bip: str = ""
    """``--bip``: address and prefix of the default bridge, such as 10.8.0.1/24."""
    fixed_cidr: str = ""
    default_gateway: str = ""
    default_address_pools: tuple[tuple[str, int], ...] = ()
    """(base, prefix length of each network) in order; empty for Docker's own list."""
    mtu: int = 1500
    icc: bool = True
    ip_masq: bool = True
    ip_forward: bool = True
    host_ip: str = ""
    """``--ip``: where ports without an address are published; empty for all."""
    userland_proxy: bool = True
    firewall: bool = True
    """``--iptables``: whether packet filter rules are made at all."""
