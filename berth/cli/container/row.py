"""A container as one line of a listing (``ps``, ``system df -v``). On the start path of ``ps``."""

import time

from berth.base.units import human_duration, human_size
from berth.cli.format.names import split_reference
from berth.cli.format.rows import Row
from berth.cli.format.text import ellipsis, join_host_port, join_labels, local_time, quote, truncate_id

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_HEADERS = {
    "ID": "CONTAINER ID",
    "Names": "NAMES",
    "Image": "IMAGE",
    "Command": "COMMAND",
    "CreatedAt": "CREATED AT",
    "RunningFor": "CREATED",
    "Ports": "PORTS",
    "State": "STATE",
    "Status": "STATUS",
    "Size": "SIZE",
    "Labels": "LABELS",
    "Mounts": "MOUNTS",
    "LocalVolumes": "LOCAL VOLUMES",
    "Networks": "NETWORKS",
    "Platform": "PLATFORM",
}
_COMMAND_WIDTH = 20
_MOUNT_WIDTH = 15


class ContainerRow(Row):
    """Cells of one entry of ``/containers/json``; ``trunc`` shortens ids, commands and mounts."""

    GO_TYPE = "*formatter.ContainerContext"
    HEADERS = _HEADERS
    CELLS = (
        "Command", "CreatedAt", "ID", "Image", "Labels", "LocalVolumes", "Mounts", "Names", "Networks",
        "Platform", "Ports", "RunningFor", "Size", "State", "Status",
    )  # fmt: skip
    CALLS = ("Label",)

    def __init__(self, summary: "dict[str, Any]", *, trunc: bool) -> None:
        self._summary = summary
        self._trunc = trunc
        self.size_used = False

    def ID(self) -> str:
        """The id, short unless ``--no-trunc``."""
        identity = str(self._summary.get("Id", ""))
        return truncate_id(identity) if self._trunc else identity

    def Names(self) -> str:
        """The name; with ``--no-trunc`` also those that links give it."""
        names = [name[1:] for name in self._summary.get("Names") or ()]
        if self._trunc:
            for name in names:
                if "/" not in name:
                    return str(name)
        return ",".join(names)

    def Image(self) -> str:
        """The image as it was asked for; its digest and a long id are cut."""
        image = str(self._summary.get("Image", ""))
        if not image:
            return "<no image>"
        if not self._trunc:
            return image
        short = truncate_id(str(self._summary.get("ImageID", "")))
        if short == truncate_id(image):
            return short
        if "@" not in image and not image.startswith(("docker.io/", "index.docker.io/", "library/")):
            return image
        name, tag, _ = split_reference(image)
        return f"{name}:{tag}" if tag else name

    def Command(self) -> str:
        """The command, quoted."""
        command = str(self._summary.get("Command", ""))
        return quote(ellipsis(command, _COMMAND_WIDTH) if self._trunc else command)

    def CreatedAt(self) -> str:
        """When it was created, in the local zone."""
        return local_time(int(self._summary.get("Created", 0)))

    def RunningFor(self) -> str:
        """How long ago it was created."""
        return human_duration(time.time() - int(self._summary.get("Created", 0))) + " ago"

    def Platform(self) -> "Any":
        """The platform of its image's manifest, where the daemon says it."""
        from berth.cli.format.typed import typed

        descriptor = self._summary.get("ImageManifestDescriptor") or {}
        return typed(descriptor.get("platform"), "*formatter.Platform")

    def Ports(self) -> str:
        """Exposed and published ports."""
        return show_ports(self._summary.get("Ports") or [])

    def State(self) -> str:
        """One word: ``running``."""
        return str(self._summary.get("State", ""))

    def Status(self) -> str:
        """The daemon's sentence: ``Up 2 hours``."""
        return str(self._summary.get("Status", ""))

    def Size(self) -> str:
        """Bytes of the writable layer, and with the image's."""
        self.size_used = True
        written = human_size(self._summary.get("SizeRw") or 0)
        whole = self._summary.get("SizeRootFs") or 0
        return f"{written} (virtual {human_size(whole)})" if whole > 0 else written

    def Labels(self) -> str:
        """All labels, sorted."""
        return join_labels(self._summary.get("Labels"))

    def Label(self, name: str) -> str:
        """One label's value."""
        return str((self._summary.get("Labels") or {}).get(name, ""))

    def Mounts(self) -> str:
        """Names of volumes and sources of binds."""
        names = [mount.get("Name") or mount.get("Source", "") for mount in self._mounts()]
        return ",".join([ellipsis(name, _MOUNT_WIDTH) for name in names] if self._trunc else names)

    def LocalVolumes(self) -> str:
        """How many of its volumes lie on this machine."""
        return str(sum(mount.get("Driver") == "local" for mount in self._mounts()))

    def Networks(self) -> str:
        """Names of its networks."""
        return ",".join((self._summary.get("NetworkSettings") or {}).get("Networks") or ())

    def _mounts(self) -> "list[dict[str, Any]]":
        return self._summary.get("Mounts") or []


def show_ports(ports: "list[dict[str, Any]]") -> str:
    """``0.0.0.0:80->80/tcp, 9000-9003/tcp``: runs become ranges, ports mapped to others follow."""
    if not ports:
        return ""
    shown: list[str] = []
    mapped: list[str] = []
    groups: dict[tuple[str, str], list[int]] = {}
    for port in sorted(ports, key=_port_key):
        private, address, kind = port["PrivatePort"], port.get("IP") or "", port.get("Type", "")
        public = port.get("PublicPort", 0)
        if address and public != private:
            mapped.append(f"{join_host_port(address, public)}->{private}/{kind}")
            continue
        group = groups.get((address, kind))
        if group is None:
            groups[address, kind] = [private, private]
        elif private == group[1] + 1:
            group[1] = private
        else:
            shown.append(_show_range(address, kind, group))
            group[:] = (private, private)
    shown += [_show_range(address, kind, group) for (address, kind), group in groups.items()]
    return ", ".join(shown + mapped)


def _port_key(port: "dict[str, Any]") -> "tuple[int, str, int, str]":
    return port["PrivatePort"], port.get("IP") or "", port.get("PublicPort", 0), port.get("Type", "")


def _show_range(address: str, kind: str, group: "list[int]") -> str:
    first, last = group
    text = str(first) if first == last else f"{first}-{last}"
    return f"{join_host_port(address, text)}->{text}/{kind}" if address else f"{text}/{kind}"
