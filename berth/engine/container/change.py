"""How a container's state changes: one transaction for the new state and its events."""

import asyncio
import sqlite3
import time
from collections.abc import Mapping

from berth.engine.container import table
from berth.engine.container.cell import Cell
from berth.engine.container.lifecycle import Action, next_status
from berth.engine.container.record import ContainerRecord, MountPoint
from berth.engine.engine import Engine
from berth.state.events import Event


def event(record: ContainerRecord, action: str, extra: Mapping[str, str] | None = None) -> Event:
    """A container event with the attributes that Docker gives it: labels, image, name, then ``extra``."""
    attributes = {**record.config.labels, "image": record.config.image, "name": record.name, **(extra or {})}
    return Event(
        kind="container", action=action, actor=record.id, attributes=attributes, time_ns=time.time_ns()
    )


def move(
    engine: Engine, cell: Cell, action: Action, *events: Event, **changes: object
) -> asyncio.Future[None]:
    """Move the container by ``action``; raises what Docker answers when the move is not legal.

    The new record is current at once; the returned future is done when it is on disk. Await it where the
    state file is the only memory of the change; let it go where the kernel knows it too (start, exit).
    The caller holds the cell's lock.
    """
    status = next_status(cell.state.status, action, container_id=cell.id, name=cell.record.name)
    return update_state(engine, cell, *events, status=status, **changes)


def update_state(engine: Engine, cell: Cell, *events: Event, **changes: object) -> asyncio.Future[None]:
    """Replace fields of the state without a move of the life cycle."""
    record = cell.replace(cell.with_state(**changes))

    def apply(connection: sqlite3.Connection) -> None:
        table.save_state(connection, record)
        for happened in events:
            engine.events.append(connection, happened)

    return engine.database.submit(apply)


async def save_record(engine: Engine, record: ContainerRecord, *events: Event) -> None:
    """Store a whole record with its events; the caller makes it current afterwards."""

    def apply(connection: sqlite3.Connection) -> None:
        table.save(connection, record)
        for happened in events:
            engine.events.append(connection, happened)

    await engine.database.write(apply)


def announce(
    engine: Engine, cell: Cell, action: str, extra: Mapping[str, str] | None = None
) -> asyncio.Future[None]:
    """Append an event that changes no state."""
    happened = event(cell.record, action, extra)
    return engine.database.submit(lambda connection: engine.events.append(connection, happened))


def network_events(record: ContainerRecord, action: str) -> list[Event]:
    """``connect`` or ``disconnect`` of every network that the container is plugged into."""
    return [
        Event(
            kind="network",
            action=action,
            actor=endpoint.network_id,
            attributes={"container": record.id, "name": name, "type": _network_type(name)},
            time_ns=time.time_ns(),
        )
        for name, endpoint in record.state.endpoints.items()
    ]


def _network_type(name: str) -> str:
    return {"none": "null", "host": "host"}.get(name, "bridge")


def volume_event(engine: Engine, record: ContainerRecord, point: MountPoint, action: str) -> None:
    """``mount`` or ``unmount`` of a volume by a container."""
    attributes = {"container": record.id, "driver": point.driver}
    if action == "mount":
        written = "true" if point.writable else "false"
        attributes |= {
            "destination": point.destination,
            "propagation": point.propagation,
            "read/write": written,
        }
    happened = Event(
        kind="volume", action=action, actor=point.name, attributes=attributes, time_ns=time.time_ns()
    )
    engine.database.submit(lambda connection: engine.events.append(connection, happened))
