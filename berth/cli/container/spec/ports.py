"""``--publish`` and ``--expose``: ports, ranges, addresses and protocols."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec.numbers import normal_ip, parse_unsigned

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    Bindings = dict[str, list[dict[str, str]]]


def parse_range(text: str) -> tuple[int, int]:
    """``80`` or ``80-90``; both ends included."""
    if not text:
        raise InvalidArgument("empty string specified for ports")
    if "-" not in text:
        port = parse_unsigned(text, 16)
        return port, port
    first, last = text.split("-")[:2]
    start, end = parse_unsigned(first, 16), parse_unsigned(last, 16)
    if end < start:
        raise InvalidArgument(f"invalid range specified for port: {text}")
    return start, end


def split_protocol(text: str) -> tuple[str, str]:
    """(protocol, port); tcp when none is named, both empty when there is no port."""
    port, _, rest = text.partition("/")
    if not port:
        return "", ""
    return rest.partition("/")[0] or "tcp", port


def publish(specs: list[str]) -> "tuple[dict[str, Any], Bindings]":
    """Exposed ports and bindings of all ``--publish`` values."""
    exposed: dict[str, Any] = {}
    bindings: Bindings = {}
    for spec in specs:
        for port, binding in _mappings(_short_form(spec)):
            exposed[port] = {}
            bindings.setdefault(port, []).append(binding)
    return exposed, bindings


def _short_form(spec: str) -> str:
    """The long form ``target=80,published=8080`` as ``8080:80/tcp``."""
    if "=" not in spec:
        return spec
    fields = {"protocol": "tcp"}
    for field in spec.split(","):
        key, equals, value = field.partition("=")
        if not equals or not key:
            raise InvalidArgument(f"invalid publish opts format (should be name=value but got '{field}')")
        fields[key] = value
    return f"{fields.get('published', '')}:{fields.get('target', '')}/{fields['protocol']}"


def _mappings(spec: str) -> list[tuple[str, dict[str, str]]]:
    """(container port, binding) pairs of one ``[address:][host:]container[/protocol]``."""
    head, _, container = spec.rpartition(":")
    address, _, host = head.rpartition(":")
    protocol, container = split_protocol(container)
    address = _address(address)
    if not container:
        raise InvalidArgument(f"no port specified: {spec}<empty>")
    start, end = _range_or(f"invalid containerPort: {container}", container)
    host_start, host_end = _range_or(f"invalid hostPort: {host}", host) if host else (0, 0)
    if host and end - start != host_end - host_start and end != start:
        problem = "invalid ranges specified for container and host Ports"
        raise InvalidArgument(f"{problem}: {container} and {host}")
    if protocol.lower() not in ("tcp", "udp", "sctp"):
        raise InvalidArgument(f"invalid proto: {protocol}")
    pairs: list[tuple[str, dict[str, str]]] = []
    for offset in range(end - start + 1):
        shown = str(host_start + offset) if host else ""
        if start == end and host_start != host_end:
            # One port of the container and a range of the host: the engine picks a free one from the range.
            shown = f"{host_start}-{host_end}"
        pairs.append((f"{start + offset}/{protocol.lower()}", {"HostIp": address, "HostPort": shown}))
    return pairs


def _address(text: str) -> str:
    if text.startswith("["):
        if not text.endswith("]"):
            raise InvalidArgument(f"invalid IP address {text}: address {text}:: missing ']' in address")
        text = text[1:-1]
    if text and normal_ip(text) is None:
        raise InvalidArgument(f"invalid IP address: {text}")
    return text


def _range_or(problem: str, text: str) -> tuple[int, int]:
    try:
        return parse_range(text)
    except InvalidArgument:
        raise InvalidArgument(problem) from None


def expose(specs: list[str], exposed: "dict[str, Any]") -> None:
    """Add the ports of all ``--expose`` values to ``exposed``."""
    for spec in specs:
        if ":" in spec:
            raise InvalidArgument(f"invalid port format for --expose: {spec}")
        protocol, ports = split_protocol(spec)
        try:
            start, end = parse_range(ports)
        except InvalidArgument as error:
            raise InvalidArgument(f"invalid range format for --expose: {spec}, error: {error}") from None
        for port in range(start, end + 1):
            exposed.setdefault(f"{port}/{protocol}", {})
