"""``create``: a container that can be started, made of an image and the caller's wishes."""

import pwd
import sqlite3
import time
from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.errors import Conflict, InvalidArgument, NotFound
from berth.base.ids import ContainerId, new_id, short_id
from berth.base.names import random_name
from berth.engine.container import table
from berth.engine.container.adapt import adapt_host
from berth.engine.container.cell import Cell
from berth.engine.container.change import event
from berth.engine.container.files import container_dir
from berth.engine.container.fill import fill_volumes
from berth.engine.container.links import check_links
from berth.engine.container.merge import merge_config
from berth.engine.container.mounts import plan_mounts, resolve_mounts
from berth.engine.container.networking import requested_endpoints
from berth.engine.container.ports import check_ports
from berth.engine.container.record import ContainerRecord, MountPoint, Owner
from berth.engine.container.specify import wanted_capabilities, wanted_rlimits
from berth.engine.container.verify import check_capabilities, verify
from berth.engine.engine import Engine
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig
from berth.engine.spec.network import NetworkingConfig
from berth.engine.verbs import change
from berth.image.model import Image


class CreateOptions(NamedTuple):
    """A create request. ``name`` is empty for a random one."""

    name: str
    config: ContainerConfig
    host: HostConfig
    networking: NetworkingConfig
    platform: str
    caller: Caller


class Created(NamedTuple):
    """The new container's id, and what the caller should know about it."""

    id: ContainerId
    warnings: tuple[str, ...]


@change
async def create(engine: Engine, options: CreateOptions) -> Created:
    """Make the container. Nothing stays behind when any step fails.

    Raises NotFound for an unknown image, Conflict for a name that is taken, InvalidArgument for a request
    that makes no sense.
    """
    warnings = verify(options.config, options.host)
    if not options.config.image:
        raise InvalidArgument("no image specified: Config.Image is empty")
    image = engine.images.resolve(options.config.image)
    _check_platform(options.platform, image)
    container_id = ContainerId(new_id())
    name = options.name.removeprefix("/") or random_name(engine.containers.has_name)
    engine.containers.claim(name, container_id)
    try:
        record = await _build_record(engine, options, image, container_id, name)
        await _store(engine, record)
    except BaseException:
        engine.containers.release(name, container_id)
        raise
    engine.containers.add(Cell(record))
    engine.monitor.prepare()
    return Created(container_id, (*warnings, *host_warnings(engine, record)))


def host_warnings(engine: Engine, record: ContainerRecord) -> tuple[str, ...]:
    """What this host cannot give the container in full: it is started with what there is."""
    return (*wanted_capabilities(engine, record)[1], *wanted_rlimits(record)[1])


def _check_platform(platform: str, image: Image) -> None:
    wanted = platform.split("/")
    if not platform:
        return
    have = (image.config.os or "linux", image.config.architecture)
    if wanted[0] != have[0] or (len(wanted) > 1 and wanted[1] != have[1]):
        raise NotFound(
            f"image with reference {image.id} was found but its platform ({'/'.join(have)}) "
            f"does not match the specified platform ({platform})"
        )


async def _build_record(
    engine: Engine, options: CreateOptions, image: Image, container_id: ContainerId, name: str
) -> ContainerRecord:
    config = merge_config(options.config, image.config.config)
    host = adapt_host(engine, config, options.host)
    endpoints = requested_endpoints(config, host, options.networking)
    check_ports(config, host)
    check_links(host.links, engine.containers)
    check_capabilities(host.cap_add, host.cap_drop)
    plan_mounts(config, host, engine.containers)
    if not config.hostname and host.uts_mode != "host" and host.network_mode != "host":
        config = _named(config, container_id, host)
    command = (*(config.entrypoint or ()), *config.cmd)
    if not command[0]:
        raise InvalidArgument("no command specified: the first word of the command is empty")
    owner = owner_of(options.caller)
    mounts = await resolve_mounts(engine, config, host, owner)
    directory = container_dir(engine, container_id)
    return ContainerRecord(
        id=container_id,
        name=name,
        created_at=time.time_ns(),
        owner=owner,
        image_id=image.id,
        config=config,
        host=host,
        endpoints=endpoints,
        mounts=mounts,
        path=command[0],
        args=command[1:],
        hostname_path=str(directory / "hostname"),
        hosts_path=str(directory / "hosts"),
        resolv_conf_path=str(directory / "resolv.conf"),
        log_path=str(directory / f"{container_id}-json.log") if host.log_config.type != "none" else "",
    )


def _named(config: ContainerConfig, container_id: str, host: HostConfig) -> ContainerConfig:
    from msgspec.structs import replace

    if host.network_mode.startswith("container:"):
        return config
    return replace(config, hostname=short_id(container_id))


async def _store(engine: Engine, record: ContainerRecord) -> None:
    """Snapshot, directory and row; the row is written last, and what has no row is swept at start."""
    directory = container_dir(engine, record.id)
    happened = event(record, "create")

    def insert(connection: sqlite3.Connection) -> None:
        table.insert(connection, record)
        engine.events.append(connection, happened)

    directory.mkdir(mode=0o710, parents=True)
    try:
        await engine.images.prepare(record.id, record.image_id, dict(record.host.storage_opt))
        await fill_volumes(engine, record)
        await engine.database.write(insert)
    except BaseException as error:
        await engine.images.discard(record.id)
        directory.rmdir()
        await _drop_volumes(engine, record.mounts)
        if isinstance(error, sqlite3.IntegrityError):
            raise Conflict(f'Conflict. The container name "/{record.name}" is already in use') from error
        raise


async def _drop_volumes(engine: Engine, mounts: tuple[MountPoint, ...]) -> None:
    for point in mounts:
        if point.anonymous:
            await engine.volumes.remove(point.name, force=True)


def owner_of(caller: Caller) -> Owner:
    """The owner written into objects that ``caller`` makes; the name is looked up while it is known."""
    if caller.uid < 0:
        return Owner(user=caller.subject)
    try:
        user = pwd.getpwuid(caller.uid).pw_name
    except KeyError:
        user = ""
    return Owner(uid=caller.uid, gid=caller.gid, user=user)
