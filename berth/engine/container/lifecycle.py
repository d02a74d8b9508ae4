"""The legal moves of a container, and the words for the others. Nothing else decides this.

::

    created --start--> running <--pause/unpause--> paused
                       |    |                        |
                       |    +--crash--> restarting --+--start--> running
                       +--exit--> exited --start--> running
    created, exited, dead --remove--> removing --fail--> dead
    restarting --exit--> exited
"""

import enum

from berth.base.errors import BerthError, Conflict, NotModified
from berth.engine.container.record import Status


class Action(enum.Enum):
    """What can happen to a container."""

    START = enum.auto()
    PAUSE = enum.auto()
    UNPAUSE = enum.auto()
    EXIT = enum.auto()
    CRASH = enum.auto()
    """Ended, and the restart policy will start it again."""
    REMOVE = enum.auto()
    FAIL = enum.auto()
    """A removal that could not be finished."""


_MOVES = {
    (Status.CREATED, Action.START): Status.RUNNING,
    (Status.CREATED, Action.EXIT): Status.CREATED,
    (Status.CREATED, Action.REMOVE): Status.REMOVING,
    (Status.RUNNING, Action.PAUSE): Status.PAUSED,
    (Status.RUNNING, Action.EXIT): Status.EXITED,
    (Status.RUNNING, Action.CRASH): Status.RESTARTING,
    (Status.PAUSED, Action.UNPAUSE): Status.RUNNING,
    (Status.PAUSED, Action.EXIT): Status.EXITED,
    (Status.PAUSED, Action.CRASH): Status.RESTARTING,
    (Status.RESTARTING, Action.START): Status.RUNNING,
    (Status.RESTARTING, Action.CRASH): Status.RESTARTING,
    (Status.RESTARTING, Action.EXIT): Status.EXITED,
    (Status.EXITED, Action.START): Status.RUNNING,
    (Status.EXITED, Action.EXIT): Status.EXITED,
    (Status.EXITED, Action.REMOVE): Status.REMOVING,
    (Status.DEAD, Action.REMOVE): Status.REMOVING,
    (Status.REMOVING, Action.FAIL): Status.DEAD,
    (Status.REMOVING, Action.REMOVE): Status.REMOVING,
}


def next_status(status: Status, action: Action, *, container_id: str, name: str) -> Status:
    """The status after ``action``; raises what Docker answers when the move is not legal."""
    after = _MOVES.get((status, action))
    if after is None:
        raise refusal(status, action, container_id=container_id, name=name)
    return after


def refusal(status: Status, action: Action, *, container_id: str, name: str) -> BerthError:
    """Docker's words for an action that ``status`` does not allow."""
    if action is Action.START:
        return _start_refusal(status)
    if action is Action.REMOVE:
        return _remove_refusal(status, name)
    if action is Action.PAUSE:
        if status is Status.PAUSED:
            return Conflict(f"Container {container_id} is already paused")
        if status is Status.RESTARTING:
            return Conflict(f"Container {container_id} is restarting, wait until the container is running")
        return Conflict(f"Container {container_id} is not running")
    if action is Action.UNPAUSE:
        return Conflict(f"Container {container_id} is not paused")
    return Conflict(f"container {container_id} is {status}: it cannot {action.name.lower()}")


def _start_refusal(status: Status) -> BerthError:
    if status is Status.RUNNING:
        return NotModified("container is already running")
    if status is Status.PAUSED:
        return Conflict("cannot start a paused container, try unpause instead")
    return Conflict("container is marked for removal and cannot be started")


def _remove_refusal(status: Status, name: str) -> BerthError:
    if status is Status.PAUSED:
        why = "container is paused and must be unpaused first"
    else:
        why = f"container is {status}: stop the container before removing or force remove"
    return Conflict(f'cannot remove container "{name}": {why}')
