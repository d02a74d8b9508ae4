"""The name files of a container, as text: ``/etc/hosts`` and ``/etc/resolv.conf``. Pure functions.

The rules, order and white space are Docker's; programs compare these files more often than one thinks.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

_LOCAL_LINES = (
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "ff00::0\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
)
FALLBACK_SERVERS = ("8.8.8.8", "8.8.4.4")
"""Docker's, for a host without any."""
_FALLBACK_IPV6 = ("2001:4860:4860::8888", "2001:4860:4860::8844")

EMBEDDED_SERVER = "127.0.0.11"
"""Where a container in a user-defined network finds the engine's own name server."""

HOST_GATEWAY = "host-gateway"
"""What users write instead of an address for the host itself."""


def hosts_file(
    *,
    hostname: str,
    domainname: str = "",
    addresses: Iterable[str] = (),
    extra: Iterable[tuple[str, str]] = (),
    base: str | None = None,
) -> str:
    """``/etc/hosts``: the local lines, then ``extra`` (name, address), then each of the container's own
    addresses with its name. With ``base`` (the host's file, for ``--network host``) those replace the
    local lines."""
    lines = base.rstrip("\n").split("\n") if base is not None else list(_LOCAL_LINES)
    lines += [f"{address}\t{name}" for name, address in extra]
    full = f"{hostname}.{domainname}" if domainname else hostname
    short, dot, _ = full.partition(".")
    names = f"{full} {short}" if dot else full
    lines += [f"{address}\t{names}" for address in addresses]
    return "\n".join(lines) + "\n"


def resolve_extra_hosts(entries: Iterable[str], gateway: str) -> tuple[tuple[str, str], ...]:
    """``--add-host`` entries (``name:address`` or ``name=address``) as pairs; ``host-gateway`` becomes
    ``gateway``."""
    pairs = []
    for entry in entries:
        name, equals, address = entry.partition("=")
        if not equals:
            name, _, address = entry.partition(":")
        address = address.removeprefix("[").removesuffix("]")
        pairs.append((name, gateway if address == HOST_GATEWAY else address))
    return tuple(pairs)


def resolv_conf(
    host: str,
    *,
    dns: Sequence[str] = (),
    search: Sequence[str] = (),
    options: Sequence[str] = (),
    ipv6: bool = False,
    host_network: bool = False,
    embedded: bool = False,
) -> str:
    """``/etc/resolv.conf`` of a container, made from the host's text.

    Without wishes it is the host's, less the name servers that a container cannot reach: those on the
    loopback, and IPv6 ones without ``ipv6``; when none is left, public ones. With wishes each kind of line
    is the user's or else the host's. A search list of ``.`` means none. ``host_network`` containers see the
    host's loopback and get its file unchanged. With ``embedded`` the only server is our own, which asks the
    others; names without a dot are its business, so they are not tried with the search list first.
    """
    if embedded:
        wished = options or _last_words(host, ("options",))
        ours = () if any(option.startswith("ndots:") for option in wished) else ("ndots:0",)
        return _built((EMBEDDED_SERVER,), search or _last_words(host, ("search", "domain")), (*wished, *ours))
    if dns or search or options:
        return _built(
            dns or name_servers(host),
            search or _last_words(host, ("search", "domain")),
            options or _last_words(host, ("options",)),
        )
    if host_network:
        return host
    kept = [line for line in host.splitlines() if not _unreachable(line, ipv6=ipv6)]
    text = "\n".join(kept).rstrip("\n") + "\n" if kept else ""
    if not name_servers(text):
        fallback = FALLBACK_SERVERS + (_FALLBACK_IPV6 if ipv6 else ())
        text += "".join(f"nameserver {address}\n" for address in fallback)
    return text


def only_local_stub(host: str) -> bool:
    """Whether the host's only name server is systemd-resolved's stub: then the file to start from is
    ``/run/systemd/resolve/resolv.conf``, which names the real ones."""
    return name_servers(host) == ["127.0.0.53"]


def name_servers(text: str) -> list[str]:
    """The servers that a resolver file names, in order."""
    return _words(text, "nameserver")


def _built(dns: Sequence[str], search: Sequence[str], options: Sequence[str]) -> str:
    text = ""
    if search and list(search) != ["."]:
        text += f"search {' '.join(search)}\n"
    text += "".join(f"nameserver {address}\n" for address in dns)
    if options and any(option.strip() for option in options):
        text += f"options {' '.join(options)}\n"
    return text


def _fields(line: str) -> list[str]:
    return line.partition("#")[0].partition(";")[0].split()


def _words(text: str, keyword: str) -> list[str]:
    """The first argument of each such line."""
    rows = (_fields(line) for line in text.splitlines())
    return [row[1] for row in rows if len(row) > 1 and row[0] == keyword]


def _last_words(text: str, keywords: Sequence[str]) -> list[str]:
    """The arguments of the last such line: resolv.conf(5) lets it win."""
    found: list[str] = []
    for line in text.splitlines():
        row = _fields(line)
        if len(row) > 1 and row[0] in keywords:
            found = row[1:]
    return found


def _unreachable(line: str, *, ipv6: bool) -> bool:
    row = _fields(line)
    if len(row) < 2 or row[0] != "nameserver":
        return False
    try:
        address = ip_address(row[1].partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or (address.version == 6 and not ipv6)
