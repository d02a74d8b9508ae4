"""What ``berth.volume.contract.Volumes`` promises, on the disk and in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from berth.base.errors import Conflict, InvalidArgument, NotFound
from berth.base.filters import Filters
from berth.state.database import Database
from berth.volume.contract import Volumes
from berth.volume.memory import MemoryVolumes
from berth.volume.record import SCHEMA
from berth.volume.store import VolumeStore

Case = Callable[[Volumes], Awaitable[None]]
Run = Callable[[Case], None]


@pytest.fixture(params=["disk", "memory"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs one case on a fresh store of either kind."""

    async def on_disk(case: Case) -> None:
        database = Database.open(tmp_path / "state.db", [SCHEMA])
        try:
            await case(await VolumeStore.open(tmp_path, database))
        finally:
            database.close()

    async def in_memory(case: Case) -> None:
        await case(MemoryVolumes())

    return lambda case: asyncio.run((on_disk if request.param == "disk" else in_memory)(case))


def test_create_then_get(run: Run) -> None:
    async def case(store: Volumes) -> None:
        made = await store.create("data", labels={"a": "b"}, owner_uid=7)
        assert store.get("data") == made
        assert (made.name, made.driver, made.labels, made.owner_uid) == ("data", "local", {"a": "b"}, 7)
        assert not made.anonymous
        assert made.created_ns > 0

    run(case)


def test_creating_again_returns_the_first_unchanged(run: Run) -> None:
    async def case(store: Volumes) -> None:
        first = await store.create("data", labels={"a": "b"})
        assert (
            await store.create("data", labels={"c": "d"}, driver_opts={"type": "x", "device": "y"}) == first
        )

    run(case)


def test_creating_at_once_makes_one(run: Run) -> None:
    async def case(store: Volumes) -> None:
        made = await asyncio.gather(*[store.create("data", owner_uid=uid) for uid in range(5)])
        assert len({volume.owner_uid for volume in made}) == 1
        assert len(store.list()) == 1

    run(case)


def test_without_a_name_it_is_anonymous(run: Run) -> None:
    async def case(store: Volumes) -> None:
        made = await store.create()
        assert len(made.name) == 64
        assert made.anonymous
        assert made.labels == {"com.docker.volume.anonymous": ""}

    run(case)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a", "create a: volume name is too short, names should be at least two alphanumeric characters"),
        (
            "a/b",
            'create a/b: "a/b" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, '
            "use absolute path",
        ),
        (
            "..",
            'create ..: ".." includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, '
            "use absolute path",
        ),
    ],
)
def test_bad_names_get_dockers_words(run: Run, name: str, text: str) -> None:
    async def case(store: Volumes) -> None:
        with pytest.raises(InvalidArgument) as caught:
            await store.create(name)
        assert str(caught.value) == text
        assert store.list() == ()

    run(case)


def test_an_unknown_driver_is_not_found(run: Run) -> None:
    async def case(store: Volumes) -> None:
        with pytest.raises(NotFound) as caught:
            await store.create("data", driver="foo")
        assert str(caught.value) == 'create data: error looking up volume plugin foo: plugin "foo" not found'

    run(case)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"o": "bind"}, 'create n3: missing required option: "device"'),
        ({"type": "none"}, 'create n3: missing required option: "device"'),
        ({"device": "/x"}, 'create n3: missing required option: "type"'),
        ({"bad": "x"}, 'create n3: invalid option: "bad"'),
        ({"size": "10M"}, "create n3: quota size requested but no quota support"),
        ({"size": "zz"}, "create n3: invalid size: 'zz'"),
    ],
)
def test_bad_options_get_dockers_words(run: Run, options: dict[str, str], text: str) -> None:
    async def case(store: Volumes) -> None:
        with pytest.raises(InvalidArgument) as caught:
            await store.create("n3", driver_opts=options)
        assert str(caught.value) == text

    run(case)


def test_absent_volumes(run: Run) -> None:
    async def case(store: Volumes) -> None:
        for absent in (
            lambda: store.get("none"),
            lambda: store.mountpoint("none"),
        ):
            with pytest.raises(NotFound, match=r"^get none: no such volume$"):
                absent()
        for absent_later in (store.mount("none", "c1"), store.usage("none"), store.remove("none")):
            with pytest.raises(NotFound, match=r"^get none: no such volume$"):
                await absent_later
        await store.remove("none", force=True)
        await store.unmount("none", "c1")

    run(case)


def test_remove_frees_the_name(run: Run) -> None:
    async def case(store: Volumes) -> None:
        await store.create("data", labels={"first": ""})
        await store.remove("data")
        assert store.list() == ()
        assert (await store.create("data")).labels == {}

    run(case)


def test_a_mounted_volume_cannot_be_removed(run: Run) -> None:
    async def case(store: Volumes) -> None:
        await store.create("data")
        assert await store.mount("data", "c1") == store.mountpoint("data")
        await store.mount("data", "c1")
        await store.mount("data", "c2")
        await store.unmount("data", "c1")
        with pytest.raises(Conflict, match=r"^remove data: volume is in use - \[c2\]$"):
            await store.remove("data", force=True)
        await store.unmount("data", "c2")
        await store.unmount("data", "c2")
        await store.remove("data")

    run(case)


def test_list_is_sorted_and_filtered(run: Run) -> None:
    async def case(store: Volumes) -> None:
        await store.create("web-b", labels={"env": "prod"})
        await store.create("web-a", labels={"env": "test"})
        await store.create("db")

        def names(**filters: list[str]) -> list[str]:
            return [volume.name for volume in store.list(Filters(filters), used={"db"})]

        assert [volume.name for volume in store.list()] == ["db", "web-a", "web-b"]
        assert names(name=["web"]) == ["web-a", "web-b"]
        assert names(name=["^b", "b$"]) == ["db", "web-b"]
        assert names(label=["env"]) == ["web-a", "web-b"]
        assert names(label=["env=prod"]) == ["web-b"]
        assert names(driver=["local"]) == ["db", "web-a", "web-b"]
        assert names(driver=["loc"]) == []
        assert names(dangling=["true"]) == ["web-a", "web-b"]
        assert names(dangling=["0"]) == ["db"]
        assert names(dangling=["true"], name=["a$"]) == ["web-a"]
        with pytest.raises(InvalidArgument):
            names(name=["("])

    run(case)


def test_populate_fills_once(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_bytes(b"12345")

    async def case(store: Volumes) -> None:
        await store.create("data")
        assert await store.populate("data", source)
        assert not await store.populate("data", source)
        await store.remove("data")
        await store.create("data")
        assert await store.populate("data", source)

    run(case)
