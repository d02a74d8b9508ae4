"""An engine that has just been installed: every sample gets a file system and a daemon that nobody has used.

ext4 avoids inodes that were just freed, so the second large image on a disk meets another file system than
the first one did.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.engines import Engine
from bench.machine import fresh_disk

_GIGABYTES = 8


@contextmanager
def cold_disk(cache: Path) -> Iterator[Path]:
    """An empty file system; nothing that anybody else has written is still on its way to the disk."""
    with ExitStack() as stack:
        work = Path(tempfile.mkdtemp(prefix="cold-", dir=cache))
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        disk = stack.enter_context(fresh_disk(work, _GIGABYTES))
        os.sync()
        yield disk


@contextmanager
def cold_engine(kind: type[Engine], cache: Path) -> Iterator[Engine]:
    """An engine of that kind, started, with nothing in it."""
    with ExitStack() as stack:
        disk = stack.enter_context(cold_disk(cache))
        memory = Path(tempfile.mkdtemp(prefix="berth-bench-", dir="/run"))
        stack.callback(shutil.rmtree, memory, ignore_errors=True)
        engine = kind(disk, memory, stack)
        engine.start()
        yield engine
