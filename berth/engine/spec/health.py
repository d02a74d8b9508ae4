"""How to find out whether a container is well (``HealthcheckConfig`` of Docker's image specification)."""

from berth.engine.spec.naming import Record


class HealthConfig(Record, frozen=True, kw_only=True):
    """A probe. Durations are nanoseconds; 0 means "inherit": from the image, else Docker's default.

    ``test`` is empty (inherit), ``("NONE",)`` (switched off), ``("CMD", arg, ...)`` or
    ``("CMD-SHELL", line)``.
    """

    test: tuple[str, ...] = ()
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0
