"""Where one stage of a running build stands: the image so far, and what is still to be published.

Steps that only change the configuration are not published one by one: they wait for the next step that
needs an image, or for the end of the stage, and share its transaction.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from berth.base.digest import Digest
from berth.build.cache import Found, Keys, NewResult
from berth.build.plan_result import new_result, next_config
from berth.build.plan_step import Step
from berth.build.records import AnyRecord
from berth.engine.build.session import BuildSession
from berth.engine.engine import Engine
from berth.image.config import ImageConfig, format_time
from berth.image.derive import Derivation
from berth.image.layers import StagedLayer
from berth.image.model import Image


class Outcome(NamedTuple):
    """What a step has come to. ``layer`` None: no new one; ``kept`` names one that is stored already."""

    step: Step
    keys: Keys
    also: tuple[Keys, ...] = ()
    """Further states under which the result is to be found."""
    link: Digest | None = None
    """What names the layer alone."""
    layer: StagedLayer | None = None
    kept: Digest | None = None
    done: Callable[[Image], AnyRecord] | None = None
    """Makes the record that tells of it, once the image is there."""


class Begin(NamedTuple):
    """Where a stage begins; ``base`` is the configuration of the image that all of it is made from."""

    image: Image | None
    config: ImageConfig
    keys: Keys
    base: ImageConfig


class Stage:
    """The state of one stage."""

    def __init__(
        self,
        engine: Engine,
        session: BuildSession,
        report: Callable[[AnyRecord], None],
        begin: Begin,
        epoch: int | None,
    ) -> None:
        """``epoch``: the time that everything is to bear, in seconds; None for now."""
        self._engine = engine
        self._session = session
        self._report = report
        self.image, self._config, self.keys, self.base = begin
        self._epoch = epoch
        self._waiting: list[tuple[Outcome, ImageConfig]] = []

    @property
    def layers(self) -> tuple[Digest, ...]:
        """The layers below the next step."""
        return self._config.diff_ids

    @property
    def config(self) -> ImageConfig:
        """The configuration so far."""
        return self._config

    def continues(self, found: Found) -> bool:
        """Whether a result from the cache was made on the very layers that this stage has."""
        return found.image.layers[: len(self.layers)] == self.layers

    async def take(self, found: Found) -> None:
        """Go on with a result from the cache."""
        await self.publish()
        self.image, self._config, self.keys = found.image, found.image.config, found.after

    async def add(self, outcome: Outcome) -> None:
        """Go on with something new: a layer is published at once, the rest with the next one."""
        digest = outcome.layer.info.diff_id if outcome.layer is not None else outcome.kept
        created = format_time(time.time_ns() if self._epoch is None else self._epoch * 10**9)
        self._config = next_config(self._config, outcome.step, created=created, layer=digest)
        self.keys = outcome.keys
        self._waiting.append((outcome, self._config))
        if digest is not None:
            await self.publish()

    async def publish(self) -> Image | None:
        """Make everything visible that waits; the stage's image, None while it is still scratch."""
        if not self._waiting:
            return self.image
        waiting, self._waiting = self._waiting, []
        staged = next((outcome.layer for outcome, _ in waiting if outcome.layer is not None), None)
        images = await self._engine.images.derive(
            self.image,
            [Derivation(config) for _, config in waiting],
            staged=staged,
            owner=self._session.given.caller,
            also=lambda connection, ids: self._engine.builds.cache.rows(
                connection, list(zip(ids, [_result(outcome) for outcome, _ in waiting], strict=True))
            ),
        )
        for (outcome, _), image in zip(waiting, images, strict=True):
            self._session.hold.keep(image.id)
            if outcome.done is not None:
                self._report(outcome.done(image))
        self.image = images[-1]
        return self.image

    async def require_image(self) -> Image:
        """The image to run or to read from; an empty one where the stage is still scratch."""
        image = await self.publish()
        if image is None:
            images: Sequence[Image] = await self._engine.images.derive(
                None, [Derivation(self._config)], owner=self._session.given.caller
            )
            image = self.image = images[0]
            self._session.hold.keep(image.id)
        return image


def _result(outcome: Outcome) -> NewResult:
    layer = outcome.layer.info if outcome.layer is not None else None
    return new_result(
        outcome.step,
        *outcome.also,
        outcome.keys,
        layer=layer.diff_id if layer is not None else None,
        size=layer.size if layer is not None else 0,
        link=outcome.link,
    )
