"""The images that a build begins with or copies from: found here, or pulled."""

import time

from berth.base.errors import BerthError
from berth.base.reference import DEFAULT_DOMAIN, ImageRef, parse_reference
from berth.build.outline import Outline, Reference, with_triggers
from berth.build.records import Transfer, Warning
from berth.engine.build.session import BuildSession, Report
from berth.engine.engine import Engine
from berth.engine.image.pull import PullOptions, pull_image
from berth.image.manifest import Platform
from berth.image.model import Image
from berth.image.selection import matches, parse_platform
from berth.registry.credentials import ANONYMOUS, Credentials


class _PullProgress:
    """Tells what a pull tells as records of the build. Called from any thread."""

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report

    def update(self, item: str, action: str, current: int = 0, total: int = 0) -> None:
        """See Progress."""
        self._tell(item, action, current, total)

    def say(self, text: str, item: str = "") -> None:
        """See TransferProgress."""
        self._tell(item, text, 0, 0)

    def _tell(self, item: str, action: str, current: int, total: int) -> None:
        self._report(
            Transfer(
                what="pull",
                name=self._name,
                item=item,
                action=action,
                current=current,
                total=total,
                time_ns=time.time_ns(),
            )
        )


async def find_bases(
    engine: Engine, session: BuildSession, outline: Outline, report: Report
) -> tuple[Outline, dict[str, Image]]:
    """Every image that the outline needs, by the key of its reference, and the outline with their triggers,
    which may need further ones."""
    bases: dict[str, Image] = {}
    while True:
        for reference in outline.references:
            if reference.key not in bases:
                bases[reference.key] = await _find(engine, session, reference, report)
                session.hold.keep(bases[reference.key].id)
        outline = with_triggers(outline, session.request, bases)
        if all(reference.key in bases for reference in outline.references):
            return outline, bases


async def find_cache_images(engine: Engine, session: BuildSession, report: Report) -> list[Image]:
    """The images of ``--cache-from``; one that cannot be had is no reason not to build."""
    found: list[Image] = []
    for name in session.request.cache_from:
        try:
            image = _here(engine, name, None) or await _find(engine, session, Reference(name, name), report)
        except BerthError as error:
            report(Warning(text=f"no cache from {name}: {error.message}"))
            continue
        session.hold.keep(image.id)
        found.append(image)
    return found


def local_bases(engine: Engine, outline: Outline) -> dict[str, Image]:
    """Those of the outline's images that are here."""
    here = {reference.key: _here(engine, reference.name, None) for reference in outline.references}
    return {key: image for key, image in here.items() if image is not None}


async def _find(engine: Engine, session: BuildSession, reference: Reference, report: Report) -> Image:
    platform = parse_platform(reference.platform) if reference.platform else None
    here = None if session.request.pull else _here(engine, reference.name, platform)
    if here is not None:
        return here
    ref = parse_reference(reference.name).with_default_tag()
    options = PullOptions(
        ref=ref,
        platform=platform,
        credentials=_credentials(session, ref),
        caller=session.given.caller,
    )
    await pull_image(engine, options, _PullProgress(ref.familiar, report))
    return engine.images.resolve(str(ref))


def _here(engine: Engine, name: str, platform: Platform | None) -> Image | None:
    """The image, if it is here and not for another platform than the one asked for."""
    try:
        image = engine.images.resolve(name)
    except BerthError:
        return None
    config = image.config
    actual = Platform(os=config.os, architecture=config.architecture, variant=config.variant)
    return image if platform is None or matches(platform, actual) else None


def _credentials(session: BuildSession, ref: ImageRef) -> Credentials:
    given = session.given.credentials
    names: tuple[str, ...] = (ref.domain, f"https://{ref.domain}")
    if ref.domain == DEFAULT_DOMAIN:
        names = (*names, "https://index.docker.io/v1/", "index.docker.io")
    return next((given[name] for name in names if name in given), ANONYMOUS)
