"""Everything that is mounted into a container, resolved from the four ways to ask for it.

``-v``/Binds, ``--mount``/Mounts, ``--volumes-from``, the image's VOLUMEs and ``--tmpfs`` become one list of
``MountPoint``; a later way replaces nothing that an earlier one put at the same path. Volumes are made here
(Docker makes them at create), directories of the host at start (Docker makes them then).
"""

import posixpath
import stat
from pathlib import Path

from msgspec.structs import replace

from berth.base.errors import InvalidArgument, NotFound
from berth.base.ids import new_id
from berth.engine.container.record import MountPoint, Owner
from berth.engine.container.registry import Registry
from berth.engine.engine import Engine
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig
from berth.engine.spec.mounts import Mount, TmpfsOptions
from berth.volume.names import check_volume_name

_PROPAGATIONS = frozenset(("private", "rprivate", "shared", "rshared", "slave", "rslave"))
_LABELS = frozenset("zZ")
_CONSISTENCY = frozenset(("consistent", "cached", "delegated"))
_WRITE = frozenset(("ro", "rw"))


async def resolve_mounts(
    engine: Engine, config: ContainerConfig, host: HostConfig, owner: Owner
) -> tuple[MountPoint, ...]:
    """The container's mounts, volumes created. Raises InvalidArgument with Docker's texts."""
    planned = plan_mounts(config, host, engine.containers)
    return tuple([await _with_volume(engine, point, host, owner) for point in planned])


def plan_mounts(config: ContainerConfig, host: HostConfig, registry: Registry) -> list[MountPoint]:
    """The same without touching the disk, apart from looking at the sources of ``--mount type=bind``."""
    points: dict[str, MountPoint] = {}
    for ref in host.volumes_from:
        for point in _from_container(ref, registry):
            points[point.destination] = point
    asked: dict[str, MountPoint] = {}
    for text in host.binds:
        _add(asked, parse_bind(text, host.volume_driver))
    for mount in host.mounts:
        _add(asked, parse_mount(mount))
    for destination, options in host.tmpfs.items():
        _add(asked, _tmpfs(destination, options))
    points.update(asked)
    for destination in config.volumes:
        cleaned = _clean_destination(destination, destination)
        if cleaned not in points:
            points[cleaned] = _anonymous(cleaned, host.volume_driver)
    return list(points.values())


def _add(points: dict[str, MountPoint], point: MountPoint) -> None:
    if point.destination in points:
        raise InvalidArgument(f"Duplicate mount point: {point.destination}")
    points[point.destination] = point


def parse_bind(text: str, volume_driver: str = "") -> MountPoint:
    """One ``[source:]destination[:mode]`` of ``-v``."""
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise InvalidArgument(f"invalid volume specification: '{text}'")
    if len(parts) == 1:
        return _anonymous(_clean_destination(parts[0], text), volume_driver)
    if len(parts) == 2 and _is_mode(parts[1]):
        raise InvalidArgument(f"invalid volume specification: '{text}'")
    source, destination = parts[0], _clean_destination(parts[1], text)
    mode = parts[2] if len(parts) == 3 else ""
    options = set(mode.split(",")) if mode else set()
    if mode and not _is_mode(mode):
        raise InvalidArgument(f"invalid mode: {mode}")
    propagation = next((o for o in options if o in _PROPAGATIONS), "")
    if source.startswith("/"):
        if "nocopy" in options:
            raise InvalidArgument(f"invalid volume specification: '{text}': invalid mode: {mode}")
        return MountPoint(
            kind="bind",
            source=posixpath.normpath(source),
            destination=destination,
            mode=mode,
            writable="ro" not in options,
            propagation=propagation or "rprivate",
        )
    if propagation:
        raise InvalidArgument(f"invalid volume specification: '{text}': invalid mode: {mode}")
    check_volume_name(source)
    return MountPoint(
        kind="volume",
        name=source,
        destination=destination,
        driver=volume_driver or "local",
        mode=mode or "z",
        writable="ro" not in options,
        copy_up="nocopy" not in options,
    )


def _is_mode(text: str) -> bool:
    options = text.split(",")
    kinds = (_WRITE, _PROPAGATIONS, _LABELS, _CONSISTENCY, frozenset(("nocopy",)))
    known = all(any(option in kind for kind in kinds) for option in options)
    return known and all(sum(option in kind for option in options) <= 1 for kind in kinds)


def _clean_destination(destination: str, text: str) -> str:
    if not destination.startswith("/"):
        raise InvalidArgument(
            f"invalid volume specification: '{text}': invalid mount path: '{destination}' "
            "mount path must be absolute"
        )
    cleaned = "/" + posixpath.normpath(destination).lstrip("/")
    if cleaned == "/":
        raise InvalidArgument(
            f"invalid volume specification: '{text}': invalid specification: destination can't be '/'"
        )
    return cleaned


def _anonymous(destination: str, driver: str) -> MountPoint:
    return MountPoint(
        kind="volume",
        name=new_id(),
        destination=destination,
        driver=driver or "local",
        copy_up=True,
        anonymous=True,
    )


def _tmpfs(destination: str, options: str) -> MountPoint:
    cleaned = _clean_destination(destination, destination)
    words = tuple(option for option in options.split(",") if option)
    return MountPoint(kind="tmpfs", destination=cleaned, options=words, writable="ro" not in words)


