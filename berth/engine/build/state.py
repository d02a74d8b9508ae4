"""What builds share: results, contexts, cache mounts, and the list of those that run."""

from typing import NamedTuple

from berth.build.cache import BuildCache
from berth.build.cache_mounts import CacheMounts
from berth.build.cache_trace import TraceStore
from berth.build.context import ContextStore
from berth.build.upkeep import Upkeep
from berth.engine.build.session import RunningBuilds


class Builds(NamedTuple):
    """The parts of the engine that only builds use."""

    cache: BuildCache
    contexts: ContextStore
    cache_mounts: CacheMounts
    traces: TraceStore
    running: RunningBuilds
    upkeep: Upkeep
