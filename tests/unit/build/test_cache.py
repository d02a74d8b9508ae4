"""Results by key: found, held, pruned, and never without their image."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from berth.base.errors import NotFound
from berth.base.reference import parse_reference
from berth.image.derive import Derivation
from tests.unit.build.stores import Stage, config, key, new, opened, run

NAME = parse_reference("made:1")


def test_a_result_is_found_by_each_of_its_keys(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        made = await stage.result("a", keys=["b"])
        found = stage.cache.find(key("b"))
        assert found is not None
        assert (found.image, found.after.image, found.after.files) == (made, key("a"), key("files"))
        await stage.cache.add(made.id, new("c"))
        assert stage.find("c") == stage.find("a") == made.id
        assert stage.find("d") is None

    run(tmp_path, test)


def test_the_latest_result_of_a_key_counts(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.result("a", keys=["k"])
        later = await stage.result("b", keys=["k"])
        assert stage.find("k") == later.id
        assert stage.find("a") is not None

    run(tmp_path, test)


def test_results_are_there_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path) as stage:
            base = await stage.result("a")
            made = await stage.result("b", base)
        async with opened(tmp_path) as stage:
            await stage.cache.sweep()
            assert stage.find("b") == made.id
            assert stage.images.is_hidden(made.id)
            assert stage.images.get(made.id).parent == base.id

    asyncio.run(main())


def test_several_steps_in_one_commit(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        steps = [Derivation(config("a")), Derivation(config("b")), Derivation(config("c"), (NAME,))]
        made = await stage.images.derive(
            None,
            steps,
            also=lambda c, ids: stage.cache.rows(c, [(i, new(n)) for i, n in zip(ids, "abc", strict=True)]),
        )
        assert [image.parent for image in made] == [None, made[0].id, made[1].id]
        assert [stage.images.is_hidden(image.id) for image in made] == [True, True, False]
        assert stage.images.names(made[2].id) == (NAME,)
        assert [row.created_by for row in stage.images.history(made[2].id)] == ["c"]

    run(tmp_path, test)


def test_a_failure_leaves_neither_row_nor_image(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        def fail(connection: sqlite3.Connection, ids) -> None:
            stage.cache.rows(connection, [(ids[0], new("a"))])
            raise NotFound("of the test")

        with pytest.raises(NotFound):
            await stage.images.derive(None, [Derivation(config("a"))], also=fail)
        assert stage.rows() == (0, 0)
        assert stage.images.list() == ()

    run(tmp_path, test)


def test_an_image_that_goes_takes_its_rows_along(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        made = await stage.result("a", keys=["b"])
        await stage.images.remove(made.id)
        assert stage.rows() == (0, 0)
        await stage.cache.add(made.id, new("c"))
        assert stage.rows() == (0, 0)

    run(tmp_path, test)


def test_names_show_and_hide(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        made = await stage.result("a")
        assert stage.images.is_hidden(made.id)
        await stage.images.tag(made.id, NAME)
        assert not stage.images.is_hidden(made.id)
        await stage.images.untag(NAME)
        assert not stage.images.is_hidden(made.id)  # dangling, as an image that somebody had
        await stage.images.tag(made.id, NAME)
        assert await stage.images.hide_again(made.id)
        assert stage.images.names(made.id) == ()
        assert stage.find("a") == made.id
        assert not await stage.images.hide_again(made.id)
        again = await stage.images.derive(None, [Derivation(config("a"), (NAME,))])
        assert again[0].id == made.id
        assert not stage.images.is_hidden(made.id)
        await stage.result("a")
        assert not stage.images.is_hidden(made.id)

    run(tmp_path, test)


def test_hidden_and_shown_survive_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path) as stage:
            hidden, shown, back = [await stage.result(name) for name in "abc"]
            await stage.images.tag(shown.id, NAME)
            await stage.images.tag(back.id, parse_reference("other"))
            await stage.images.hide_again(back.id)
        async with opened(tmp_path) as stage:
            found = [stage.images.is_hidden(image.id) for image in (hidden, shown, back)]
            assert found == [True, False, True]
            assert stage.images.is_step(shown.id)
            assert [i.id for i in stage.images.list() if stage.images.names(i.id)] == [shown.id]

    asyncio.run(main())


def test_an_image_that_was_there_before_is_not_hidden(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        loaded = await stage.images.derive(None, [Derivation(config("a"), hidden=False)])
        await stage.result("a")
        assert not stage.images.is_hidden(loaded[0].id)
        assert not stage.images.is_step(loaded[0].id)

    run(tmp_path, test)


def test_entries(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        base = await stage.result("a")
        top = await stage.result("b", base)
        used = await stage.result("c", top)
        await stage.images.tag(top.id, NAME)
        stage.cache.touch([top.id])
        entries = {entry.description: entry for entry in stage.cache.entries([used.id])}
        assert entries["b"].parents == (base.id.removeprefix("sha256:"),)
        assert (entries["a"].parents, entries["a"].shared, entries["a"].in_use) == ((), False, False)
        assert (entries["b"].shared, entries["c"].in_use) == (True, True)
        with stage.cache.hold() as hold:
            hold.find(key("a"))
            assert [e.description for e in stage.cache.entries() if e.in_use] == ["a"]
        assert [e.description for e in stage.cache.entries() if e.in_use] == []

    run(tmp_path, test)


def test_the_total(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        assert stage.cache.total() == 0
        for size, name in enumerate("abc", start=5):
            row = new(name, layer=name, size=size)
            await stage.images.derive(
                None,
                [Derivation(config(name))],
                also=lambda c, ids, row=row: stage.cache.rows(c, [(ids[0], row)]),
            )
        assert stage.cache.total() == 18

    run(tmp_path, test)


def test_uses_are_counted(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        made = [await stage.result(name) for name in "ab"]
        before = {entry.description: entry for entry in stage.cache.entries()}
        stage.cache.touch({made[0].id})
        await stage.result("c")  # its commit comes after
        after = {entry.description: entry for entry in stage.cache.entries()}
        assert after["a"].used_ns > before["a"].used_ns
        assert (after["a"].uses, after["b"]) == (1, before["b"])
        assert [entry.description for entry in stage.cache.entries()] == ["b", "a", "c"]

    run(tmp_path, test)


def test_removal(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        hidden, shown, held = [await stage.result(name) for name in "abc"]
        await stage.images.tag(shown.id, NAME)
        with stage.cache.hold() as hold:
            hold.keep(held.id)
            gone = await stage.cache.remove(stage.cache.entries())
        assert sorted(entry.description for entry in gone) == ["a", "b"]
        assert stage.images.find(hidden.id) is None
        assert stage.images.resolve("made:1").id == shown.id
        assert not stage.images.is_step(shown.id)
        assert (stage.find("a"), stage.find("b"), stage.find("c")) == (None, None, held.id)
        assert await stage.cache.remove(gone) == []

    run(tmp_path, test)


def test_what_is_being_removed_is_not_found(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        await stage.result("a")
        removal = asyncio.create_task(stage.cache.remove(stage.cache.entries()))
        await asyncio.sleep(0)  # it has begun and waits for the disk
        with stage.cache.hold() as hold:
            assert hold.find(key("a")) is None
        assert len(await removal) == 1

    run(tmp_path, test)


def test_a_tag_that_comes_before_the_removal_saves_the_image(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        made = await stage.result("a")
        tagging = asyncio.create_task(stage.images.tag(made.id, NAME))
        await asyncio.sleep(0)
        await stage.cache.remove(stage.cache.entries())
        await tagging
        assert stage.images.resolve("made:1").id == made.id
        assert stage.rows() == (0, 0)

    run(tmp_path, test)


def test_the_sweep(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        kept = await stage.result("a")
        orphan = (await stage.images.derive(kept, [Derivation(config("b"))]))[0]
        visible = (await stage.images.derive(kept, [Derivation(config("c"), hidden=False)]))[0]
        await stage.cache.sweep()
        assert stage.images.find(orphan.id) is None
        assert stage.images.find(visible.id) is not None
        assert stage.find("a") == kept.id

    run(tmp_path, test)
