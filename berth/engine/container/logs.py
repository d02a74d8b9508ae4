"""``logs``: what a container has printed, and on demand what it goes on printing."""

import functools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from berth.engine.container.record import ContainerRecord
from berth.engine.engine import Engine
from berth.logs.details import details_prefix, log_attributes, tag_fields
from berth.logs.driver import LogDriver
from berth.logs.drivers import LogSettings, check_log_options, open_log
from berth.logs.entry import Entry, LogQuery


class LogStream(NamedTuple):
    """``batches`` are lists of entries as they come; ``details`` is what ``--details`` puts before each."""

    batches: AsyncIterator[list[Entry]]
    tty: bool
    details: bytes


async def logs(engine: Engine, ref: str, query: LogQuery) -> LogStream:
    """The entries that ``query`` asks for; with ``follow`` until the container ends.

    Unsupported when the container keeps no log.
    """
    cell = engine.containers.resolve(ref)
    record = cell.record
    ended = cell.run_over if cell.process is not None else None
    return LogStream(log_of(record).batches(query, ended), record.config.tty, _details(record))


def log_of(record: ContainerRecord) -> LogDriver:
    """The container's log; its options were checked at create."""
    config = record.host.log_config
    return open_log(_settings(config.type, tuple(config.config.items())), Path(record.log_path))


@functools.lru_cache(maxsize=64)
def _settings(kind: str, options: tuple[tuple[str, str], ...]) -> LogSettings:
    return check_log_options(kind, dict(options))


def _details(record: ContainerRecord) -> bytes:
    options = record.host.log_config.config
    fields = tag_fields(record.id, record.name, record.image_id, record.config.image, record.path)
    return details_prefix(log_attributes(options, record.config.labels, record.config.env, fields))
