"""The configuration of the image that a step results in."""

import msgspec

from berth.base.digest import Digest
from berth.build.cache import Keys, NewResult
from berth.build.plan_step import Step
from berth.image.config import HistoryItem, ImageConfig, RootFs
from berth.image.selection import host_platform, parse_platform

_DESCRIPTION_LIMIT = 512


def scratch_config(platform: str = "") -> ImageConfig:
    """What ``FROM scratch`` begins with: nothing, for a platform ("" for this machine's)."""
    target = parse_platform(platform) if platform else host_platform()
    return ImageConfig(os=target.os, architecture=target.architecture, variant=target.variant)


def next_config(before: ImageConfig, step: Step, *, created: str, layer: Digest | None) -> ImageConfig:
    """The configuration after ``step``; ``layer`` is the diff_id of what it wrote, None when it wrote
    nothing.

    ``created`` is RFC 3339 (``image.config.format_time``). Nothing else in it depends on the time or on
    chance.
    """
    diff_ids = before.rootfs.diff_ids or ()
    return after_layers(
        before, step, created=created, layers=diff_ids if layer is None else (*diff_ids, layer)
    )


def after_layers(before: ImageConfig, step: Step, *, created: str, layers: tuple[str, ...]) -> ImageConfig:
    """As ``next_config``, with all the layers of the result: those of a result with the same files."""
    item = HistoryItem(
        created=created,
        created_by=step.created_by,
        author=step.author,
        empty_layer=len(layers) == len(before.rootfs.diff_ids or ()),
    )
    return msgspec.structs.replace(
        before,
        created=created,
        author=step.author,
        comment="",
        docker_version="",
        config=step.settings,
        rootfs=RootFs(diff_ids=layers),
        history=(*(before.history or ()), item),
    )


def new_result(
    step: Step, *keys: Keys, layer: Digest | None = None, size: int = 0, link: Digest | None = None
) -> NewResult:
    """The row of a result. ``keys`` are the states by which it can be found; a stage goes on with the last.

    Of a step with files both names of each state are given, of another only the image's: its files are
    those of the step before. ``link`` is its ``link_key``, if it has one.
    """
    names = {key.image: None for key in keys}
    if step.layer:
        names |= {key.files: None for key in keys}
    if link is not None:
        names[link] = None
    return NewResult(
        keys=tuple(names),
        after=keys[-1],
        description=_description(step),
        layer=layer or "",
        size=size,
    )


def _description(step: Step) -> str:
    text = step.display or step.created_by
    return text if len(text) <= _DESCRIPTION_LIMIT else text[: _DESCRIPTION_LIMIT - 3] + "..."
