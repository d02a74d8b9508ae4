"""RUN --mount: what a step sees beyond the files of its image, and what is undone after it.

``mounted`` gives the mounts of one step in the engine's terms and keeps what they need (views of images,
locks of caches, files of secrets, sockets) for as long as its block runs. Texts are BuildKit's.
"""

import contextlib
import os
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from berth.base.errors import InvalidArgument, NotFound
from berth.base.ids import new_id
from berth.base.tasks import Stop, in_thread
from berth.base.units import parse_size
from berth.build.cache_mounts import CacheMount
from berth.build.outline import SCRATCH, Origin
from berth.build.plan_step import PlannedMount
from berth.dockerfile.instructions import Mount
from berth.dockerfile.mounts import is_read_only, option
from berth.engine.build.session import BuildSession
from berth.engine.build.ssh import agent_socket
from berth.engine.container.record import MountPoint
from berth.engine.engine import Engine
from berth.image.model import Image
from berth.image.outflow import gather
from berth.image.pack import pack_path
from berth.image.unpack import UnpackOptions, unpack
from berth.kernel.overlay import mount_overlay
from berth.kernel.paths import open_in_root, resolve_in_root

_OVERLAY = ("index=off", "metacopy=off", "redirect_dir=nofollow", "xino=off")
ImageOf = Callable[[Origin, str], Awaitable[Image]]
"""The image that shows what a mount is made from (a stage, another image, a context), at least at a path."""


class StepMounts:
    """What has been prepared: ``points``, and ``env`` with values that no record may hold."""

    def __init__(self) -> None:
        self.points: list[MountPoint] = []
        self.env: list[str] = []
        self.caches: dict[CacheMount, Path] = {}


class _Maker(NamedTuple):
    engine: Engine
    session: BuildSession
    image_of: ImageOf
    stack: contextlib.AsyncExitStack
    made: StepMounts


@contextlib.asynccontextmanager
async def mounted(
    engine: Engine, session: BuildSession, planned: Sequence[PlannedMount], image_of: ImageOf
) -> AsyncIterator[StepMounts]:
    """Prepare the mounts of one step. InvalidArgument or NotFound says what is missing."""
    makers = {"bind": _bind, "cache": _cache, "tmpfs": _tmpfs, "secret": _secret, "ssh": _ssh}
    made = StepMounts()
    async with contextlib.AsyncExitStack() as stack:
        maker = _Maker(engine, session, image_of, stack, made)
        # Caches are locked in the order of their ids: two steps that want the same two never wait for
        # each other.
        for one in sorted(planned, key=lambda p: (p.mount.type == "cache", _cache_id(p))):
            await makers[one.mount.type](maker, one)
        order = {one.target: number for number, one in enumerate(planned)}
        made.points.sort(key=lambda point: order.get(point.destination, len(order)))
        yield made


def _cache_id(planned: PlannedMount) -> str:
    return posixpath.normpath(option(planned.mount, "id") or planned.target)


async def _bind(maker: _Maker, planned: PlannedMount) -> None:
    mount = planned.mount
    if planned.origin is None:
        raise InvalidArgument(f"nothing to mount at {planned.target}")
    path = option(mount, "source") or "/"
    writable = not is_read_only(mount)
    root = await _tree_of(maker, await maker.image_of(planned.origin, path), writable=writable)
    source = _below(root, path)
    maker.made.points.append(
        MountPoint(
            kind="bind",
            source=source,
            destination=planned.target,
            writable=not is_read_only(mount),
            propagation="rprivate",
        )
    )


async def _tree_of(maker: _Maker, image: Image, *, writable: bool) -> Path:
    """The files of an image; with ``writable`` what is written there is thrown away."""
    engine, stack = maker.engine, maker.stack
    below = await stack.enter_async_context(engine.images.view(image.id))
    if not writable:
        return below
    key = new_id()
    await engine.images.prepare(key, image.id, {})
    stack.push_async_callback(engine.images.discard, key)
    upper = engine.images.upper(key)
    root = engine.images.rootfs(key)
    root.mkdir(mode=0o700)
    stack.callback(engine.images.unmount, key)
    mount_overlay(root, [below], upper=upper, work=upper.with_name("work"), options=_OVERLAY)
    return root


def _below(root: Path, path: str) -> str:
    """Where ``path`` is on the host; links are followed inside ``root``."""
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        resolved = resolve_in_root(fd, path)
        os.close(open_in_root(fd, resolved, os.O_PATH))
    except OSError:
        raise NotFound(f'"{posixpath.normpath("/" + path)}": not found') from None
    finally:
        os.close(fd)
    return str(root / resolved.lstrip("/"))


