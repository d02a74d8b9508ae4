"""The life cycle of a container: which moves are legal, and the words for those that are not."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.base.errors import BerthError, Conflict, NotModified
from berth.engine.container.lifecycle import Action, next_status
from berth.engine.container.record import Status


def _move(status: Status, action: Action) -> Status:
    return next_status(status, action, container_id="f" * 64, name="web")


@pytest.mark.parametrize(
    ("status", "action", "after"),
    [
        (Status.CREATED, Action.START, Status.RUNNING),
        (Status.RUNNING, Action.PAUSE, Status.PAUSED),
        (Status.PAUSED, Action.UNPAUSE, Status.RUNNING),
        (Status.RUNNING, Action.EXIT, Status.EXITED),
        (Status.RUNNING, Action.CRASH, Status.RESTARTING),
        (Status.RESTARTING, Action.START, Status.RUNNING),
        (Status.EXITED, Action.START, Status.RUNNING),
        (Status.EXITED, Action.REMOVE, Status.REMOVING),
        (Status.REMOVING, Action.FAIL, Status.DEAD),
        (Status.DEAD, Action.REMOVE, Status.REMOVING),
    ],
)
def test_legal_moves(status: Status, action: Action, after: Status) -> None:
    assert _move(status, action) is after


@pytest.mark.parametrize(
    ("status", "action", "kind", "words"),
    [
        (Status.RUNNING, Action.START, NotModified, "already running"),
        (Status.PAUSED, Action.START, Conflict, "cannot start a paused container, try unpause instead"),
        (Status.DEAD, Action.START, Conflict, "marked for removal"),
        (Status.PAUSED, Action.PAUSE, Conflict, "is already paused"),
        (Status.EXITED, Action.PAUSE, Conflict, "is not running"),
        (Status.RESTARTING, Action.PAUSE, Conflict, "is restarting, wait until"),
        (Status.RUNNING, Action.UNPAUSE, Conflict, "is not paused"),
        (Status.RUNNING, Action.REMOVE, Conflict, 'cannot remove container "web": container is running'),
        (Status.PAUSED, Action.REMOVE, Conflict, "must be unpaused first"),
    ],
)
def test_refusals_have_dockers_words(
    status: Status, action: Action, kind: type[BerthError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        _move(status, action)
    assert words in caught.value.message


@given(st.lists(st.sampled_from(Action), max_size=40))
def test_only_a_removal_ends_the_life_of_a_container(actions: list[Action]) -> None:
    """From any reachable state but removing and dead, some sequence leads back to running."""
    status = Status.CREATED
    for action in actions:
        try:
            status = _move(status, action)
        except BerthError:
            continue
    if status not in (Status.REMOVING, Status.DEAD):
        ways = [(), (Action.UNPAUSE,), (Action.START,), (Action.EXIT, Action.START)]
        assert any(_reaches_running(status, way) for way in ways)


def _reaches_running(status: Status, way: tuple[Action, ...]) -> bool:
    try:
        for action in way:
            status = _move(status, action)
    except BerthError:
        return False
    return status is Status.RUNNING


def test_every_pair_either_moves_or_explains() -> None:
    for status, action in itertools.product(Status, Action):
        try:
            assert _move(status, action) in Status
        except BerthError as error:
            assert error.message
