"""Where a container's files are.

::

    <data root>/containers/<id>/          hostname, hosts, resolv.conf, <id>-json.log[.N]
    <exec root>/containers/<id>/          of this boot: config.json, pid files, sockets, exit status
"""

import functools
from pathlib import Path

from berth.engine.engine import Engine


def container_dir(engine: Engine, container_id: str) -> Path:
    """What lives as long as the container."""
    return engine.settings.data_root / "containers" / container_id


@functools.lru_cache(maxsize=4)
def _runs(exec_root: Path) -> Path:
    return exec_root / "containers"


def run_dir(engine: Engine, container_id: str) -> Path:
    """What lives as long as one run of it; its existence says that there may be something to clean up."""
    return _runs(engine.settings.exec_root) / container_id


def shm_dir(engine: Engine, container_id: str) -> Path:
    """The /dev/shm that a container with shareable IPC shows to those who join it."""
    return run_dir(engine, container_id) / "shm"
