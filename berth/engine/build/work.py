"""One build under way, as its stages and steps see it."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from berth.build.cache_from import Borrowed
from berth.build.listing import Listing
from berth.build.outline import CONTEXT, IMAGE, NAMED, STAGE, Origin
from berth.build.plan import Plan
from berth.build.plan_step import Step
from berth.engine.build.describe import Tail
from berth.engine.build.explain import Reasons
from berth.engine.build.session import BuildSession, Report
from berth.engine.build.stage import Stage
from berth.engine.engine import Engine
from berth.image.layers import Staging
from berth.image.model import Image


class Materials(NamedTuple):
    """What the plan was made of: images by the keys of their references, and contexts."""

    bases: Mapping[str, Image]
    context: Listing | None
    named: Mapping[str, Listing]


class Aids(NamedTuple):
    """``reasons`` tells why steps run; ``borrowed`` has layers of other builders that serve as well."""

    reasons: Reasons
    borrowed: Borrowed


class Work(NamedTuple):
    """See the module. ``results`` are the stages, when they are done; ``removals`` what happens meanwhile."""

    engine: Engine
    session: BuildSession
    plan: Plan
    materials: Materials
    reasons: Reasons
    borrowed: Borrowed
    report: Report
    results: "dict[int, asyncio.Future[Stage]]"
    removals: "list[asyncio.Task[None]]"

    async def stage(self, number: int) -> Stage:
        """Another stage, when it is done."""
        return await asyncio.shield(self.results[number])

    async def image(self, origin: Origin) -> Image | None:
        """The image of a stage, or one from outside; None for scratch."""
        if origin.kind == STAGE:
            return (await self.stage(origin.stage)).image
        return self.materials.bases[origin.name] if origin.kind == IMAGE else None

    def listing(self, origin: Origin) -> Listing | None:
        """The files of a context; None for what is none."""
        if origin.kind == CONTEXT:
            return self.materials.context
        return self.materials.named[origin.name] if origin.kind == NAMED else None


class Turn:
    """A step that is being done: what it may use, and what is to be told should it fail."""

    def __init__(self, work: Work, stage: Stage, step: Step, staging: Staging) -> None:
        self.work = work
        self.stage = stage
        self.step = step
        self.staging = staging
        self.tail = Tail()
        self.reason = ""
        """Why it is not from the cache."""
        self.left: str | None = None
        """The container that was left behind."""
