"""Which events pass which filters (rules of moby's daemon/events/filter.go, checked on a real dockerd)."""

import pytest

from berth.base.filters import Filters
from berth.engine.system.events import passes
from berth.state.events import Event

START = Event(
    kind="container",
    action="start",
    actor="d4c1c40404ef" + "0" * 52,
    attributes={"image": "busybox:1.36", "name": "web", "tier": "front"},
)
EXEC = Event(kind="container", action="exec_start: sh -c ls", actor="d4", attributes={"name": "web"})
TAG = Event(kind="image", action="tag", actor="sha256:6d", attributes={"name": "host:5000/app:1"})


@pytest.mark.parametrize(
    ("event", "filters", "expected"),
    [
        (START, {}, True),
        (START, {"type": ["container"]}, True),
        (START, {"type": ["image", "network"]}, False),
        (START, {"event": ["start"]}, True),
        (START, {"event": ["sta"]}, False),
        (EXEC, {"event": ["exec_start"]}, True),
        (EXEC, {"event": ["exec_die"]}, False),
        (START, {"container": ["web"]}, True),
        (START, {"container": ["d4c1c40404ef"]}, True),
        (START, {"container": ["other"]}, False),
        (START, {"container": ["other", "web"]}, True),
        (START, {"label": ["tier"]}, True),
        (START, {"label": ["tier=front"]}, True),
        (START, {"label": ["tier=back"]}, False),
        (START, {"label": ["tier", "name=web"]}, True),
        (START, {"image": ["busybox:1.36"]}, True),
        (START, {"image": ["busybox"]}, True),
        (START, {"image": ["alpine"]}, False),
        (TAG, {"image": ["host:5000/app"]}, True),
        (TAG, {"image": ["host"]}, False),
        (TAG, {"image": ["sha256:6d"]}, True),
        (START, {"type": ["container"], "container": ["web"], "event": ["die"]}, False),
        (START, {"scope": ["local"]}, True),
        (START, {"scope": ["swarm"]}, False),
    ],
)
def test_passes(event, filters, expected):
    assert passes(event, Filters(filters)) is expected
