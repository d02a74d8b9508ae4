"""What a container gets from its image: the request's configuration completed by the image's.

Rules as in dockerd: the request wins; environment and labels merge by key; an image's command is used
only when the request names neither command nor entrypoint.
"""

from collections.abc import Sequence

import msgspec

from berth.base.errors import InvalidArgument
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.health import HealthConfig
from berth.engine.spec.naming import Empty
from berth.image.config import ImageSettings


def merge_config(config: ContainerConfig, image: ImageSettings) -> ContainerConfig:
    """``config`` with everything that it leaves open taken from ``image``.

    Raises InvalidArgument when neither names a command.
    """
    entrypoint, command = _process(config, image)
    if not entrypoint and not command:
        raise InvalidArgument(
            "no command specified", hint="the image has no CMD: name the command after the image"
        )
    return msgspec.structs.replace(
        config,
        entrypoint=entrypoint,
        cmd=command,
        env=merge_env(image.env or (), config.env),
        labels={**(image.labels or {}), **config.labels},
        exposed_ports={**dict.fromkeys(image.exposed_ports or (), Empty()), **config.exposed_ports},
        volumes={**dict.fromkeys(image.volumes or (), Empty()), **config.volumes},
        user=config.user or image.user or "",
        working_dir=config.working_dir or image.working_dir or "",
        stop_signal=config.stop_signal or image.stop_signal or "",
        shell=config.shell or tuple(image.shell or ()),
        healthcheck=merge_health(config.healthcheck, _image_health(image)),
    )


def _process(config: ContainerConfig, image: ImageSettings) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    if config.entrypoint:
        # ``--entrypoint ""`` arrives as [""]: drop the image's entrypoint and put nothing in its place.
        return (None if config.entrypoint == ("",) else config.entrypoint), config.cmd
    command = config.cmd or tuple(image.cmd or ())
    return tuple(image.entrypoint or ()) or None, command


def merge_env(base: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """``given``, then what ``base`` sets besides, in Docker's order."""
    keys = {item.partition("=")[0] for item in given}
    return (*given, *(item for item in base if item.partition("=")[0] not in keys))


def merge_health(given: HealthConfig | None, image: HealthConfig | None) -> HealthConfig | None:
    """The request's check completed field by field from the image's; ``NONE`` in the request disables it."""
    if given is None or image is None:
        return given or image
    return HealthConfig(
        test=given.test or image.test,
        interval=given.interval or image.interval,
        timeout=given.timeout or image.timeout,
        start_period=given.start_period or image.start_period,
        start_interval=given.start_interval or image.start_interval,
        retries=given.retries or image.retries,
    )


def _image_health(image: ImageSettings) -> HealthConfig | None:
    check = image.healthcheck
    if check is None:
        return None
    return HealthConfig(
        test=check.test,
        interval=check.interval,
        timeout=check.timeout,
        start_period=check.start_period,
        start_interval=check.start_interval,
        retries=check.retries,
    )