async def _cache(maker: _Maker, planned: PlannedMount) -> None:
    mount = planned.mount
    seed = None
    named = ""
    if planned.origin is not None and planned.origin.kind != SCRATCH:
        path = option(mount, "source") or "/"
        image = await maker.image_of(planned.origin, path)
        source = _below(await _tree_of(maker, image, writable=False), path)
        named = f"{image.id}{path}"

        async def seed(directory: Path) -> None:
            stop = Stop()
            await in_thread(stop, _copy_tree, source, directory, stop)

    wanted = CacheMount(
        id=_cache_id(planned),
        sharing=(option(mount, "sharing") or "shared").lower(),
        mode=int(option(mount, "mode") or "755", 8),
        uid=int(option(mount, "uid") or 0),
        gid=int(option(mount, "gid") or 0),
        seed=named,
    )
    # A step that names one cache twice has it once: it would wait for itself.
    same = wanted._replace(sharing="")
    directory = maker.made.caches.get(same)
    if directory is None:
        taken = maker.engine.builds.cache_mounts.take(wanted, seed)
        directory = maker.made.caches[same] = await maker.stack.enter_async_context(taken)
    maker.made.points.append(
        MountPoint(
            kind="bind",
            source=str(directory),
            destination=planned.target,
            writable=not is_read_only(mount),
            propagation="rprivate",
        )
    )


def _copy_tree(source: str, directory: Path, stop: Stop) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    fd, root = os.open(source, flags), os.open(directory, flags)
    try:
        pieces = pack_path(fd, ".")

        def next_chunk() -> bytes:
            stop.check()
            return gather(pieces)

        unpack(root, "/", next_chunk, UnpackOptions())
    finally:
        os.close(fd)
        os.close(root)


async def _tmpfs(maker: _Maker, planned: PlannedMount) -> None:
    size = option(planned.mount, "size")
    options = (f"size={parse_size(size)}",) if size else ()
    maker.made.points.append(MountPoint(kind="tmpfs", destination=planned.target, options=options))


async def _secret(maker: _Maker, planned: PlannedMount) -> None:
    mount = planned.mount
    name = option(mount, "id") or option(mount, "source") or posixpath.basename(planned.target)
    value = maker.session.given.secrets.get(name)
    if value is None:
        if option(mount, "required") not in (None, "false", "0"):
            raise NotFound(f"secret {name}: not found", hint=f"give it with --secret id={name},src=FILE")
        return
    variable = option(mount, "env")
    if variable:
        maker.made.env.append(f"{variable}={value.decode('utf-8', 'surrogateescape')}")
        if not option(mount, "target"):
            return
    path = maker.session.scratch() / new_id()
    _write(path, value, mount, default_mode=0o400)
    maker.stack.callback(path.unlink)
    default = f"/run/secrets/{posixpath.basename(name)}"
    maker.made.points.append(_file_point(path, planned.target or default))


def _write(path: Path, data: bytes, mount: Mount, *, default_mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    os.chown(path, int(option(mount, "uid") or 0), int(option(mount, "gid") or 0))
    path.chmod(int(option(mount, "mode") or f"{default_mode:o}", 8))


async def _ssh(maker: _Maker, planned: PlannedMount) -> None:
    mount = planned.mount
    name = option(mount, "id") or "default"
    agent = maker.session.given.ssh.get(name)
    if agent is None:
        if option(mount, "required") not in (None, "false", "0"):
            raise NotFound(f"unset ssh forward key {name}", hint=f"give it with --ssh {name}")
        return
    path = maker.session.scratch() / new_id()
    await maker.stack.enter_async_context(
        agent_socket(
            path,
            agent,
            maker.session.given.caller,
            mode=int(option(mount, "mode") or "600", 8),
            uid=int(option(mount, "uid") or 0),
            gid=int(option(mount, "gid") or 0),
        )
    )
    target = planned.target or "/run/buildkit/ssh_agent.0"
    maker.made.points.append(_file_point(path, target))
    if not any(item.startswith("SSH_AUTH_SOCK=") for item in maker.made.env):
        maker.made.env.append(f"SSH_AUTH_SOCK={target}")


def _file_point(path: Path, target: str) -> MountPoint:
    return MountPoint(
        kind="bind", source=str(path), destination=target, writable=False, propagation="rprivate"
    )
