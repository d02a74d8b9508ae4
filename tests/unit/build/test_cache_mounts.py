"""Cache mounts: who may use one when, how a new one looks, and what is swept."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from berth.build.cache_mounts import SCHEMA, CacheMount, CacheMounts
from berth.state.database import Database


def run(tmp_path: Path, work: Callable[[CacheMounts], Awaitable[None]]) -> None:
    async def whole() -> None:
        database = Database.open(tmp_path / "state.db", [SCHEMA])
        try:
            await work(CacheMounts(tmp_path / "mounts", database))
        finally:
            database.close()

    asyncio.run(whole())


def test_the_same_id_finds_what_was_left(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        async with mounts.take(CacheMount("pip", mode=0o700)) as path:
            (path / "left").write_text("x")
            assert path.stat().st_mode & 0o777 == 0o700
        async with mounts.take(CacheMount("pip", mode=0o700)) as path:
            assert (path / "left").exists()
        async with mounts.take(CacheMount("pip", mode=0o755)) as path:
            assert not (path / "left").exists()

    run(tmp_path, work)


def test_shared_at_the_same_time(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        async with mounts.take(CacheMount("a")) as one, mounts.take(CacheMount("a")) as two:
            assert one == two

    run(tmp_path, work)


def test_private_ones_differ_and_are_used_again(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        wanted = CacheMount("a", sharing="private")
        async with mounts.take(wanted) as one, mounts.take(wanted) as two:
            assert one != two
        async with mounts.take(wanted) as again:
            assert again == one

    run(tmp_path, work)


def test_locked_waits(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        wanted = CacheMount("a", sharing="locked")
        order: list[str] = []

        async def second() -> None:
            async with mounts.take(wanted):
                order.append("second")

        async with asyncio.TaskGroup() as group, mounts.take(wanted):
            waiting = group.create_task(second())
            for _ in range(5):
                await asyncio.sleep(0)
            assert not waiting.done()
            order.append("first")
        assert order == ["first", "second"]

    run(tmp_path, work)


def test_a_seed_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        async def broken(directory: Path) -> None:
            (directory / "half").write_text("x")
            raise OSError("no")

        async def whole(directory: Path) -> None:
            (directory / "all").write_text("x")

        try:
            async with mounts.take(CacheMount("a"), broken):
                raise AssertionError("made in spite of it")
        except OSError:
            pass
        async with mounts.take(CacheMount("a"), whole) as path:
            assert [entry.name for entry in path.iterdir()] == ["all"]

    run(tmp_path, work)


def test_entries_and_removal(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        async with mounts.take(CacheMount("a")) as path:
            (path / "f").write_bytes(b"12345")
            (entry,) = await mounts.entries()
            assert (entry.size, entry.in_use, entry.description) == (5, True, "cached mount a")
            assert await mounts.remove([entry.id]) == []
        assert await mounts.remove([entry.id]) == [entry.id]
        assert await mounts.entries() == []

    run(tmp_path, work)


def test_several_who_share_a_new_one_fill_it_once(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        seeded: list[Path] = []

        async def seed(directory: Path) -> None:
            seeded.append(directory)
            (directory / "seed").write_text("x")
            for _ in range(5):
                await asyncio.sleep(0)

        async def use() -> None:
            async with mounts.take(CacheMount("a"), seed) as path:
                assert (path / "seed").exists()

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(use())
        assert len(seeded) == 1

    run(tmp_path, work)


def test_what_is_taken_while_others_are_removed_stays(tmp_path: Path) -> None:
    async def work(mounts: CacheMounts) -> None:
        for name in "ab":
            async with mounts.take(CacheMount(name)) as path:
                (path / name).write_text("x")
        names = [entry.id for entry in await mounts.entries()]
        removing = asyncio.create_task(mounts.remove(names))
        await asyncio.sleep(0)
        async with mounts.take(CacheMount("a")) as one, mounts.take(CacheMount("b")) as two:
            gone = await removing
            assert one.is_dir() and two.is_dir()
        left = await mounts.entries()
        assert len(left) == 2
        assert len(gone) == 2

    run(tmp_path, work)
