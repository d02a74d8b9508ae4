"""Leave an engine as it was: everything that appeared since a moment is removed again."""

from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

from tests.support.http import Api
from tests.support.waiting import wait_until

_BUILT_IN = {"bridge", "host", "none"}


class Inventory(NamedTuple):
    """What an engine holds that a test could have made."""

    containers: frozenset[str]
    images: frozenset[str]
    tags: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]

    @classmethod
    def take(cls, api: Api) -> "Inventory":
        images = api.get("/images/json", all=True).json()
        networks: frozenset[str] = frozenset()
        with suppress(TypeError, KeyError):  # an engine without user-defined networks answers an error object
            networks = frozenset(
                row["Id"] for row in api.get("/networks").json() if row["Name"] not in _BUILT_IN
            )
        return cls(
            frozenset(row["Id"] for row in api.get("/containers/json", all=True).json()),
            frozenset(row["Id"] for row in images),
            frozenset(tag for row in images for tag in row["RepoTags"] or () if tag != "<none>:<none>"),
            frozenset(row["Name"] for row in api.get("/volumes").json()["Volumes"] or ()),
            networks,
        )


def tidy(api: Api, before: Inventory) -> None:
    """Remove what is there now and was not before; raise when something will not go.

    Tried more than once: engines finish some removals (of ``--rm``, of force) a moment after they have
    answered, and a volume cannot go before its container has.
    """
    surplus: dict[str, list[str]] = {}

    def nothing_is_left() -> bool:
        surplus.clear()
        surplus.update(_surplus(api, before))
        _remove(api, surplus)
        return not surplus

    try:
        wait_until(nothing_is_left, "nothing of the test is left")
    except AssertionError as error:
        raise AssertionError(f"the test left what cannot be removed: {surplus}") from error


def _surplus(api: Api, before: Inventory) -> dict[str, list[str]]:
    pairs = zip(Inventory._fields, Inventory.take(api), before, strict=True)
    return {kind: sorted(now - known) for kind, now, known in pairs if now - known}


def _remove(api: Api, surplus: dict[str, list[str]]) -> None:
    for one in surplus.get("containers", ()):
        api.delete(f"/containers/{one}", force=True, v=True)
    for one in (*surplus.get("tags", ()), *surplus.get("images", ())):
        api.delete(f"/images/{quote(one)}", force=True)
    for one in surplus.get("volumes", ()):
        api.delete(f"/volumes/{one}", force=True)
    for one in surplus.get("networks", ()):
        api.delete(f"/networks/{one}")
