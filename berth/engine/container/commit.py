"""``commit``: an image of what a container wrote and how it is configured."""

from typing import NamedTuple

import msgspec

from berth.base.caller import Caller
from berth.base.digest import Digest
from berth.base.errors import Conflict, InvalidArgument
from berth.base.reference import ImageRef
from berth.engine.container.cell import Cell
from berth.engine.container.change import announce as announce_container
from berth.engine.container.merge import merge_env
from berth.engine.container.record import Status
from berth.engine.container.stillness import still
from berth.engine.engine import Engine
from berth.engine.image.use import announce
from berth.engine.spec.config import ContainerConfig
from berth.engine.verbs import change
from berth.image.commit import CommitOptions as ImageOptions
from berth.image.config import ImageHealth, ImageSettings
from berth.image.instructions import apply_changes


class CommitOptions(NamedTuple):
    """``config`` replaces the container's own where it says something, None for nothing; ``changes`` are
    Dockerfile instructions; ``pause`` freezes a running container while its files are read."""

    ref: ImageRef | None
    config: ContainerConfig | None
    changes: tuple[str, ...]
    message: str
    author: str
    pause: bool
    caller: Caller


@change
async def commit(engine: Engine, ref: str, options: CommitOptions) -> Digest:
    """Make the image; its name, if one is given, moves to it. Volumes and binds leave empty directories.

    InvalidArgument for a change that cannot be made, Conflict for a container that is on its way out.
    """
    cell = engine.containers.resolve(ref)
    if options.ref is not None and options.ref.digest:
        raise InvalidArgument("refusing to create a tag with a digest reference")
    _check(cell)
    settings = _settings(cell.record.config, options)
    async with still(engine, cell, wanted=options.pause):
        return await _commit(engine, cell, settings, options)


def _check(cell: Cell) -> None:
    if cell.state.status is Status.DEAD:
        raise Conflict(f"You cannot commit container {cell.id} which is Dead")
    if cell.state.status is Status.REMOVING:
        raise Conflict(f"You cannot commit container {cell.id} which is being removed")


async def _commit(engine: Engine, cell: Cell, settings: ImageSettings, options: CommitOptions) -> Digest:
    record = cell.record
    image_id = await engine.images.commit(
        record.id,
        record.image_id,
        options.ref,
        ImageOptions(
            settings=settings,
            author=options.author,
            message=options.message,
            created_by=" ".join(record.config.cmd),
        ),
        options.caller,
    )
    name = options.ref.familiar if options.ref else ""
    if name:
        await announce(engine, "tag", engine.images.get(image_id), name)
    said = {"comment": options.message, "imageID": image_id, "imageRef": name}
    await announce_container(engine, cell, "commit", said)
    return image_id


def _settings(own: ContainerConfig, options: CommitOptions) -> ImageSettings:
    """What containers of the new image get: the given configuration with the changes, completed by the
    container's own."""
    given = own if options.config is None else options.config
    changed = apply_changes(_as_image(given), options.changes)
    return _completed(changed, _as_image(own))


def _as_image(config: ContainerConfig) -> ImageSettings:
    check = config.healthcheck
    return ImageSettings(
        user=config.user or None,
        exposed_ports={port: {} for port in config.exposed_ports} or None,
        env=config.env or None,
        entrypoint=config.entrypoint,
        cmd=config.cmd or None,
        volumes={path: {} for path in config.volumes} or None,
        working_dir=config.working_dir or None,
        labels=config.labels or None,
        stop_signal=config.stop_signal or None,
        healthcheck=msgspec.convert(msgspec.structs.asdict(check), ImageHealth) if check else None,
        shell=config.shell or None,
        on_build=config.on_build or None,
    )


def _completed(new: ImageSettings, own: ImageSettings) -> ImageSettings:
    """dockerd's rule: maps and the environment are united, a command is only inherited without a new
    entrypoint, everything else when it is not set."""
    command, entrypoint = new.cmd, new.entrypoint
    if not entrypoint:
        command = command or own.cmd
        entrypoint = own.entrypoint if entrypoint is None else None
    return msgspec.structs.replace(
        new,
        user=new.user or own.user,
        exposed_ports={**(own.exposed_ports or {}), **(new.exposed_ports or {})} or None,
        env=merge_env(own.env or (), new.env or ()) or None,
        entrypoint=entrypoint,
        cmd=command,
        volumes={**(own.volumes or {}), **(new.volumes or {})} or None,
        working_dir=new.working_dir or own.working_dir,
        labels={**(own.labels or {}), **(new.labels or {})} or None,
        stop_signal=new.stop_signal or own.stop_signal,
        healthcheck=_health(new.healthcheck, own.healthcheck),
        shell=new.shell or own.shell,
    )


def _health(new: ImageHealth | None, own: ImageHealth | None) -> ImageHealth | None:
    if new is None or own is None:
        return new or own
    missing = {name: getattr(own, name) for name in own.__struct_fields__ if not getattr(new, name)}
    return msgspec.structs.replace(new, **missing)
