"""``pull``: an image, or every tag of a repository, from where its name says that it is kept."""

from collections.abc import Callable
from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.errors import BerthError, Forbidden, NotFound
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.image.manifest import Platform
from berth.image.model import Image
from berth.image.pull import Pulled, PullRequest, pull
from berth.image.remote import TransferProgress
from berth.image.selection import format_platform, matches
from berth.registry.credentials import Credentials
from berth.registry.errors import RegistryError, Unreachable
from berth.registry.repository import Repository


class PullOptions(NamedTuple):
    """``ref`` without tag and digest means every tag of the repository. ``platform`` None: this machine's."""

    ref: ImageRef
    platform: Platform | None
    credentials: Credentials
    caller: Caller


def check_name(ref: ImageRef) -> None:
    """Refuse the one name that no registry may serve."""
    if ref.familiar_name == "scratch":
        raise Forbidden("'scratch' is a reserved name")


async def pull_image(engine: Engine, options: PullOptions, progress: TransferProgress) -> None:
    """Pull, tell ``progress`` all of it, and append an event. NotFound in Docker's words when there is no
    such image."""
    ref = options.ref
    check_name(ref)
    sources = await engine.registries.source(ref, options.credentials)
    changed = False
    pulled = None
    for name in [ref] if ref.tag or ref.digest else await _tags(sources[-1], ref):
        pulled = await _from_any(engine, sources, options, name, progress)
        changed = changed or pulled.changed
    done = "Downloaded newer image" if changed else "Image is up to date"
    progress.say(f"Status: {done} for {ref.familiar}")
    if pulled is None:
        return
    if options.platform is not None:
        _warn(pulled.image, options, progress)
    labels = pulled.image.config.config.labels or {}
    await engine.events.record("image", "pull", ref.familiar, {**labels, "name": ref.familiar_name})


async def _tags(source: Repository, ref: ImageRef) -> list[ImageRef]:
    try:
        return [ref._replace(tag=tag) for tag in await source.tags()]
    except RegistryError as error:
        raise explained(error, ref) from error


async def _from_any(
    engine: Engine,
    sources: tuple[Repository, ...],
    options: PullOptions,
    name: ImageRef,
    progress: TransferProgress,
) -> Pulled:
    """From the first source that has it: mirrors may lack what the registry has."""
    wanted = PullRequest(name, options.platform, options.caller)
    for source in sources[:-1]:
        try:
            return await pull(engine.puller, source, wanted, progress)
        except (RegistryError, Unreachable):
            continue
    try:
        return await pull(engine.puller, sources[-1], wanted, progress)
    except RegistryError as error:
        raise explained(error, name) from error


def explained(error: RegistryError, ref: ImageRef) -> BerthError:
    """A registry's refusal in the words that dockerd has for a pull."""
    texts: dict[str, Callable[[], str]] = {
        "DENIED": lambda: (
            f"pull access denied for {ref.familiar_name}, repository does not exist or may require "
            f"'docker login': {error.message}"
        ),
        "MANIFEST_UNKNOWN": lambda: f"manifest for {ref.familiar} not found: {error.message}",
        "NAME_UNKNOWN": lambda: f"repository {ref.familiar_name} not found: {error.message}",
    }
    text = texts.get(error.code)
    return NotFound(text()) if text else error


def _warn(image: Image, options: PullOptions, progress: TransferProgress) -> None:
    wanted = options.platform
    config = image.config
    actual = Platform(os=config.os, architecture=config.architecture, variant=config.variant)
    if wanted is None or matches(wanted, actual):
        return
    progress.say(
        f"WARNING: image with reference {options.ref.familiar_name} was found but does not match the "
        f"specified platform: wanted {format_platform(wanted)}, actual: {format_platform(actual)}"
    )
