"""What a container finds in its file system beyond its image: volumes, binds, the files that name hosts."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

from berth.base.errors import InvalidArgument
from berth.engine.container.change import volume_event
from berth.engine.container.connect import Connection
from berth.engine.container.files import container_dir, shm_dir
from berth.engine.container.links import linked_hosts
from berth.engine.container.record import ContainerRecord, MountPoint
from berth.engine.container.specify import hostname_of, mount_spec
from berth.engine.engine import Engine
from berth.kernel.mount import MS_NODEV, MS_NOEXEC, MS_NOSUID, mount_tmpfs, umount_if_mounted
from berth.kernel.paths import make_directories_in_root
from berth.network.files import hosts_file, only_local_stub, resolv_conf, resolve_extra_hosts
from berth.runtime.spec.options import MountSpec

_RESOLVED_FILE = Path("/run/systemd/resolve/resolv.conf")


async def prepare_mounts(
    engine: Engine, record: ContainerRecord, connection: Connection, undo: AsyncExitStack
) -> tuple[MountSpec, ...]:
    """Make every source exist and return the mounts for the specification."""
    specs = [mount_spec(point) for point in record.mounts]
    for point in record.mounts:
        if point.kind == "volume":
            await engine.volumes.mount(point.name, record.id)
            undo.push_async_callback(engine.volumes.unmount, point.name, record.id)
            volume_event(engine, record, point, "mount")
        elif point.kind == "bind":
            _make_source(point)
    taken = {point.destination for point in record.mounts}
    for destination, source in _name_files(engine, record, connection).items():
        if destination not in taken:
            specs.append(
                MountSpec(kind="bind", destination=destination, source=source, propagation="rprivate")
            )
    return tuple(specs)


def prepare_shm(engine: Engine, record: ContainerRecord, undo: AsyncExitStack) -> str:
    """The host directory shown as /dev/shm when the container shares it or joins another's; else empty."""
    mode = record.host.ipc_mode
    if mode == "host":
        return "/dev/shm"
    if mode.startswith("container:"):
        other = engine.containers.resolve(mode.removeprefix("container:"))
        if other.record.host.ipc_mode != "shareable":
            raise InvalidArgument(
                f"cannot join IPC of container {other.id}: non-shareable IPC "
                "(hint: use IpcMode:shareable for the donor container)"
            )
        return str(shm_dir(engine, other.id))
    if mode != "shareable":
        return ""
    directory = shm_dir(engine, record.id)
    directory.mkdir(mode=0o700)
    undo.callback(umount_if_mounted, directory, detach=True)
    mount_tmpfs(directory, f"mode=1777,size={record.host.shm_size}", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    return str(directory)


def _make_source(point: MountPoint) -> None:
    """A directory of the host that is missing is made, owned by root (Docker's ``-v``)."""
    try:
        os.makedirs(point.source, mode=0o755, exist_ok=True)
    except FileExistsError:
        return  # a file, a socket or a device: mounted as it is
    except OSError as error:
        raise InvalidArgument(
            f"error while creating mount source path '{point.source}': mkdir {point.source}: "
            f"{(error.strerror or '').lower()}"
        ) from error


def _name_files(engine: Engine, record: ContainerRecord, connection: Connection) -> dict[str, str]:
    """/etc/hosts, /etc/resolv.conf and /etc/hostname; those of the other one in a shared network."""
    owner = engine.containers.get(connection.owner_id)
    if owner is not None and owner.id != record.id:
        shared = owner.record
        return {
            "/etc/resolv.conf": shared.resolv_conf_path,
            "/etc/hostname": shared.hostname_path,
            "/etc/hosts": shared.hosts_path,
        }
    write_name_files(engine, record, connection)
    return {
        "/etc/resolv.conf": record.resolv_conf_path,
        "/etc/hostname": record.hostname_path,
        "/etc/hosts": record.hosts_path,
    }


def write_name_files(engine: Engine, record: ContainerRecord, connection: Connection) -> None:
    """Write the three files afresh for this run, as Docker does at each start."""
    host = record.host
    name = hostname_of(engine, record)
    on_host = host.network_mode == "host"
    endpoints = connection.endpoints.values()
    hosts = hosts_file(
        hostname=name,
        domainname=record.config.domainname,
        addresses=[address for e in endpoints for address in (e.ipv4, e.ipv6) if address],
        extra=(
            *resolve_extra_hosts(host.extra_hosts, engine.networks.host_gateway()),
            *linked_hosts(engine, record),
        ),
        base=_text(Path("/etc/hosts")) if on_host else None,
    )
    resolver = _resolver_file(engine, record, embedded=engine.networks.has_name_server(record.id))
    directory = container_dir(engine, record.id)
    for file, text in (("hostname", f"{name}\n"), ("hosts", hosts), ("resolv.conf", resolver)):
        # Written in place, not by rename: a run of the same container may have the inode mounted.
        (directory / file).write_text(text)
        (directory / file).chmod(0o644)


def _resolver_file(engine: Engine, record: ContainerRecord, *, embedded: bool) -> str:
    host, settings = record.host, engine.settings
    return resolv_conf(
        _host_resolver(),
        dns=host.dns or settings.dns,
        search=host.dns_search or settings.dns_search,
        options=host.dns_options or settings.dns_options,
        host_network=host.network_mode == "host",
        embedded=embedded,
    )


def begin_embedded_names(engine: Engine, record: ContainerRecord) -> None:
    """A running container has come into its first user-defined network: its resolver file names our server
    from now on, unless somebody has edited it (Docker's rule)."""
    path = Path(record.resolv_conf_path)
    if _text(path) == _resolver_file(engine, record, embedded=False):
        path.write_text(_resolver_file(engine, record, embedded=True))


def _host_resolver() -> str:
    """The host's resolver file; with systemd-resolved the one that names the real servers."""
    text = _text(Path("/etc/resolv.conf"))
    return _text(_RESOLVED_FILE) or text if only_local_stub(text) else text


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def prepare_working_dir(record: ContainerRecord, rootfs: Path) -> None:
    """Make the working directory when the image lacks it, owned by root (Docker's rule)."""
    directory = record.config.working_dir
    if directory in ("", "/") or any(_is_within(directory, point.destination) for point in record.mounts):
        return
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(make_directories_in_root(root, directory))
    except NotADirectoryError as error:
        raise InvalidArgument(
            f"Cannot mkdir: {directory} is not a directory", hint="choose another working directory with -w"
        ) from error
    finally:
        os.close(root)


def _is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")
