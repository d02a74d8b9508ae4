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
    """Remove what is there now and was not before; raise when something will not go."""
    now = Inventory.take(api)
    if now == before:
        return
    for one in now.containers - before.containers:
        api.delete(f"/containers/{one}", force=True, v=True)
    for one in now.tags - before.tags:
        api.delete(f"/images/{quote(one)}", force=True)
    for one in now.images - before.images:
        api.delete(f"/images/{one}", force=True)
    for one in now.volumes - before.volumes:
        api.delete(f"/volumes/{one}", force=True)
    for one in now.networks - before.networks:
        api.delete(f"/networks/{one}")
    # Engines finish some removals (of --rm, of force) a moment after they have answered.
    wait_until(
        lambda: not _surplus(api, before),
        f"nothing of the test is left, but there is {_surplus(api, before)}",
    )


def _surplus(api: Api, before: Inventory) -> dict[str, list[str]]:
    after = Inventory.take(api)
    pairs = zip(Inventory._fields, after, before, strict=True)
    return {kind: sorted(left - known) for kind, left, known in pairs if left - known}
