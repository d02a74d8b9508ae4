"""``push``: one tag of a repository, or all that are here, to where its name says."""

from typing import Any, NamedTuple, Protocol

from berth.base.errors import Internal, NotFound
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.image.model import Image
from berth.image.push import mount_sources, push
from berth.image.remote import TransferProgress
from berth.registry.credentials import Credentials
from berth.registry.errors import NoCredentials
from berth.registry.upload import Pusher


class PushProgress(TransferProgress, Protocol):
    """Told of results for programs, too."""

    def aux(self, value: dict[str, Any]) -> None:
        """What came of it."""


class PushOptions(NamedTuple):
    """``ref`` without a tag means every tag of the repository that is here."""

    ref: ImageRef
    credentials: Credentials


async def push_image(engine: Engine, options: PushOptions, progress: PushProgress) -> None:
    """Push, tell ``progress`` all of it, and append an event. NotFound when the image is not here."""
    ref = options.ref
    progress.say(f"The push refers to repository [{ref.repository}]")
    images = _images(engine, ref)
    try:
        repository = await engine.registries.target(ref, options.credentials)
        sources = mount_sources(engine.puller.knowledge, images.values(), ref)
        target = Pusher(repository, sources)
        for name, image in images.items():
            done = await push(engine.pusher, target, image, name, progress)
            progress.say(f"{done.tag}: digest: {done.digest} size: {done.size}")
            progress.aux({"Tag": done.tag, "Digest": done.digest, "Size": done.size})
    except NoCredentials as error:
        raise Internal(error.cause) from error
    await engine.events.record("image", "push", ref.familiar, {"name": ref.familiar_name})


def _images(engine: Engine, ref: ImageRef) -> dict[ImageRef, Image]:
    """What to push, by name."""
    index = engine.images.index
    here = index.tags_of(ref.repository)
    if not here:
        raise NotFound(f"An image does not exist locally with the tag: {ref.familiar_name}")
    names = [name for name in here if ref.tag in (None, name.tag)]
    if not names:
        raise NotFound(f"tag does not exist: {ref.familiar}")
    return {name: engine.images.resolve(str(name)) for name in names}
