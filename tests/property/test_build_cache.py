"""Random histories of the cache: rows and images always belong together, over restarts too."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berth.base.reference import parse_reference
from tests.unit.build.stores import Stage, opened

NAMES = st.sampled_from("abcd")
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["make", "make", "make", "tag", "untag", "hide", "remove", "prune", "restart"]),
        NAMES,
        NAMES,
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=ACTIONS)
def test_rows_and_images_belong_together(actions: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(play(Path(directory), actions))


async def play(root: Path, actions: list[tuple[str, str, str]]) -> None:
    todo = list(actions)
    known: set[str] = set()
    while True:
        async with opened(root) as stage:
            check(stage, known)
            while todo:
                action, name, other = todo.pop(0)
                if action == "restart":
                    break
                await act(stage, known, action, name, other)
                check(stage, known)
            else:
                return


async def act(stage: Stage, known: set[str], action: str, name: str, other: str) -> None:
    """Do one thing; ``known`` are the names that the cache must have afterwards."""
    ref = parse_reference(f"tag:{other}")
    found = stage.find(name)
    if action == "make":
        parent = stage.find(other)
        await stage.result(name, stage.images.get(parent) if parent else None)
        known.add(name)
    elif found is None:
        return
    elif action == "tag":
        await stage.images.tag(found, ref)
    elif action == "untag":
        await stage.images.untag(ref)
    elif action == "hide":
        await stage.images.hide_again(found)
    elif action == "remove":
        await stage.images.remove(found)
        known.discard(name)
    else:
        chosen = [entry for entry in stage.cache.entries() if entry.description in (name, other)]
        assert await stage.cache.remove(chosen) == chosen
        known.difference_update(entry.description for entry in chosen)


def check(stage: Stage, known: set[str]) -> None:
    assert {name for name in "abcd" if stage.find(name)} == known
    images = {image.id for image in stage.images.list()}
    results = {row[0] for row in stage.database.read("SELECT image_id FROM build_results")}
    hidden = {row[0] for row in stage.database.read("SELECT image_id FROM image_hidden WHERE shown = 0")}
    assert results <= images
    assert hidden == {image_id for image_id in images if stage.images.is_hidden(image_id)}
    assert hidden <= results
    assert not any(stage.images.names(image_id) for image_id in hidden)
    assert set(stage.images.content) == images