def parse_mount(mount: Mount) -> MountPoint:
    """One ``--mount``."""
    if not mount.target:
        raise _bad(mount, "field Target must not be empty")
    if not mount.target.startswith("/"):
        raise _bad(mount, f"invalid mount path: '{mount.target}' mount path must be absolute")
    destination = "/" + posixpath.normpath(mount.target).lstrip("/")
    if destination == "/":
        raise _bad(mount, "invalid specification: destination can't be '/'")
    if mount.type == "bind":
        return _mount_bind(mount, destination)
    if mount.type == "volume":
        return _mount_volume(mount, destination)
    if mount.type == "tmpfs":
        return _mount_tmpfs(mount, destination)
    raise _bad(mount, "mount type unknown")


def _bad(mount: Mount, why: str) -> InvalidArgument:
    return InvalidArgument(f'invalid mount config for type "{mount.type}": {why}')


def _mount_bind(mount: Mount, destination: str) -> MountPoint:
    options = mount.bind_options
    if not mount.source:
        raise _bad(mount, "field Source must not be empty")
    if not mount.source.startswith("/"):
        raise _bad(mount, f"invalid mount path: '{mount.source}' mount path must be absolute")
    if mount.volume_options is not None:
        raise _bad(mount, "field VolumeOptions must not be specified")
    propagation = options.propagation if options else ""
    if propagation and propagation not in _PROPAGATIONS:
        raise _bad(mount, f"invalid propagation mode: {propagation}")
    created = bool(options and options.create_mountpoint)
    if not created and not _exists(mount.source):
        raise _bad(mount, f"bind source path does not exist: {mount.source}")
    return MountPoint(
        kind="bind",
        source=posixpath.normpath(mount.source),
        destination=destination,
        writable=not mount.read_only,
        propagation=propagation or "rprivate",
        recursive=not (options and options.non_recursive),
    )


def _exists(path: str) -> bool:
    try:
        Path(path).stat()
    except OSError:
        return False
    return True


def _mount_volume(mount: Mount, destination: str) -> MountPoint:
    options = mount.volume_options
    if mount.bind_options is not None:
        raise _bad(mount, "field BindOptions must not be specified")
    if not mount.source and mount.read_only:
        raise _bad(mount, "must not set ReadOnly mode when using anonymous volumes")
    if mount.source:
        check_volume_name(mount.source)
    subpath = options.subpath if options else ""
    if subpath.startswith("/") or ".." in subpath.split("/"):
        raise _bad(mount, f'subpath "{subpath}" must be a relative path inside the volume')
    driver = options.driver_config.name if options and options.driver_config else ""
    return MountPoint(
        kind="volume",
        name=mount.source or new_id(),
        destination=destination,
        driver=driver or "local",
        mode="z",
        writable=not mount.read_only,
        copy_up=not (options and options.no_copy) and not subpath,
        anonymous=not mount.source,
        subpath=subpath,
    )


def _mount_tmpfs(mount: Mount, destination: str) -> MountPoint:
    if mount.source:
        raise _bad(mount, "field Source must not be specified")
    options = mount.tmpfs_options or TmpfsOptions()
    words = [f"size={options.size_bytes}"] if options.size_bytes else []
    if options.mode:
        words.append(f"mode={stat.S_IMODE(options.mode):o}")
    words += ["=".join(pair) for pair in options.options]
    if mount.read_only:
        words.append("ro")
    return MountPoint(
        kind="tmpfs", destination=destination, options=tuple(words), writable=not mount.read_only
    )


def _from_container(ref: str, registry: Registry) -> list[MountPoint]:
    """The volumes and binds of another container (``--volumes-from name[:ro|rw]``)."""
    name, _, mode = ref.partition(":")
    if not name:
        raise InvalidArgument("malformed volumes-from specification: ")
    if mode and mode not in ("ro", "rw", "z", "Z"):
        raise InvalidArgument(f"invalid mode for volumes-from: {mode}")
    try:
        cell = registry.resolve(name)
    except NotFound as error:
        # A missing image is a 404 to Docker's client; this must not look like one.
        raise InvalidArgument(error.message) from error
    return [_shared(point, mode) for point in cell.record.mounts if point.kind != "tmpfs"]


def _shared(point: MountPoint, mode: str) -> MountPoint:
    return MountPoint(
        kind=point.kind,
        source=point.source,
        name=point.name,
        destination=point.destination,
        driver=point.driver,
        mode=mode,
        writable=point.writable and mode != "ro",
        propagation=point.propagation,
        subpath=point.subpath,
        recursive=point.recursive,
    )


async def _with_volume(engine: Engine, point: MountPoint, host: HostConfig, owner: Owner) -> MountPoint:
    if point.kind != "volume" or point.source:
        return point
    asked = next((m for m in host.mounts if m.target and m.source == point.name), None)
    options = asked.volume_options if asked else None
    driver_options = options.driver_config.options if options and options.driver_config else {}
    known = _is_known(engine, point.name)
    volume = await engine.volumes.create(
        point.name,
        driver=point.driver,
        driver_opts=dict(driver_options),
        labels=dict(options.labels) if options else {},
        anonymous=point.anonymous,
        owner_uid=owner.uid,
    )
    if not known:
        await engine.events.record("volume", "create", volume.name, {"driver": volume.driver})
    return replace(point, source=str(engine.volumes.mountpoint(volume.name)), name=volume.name)


def _is_known(engine: Engine, name: str) -> bool:
    try:
        engine.volumes.get(name)
    except NotFound:
        return False
    return True
