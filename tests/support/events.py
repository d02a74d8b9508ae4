"""Read an engine's event log up to this moment."""

import time
from typing import Any

from tests.support.http import Api


def past_events(api: Api, *, version: str = "", **filters: list[str]) -> list[dict[str, Any]]:
    """Every event so far that passes ``filters`` (as the API's: container, type, event, label, ...).

    ``version`` is a path prefix such as ``/v1.41``: events looked different before 1.52.
    """
    reply = api.get(f"{version}/events", since=1, until=f"{time.time():.9f}", filters=filters)
    assert reply.status == 200, reply
    return reply.lines()


def actions(api: Api, name: str) -> list[str]:
    """The actions seen for one container, in order, without those of its networks."""
    return [event["Action"] for event in past_events(api, container=[name]) if event["Type"] == "container"]
