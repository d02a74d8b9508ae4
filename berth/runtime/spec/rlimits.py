"""Ulimits: checked, cut to what this host allows, and put into the runtime's words."""

from collections.abc import Callable, Sequence

from berth.base.errors import InvalidArgument
from berth.runtime.spec.options import Rlimit

UNLIMITED = -1
NAMES = frozenset(
    (
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
        "rtprio", "rttime", "sigpending", "stack",
    )
)  # fmt: skip
_UNLIMITED_U64 = (1 << 64) - 1


def clamp_rlimits(
    wanted: Sequence[Rlimit], highest: Callable[[str], int]
) -> tuple[tuple[Rlimit, ...], tuple[str, ...]]:
    """Each limit cut to ``highest(name)`` (kernel.rlimit.highest_hard), and one warning per cut.

    dockerd leaves it to runc, which then fails the start. A limit below the wish is better than no container.
    """
    result, warnings = [], []
    for limit in wanted:
        if limit.name not in NAMES:
            raise InvalidArgument(f"invalid ulimit type: {limit.name}")
        top = highest(limit.name)
        cut = Rlimit(name=limit.name, soft=_cut(limit.soft, top), hard=_cut(limit.hard, top))
        if cut != limit:
            warnings.append(
                f"ulimit {limit.name}={_text(limit)} is more than this host allows the engine to give. "
                f"It was set to {_text(cut)}."
            )
        result.append(cut)
    return tuple(result), tuple(warnings)


def _cut(value: int, top: int) -> int:
    if top == UNLIMITED:
        return value
    return top if value == UNLIMITED else min(value, top)


def _text(limit: Rlimit) -> str:
    return str(limit.soft) if limit.soft == limit.hard else f"{limit.soft}:{limit.hard}"


def rlimit_section(limits: Sequence[Rlimit]) -> list[dict[str, int | str]]:
    """``process.rlimits``; -1 becomes the largest unsigned 64-bit number, RLIM_INFINITY."""
    return [
        {"type": f"RLIMIT_{limit.name.upper()}", "soft": _unsigned(limit.soft), "hard": _unsigned(limit.hard)}
        for limit in limits
    ]


def _unsigned(value: int) -> int:
    return value if value >= 0 else _UNLIMITED_U64
