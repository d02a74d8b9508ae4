"""``rmi``: take a name from an image, and the image away when nothing needs it any more.

The rules are Docker's. A name goes first; the image follows unless other names are left. Some needs are
hard (children, running containers), others (names, stopped containers) yield to ``force``. Unnamed parents
that nothing else needs go too, without noise. What a build made stays as a step of that build, hidden: the
cache has its own ``prune``.
"""

from typing import NamedTuple

from berth.base.errors import Conflict
from berth.base.ids import short_id
from berth.base.reference import ImageRef, parse_reference
from berth.engine.engine import Engine
from berth.engine.image.use import Names, announce, first_container, has_children, names_of
from berth.engine.verbs import change
from berth.image.model import Image


class Removed(NamedTuple):
    """One thing that went: a name, or an image or layer by its id."""

    untagged: str = ""
    deleted: str = ""


class _Need(NamedTuple):
    """Why an image has to stay."""

    reason: str
    hard: bool
    used: bool = False
    """By a container."""


@change
async def remove(
    engine: Engine, ref: str, *, force: bool = False, noprune: bool = False, unnamed: bool = False
) -> list[Removed]:
    """Remove the name ``ref``, or the image whose id begins so. Conflict says what is in the way; with
    ``unnamed`` a tag is in the way, too: it was given after somebody had looked."""
    image = engine.images.resolve(ref)
    gone: list[Removed] = []
    names = names_of(engine, image.id)
    if unnamed and names.tags:
        raise Conflict(
            f"conflict: unable to delete {short_id(image.id)} - it has the name {names.tags[0].familiar}"
        )
    if not _is_id(image, ref):
        left = await _untag_one(engine, image, ref, names, gone, force=force)
        if left:
            return gone
        await _delete(engine, image, gone, force=force, prune=not noprune, quiet=True)
        return gone
    if _single(names):
        need = _need(engine, image, hard_only=force, names_count=False)
        if need is not None:
            raise _conflict(image, need)
        await _untag_all(engine, image, gone)
    await _delete(engine, image, gone, force=force, prune=not noprune, quiet=False)
    return gone


def _is_id(image: Image, ref: str) -> bool:
    return image.id.startswith(ref) or image.id.partition(":")[2].startswith(ref)


def _single(names: Names) -> bool:
    """All references are of one repository and at most one is a tag; False when there are none."""
    repositories = {ref.repository for ref in (*names.tags, *names.digests)}
    return len(repositories) == 1 and len(names.tags) <= 1


async def _untag_one(
    engine: Engine, image: Image, ref: str, names: Names, gone: list[Removed], *, force: bool
) -> bool:
    """Take one name away; whether the image has others left."""
    if not force and _single(names):
        cell = first_container(engine, image.id, lambda _cell: True)
        if cell is not None:
            raise Conflict(
                f'conflict: unable to remove repository reference "{ref}" (must force) - container '
                f"{short_id(cell.id)} is using its referenced image {short_id(image.id)}"
            )
    name = parse_reference(ref).with_default_tag()
    await _untag(engine, image, name, gone)
    left = names_of(engine, image.id)
    if name.digest is None and not any(tag.repository == name.repository for tag in left.tags):
        for by_digest in left.digests:
            if by_digest.repository == name.repository:
                await engine.images.untag(by_digest)
                gone.append(Removed(untagged=by_digest.familiar))
        left = names_of(engine, image.id)
    return bool(left)


async def _untag(engine: Engine, image: Image, name: ImageRef, gone: list[Removed]) -> None:
    await engine.images.untag(name)
    await announce(engine, "untag", image, image.id)
    gone.append(Removed(untagged=name.familiar))


async def _untag_all(engine: Engine, image: Image, gone: list[Removed]) -> None:
    names = names_of(engine, image.id)
    for name in (*names.tags, *names.digests):
        await _untag(engine, image, name, gone)


async def _delete(
    engine: Engine, image: Image, gone: list[Removed], *, force: bool, prune: bool, quiet: bool
) -> None:
    """Delete the image and, with ``prune``, its unnamed parents that nothing needs."""
    need = _need(engine, image, hard_only=force)
    if need is not None:
        dangling = not names_of(engine, image.id) and not has_children(engine, image)
        if quiet and (not dangling or need.used):
            return
        raise _conflict(image, need)
    parent = engine.images.find(image.parent) if image.parent else None
    await _untag_all(engine, image, gone)
    if await engine.images.hide_again(image.id):
        # A build made it: gone as an image, kept for the next build until the cache is pruned.
        await announce(engine, "delete", image, image.id)
        gone.append(Removed(deleted=image.id))
        return
    try:
        report = await engine.images.remove(image.id, unnamed=True)
    except Conflict:
        if quiet:
            return  # only a name was to go; it, or another one, has come back
        raise
    await announce(engine, "delete", image, image.id)
    gone.append(Removed(deleted=image.id))
    gone.extend(Removed(deleted=layer) for layer in report.chain_ids)
    if prune and parent is not None and not engine.images.is_hidden(parent.id):
        await _delete(engine, parent, gone, force=False, prune=True, quiet=True)


def _need(engine: Engine, image: Image, *, hard_only: bool, names_count: bool = True) -> _Need | None:
    if has_children(engine, image):
        return _Need("image has dependent child images", hard=True)
    running = first_container(engine, image.id, lambda cell: cell.state.running)
    if running is not None:
        return _Need(f"image is being used by running container {short_id(running.id)}", hard=True, used=True)
    if hard_only:
        return None
    if names_count and names_of(engine, image.id):
        return _Need("image is referenced in multiple repositories", hard=False)
    stopped = first_container(engine, image.id, lambda cell: not cell.state.running)
    if stopped is not None:
        return _Need(
            f"image is being used by stopped container {short_id(stopped.id)}", hard=False, used=True
        )
    return None


def _conflict(image: Image, need: _Need) -> Conflict:
    how = "cannot be forced" if need.hard else "must be forced"
    return Conflict(f"conflict: unable to delete {short_id(image.id)} ({how}) - {need.reason}")
