"""``berth network ls``."""

from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FORMAT
from berth.cli.format.rows import RAW, TABLE, Row, column_table, lines_of
from berth.cli.format.text import join_labels, natural_key, truncate_id
from berth.client.target import filters

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (
        Flag("filter", "f", "filter", 'Provide filter values (e.g. "driver=bridge")'),
        FORMAT,
        Flag("no-trunc", "", "bool", "Do not truncate the output"),
        Flag("quiet", "q", "bool", "Only display network IDs"),
    ),
    aliases=("network ls", "network list"),
)

_HEADERS = {
    "ID": "NETWORK ID",
    "Name": "NAME",
    "Driver": "DRIVER",
    "Scope": "SCOPE",
    "IPv4": "IPV4",
    "IPv6": "IPV6",
    "Internal": "INTERNAL",
    "Labels": "LABELS",
    "CreatedAt": "CREATED AT",
}


class NetworkRow(Row):
    """Cells of one entry of ``/networks``."""

    GO_TYPE = "*network.networkContext"
    HEADERS = _HEADERS
    CELLS = ("CreatedAt", "Driver", "ID", "IPv4", "IPv6", "Internal", "Labels", "Name", "Scope")
    CALLS = ("Label",)

    def __init__(self, network: "dict[str, Any]", *, trunc: bool) -> None:
        self._network = network
        self._trunc = trunc

    def _text(self, name: str) -> str:
        return str(self._network.get(name, ""))

    def _truth(self, name: str) -> str:
        return "true" if self._network.get(name) else "false"

    def ID(self) -> str:
        """The id, short unless ``--no-trunc``."""
        return truncate_id(self._text("Id")) if self._trunc else self._text("Id")

    def Name(self) -> str:
        """The name."""
        return self._text("Name")

    def Driver(self) -> str:
        """``bridge``, ``host``, ``null``..."""
        return self._text("Driver")

    def Scope(self) -> str:
        """``local``: on this machine only."""
        return self._text("Scope")

    def IPv4(self) -> str:
        """Whether it gives IPv4 addresses."""
        return self._truth("EnableIPv4")

    def IPv6(self) -> str:
        """Whether it gives IPv6 addresses."""
        return self._truth("EnableIPv6")

    def Internal(self) -> str:
        """Whether it has no way out."""
        return self._truth("Internal")

    def Labels(self) -> str:
        """All labels, sorted."""
        return join_labels(self._network.get("Labels"))

    def Label(self, name: str) -> str:
        """One label's value."""
        return str((self._network.get("Labels") or {}).get(name, ""))

    def CreatedAt(self) -> str:
        """When it was made."""
        from berth.cli.format.template.values import Time

        return Time(self._text("Created")).text()


def run(cli: "Cli", options: "Options") -> int:
    """List networks by name."""
    found = cli.client.get("/networks", {"filters": filters(options.filter)})
    listed = sorted(found, key=lambda network: natural_key(network["Name"]))
    rows = [NetworkRow(network, trunc=not options.no_trunc) for network in listed]
    text = options.format
    if not text and not options.quiet:
        text = cli.config.text("networksFormat")
    text = text or TABLE
    if text == TABLE:
        columns = ("ID", "Name", "Driver", "Scope")
        cli.out.write(lines_of(rows, "ID") if options.quiet else column_table(rows, NetworkRow, columns))
        return 0
    if text == RAW:
        text = "network_id: {{.ID}}"
        if not options.quiet:
            text += "\\nname: {{.Name}}\\ndriver: {{.Driver}}\\nscope: {{.Scope}}\\n"
    cli.out.write(formatted(rows, NetworkRow, text))
    return 0
