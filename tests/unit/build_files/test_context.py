"""Contexts: what is sent once is not sent again, what is hostile is refused, what nobody needs goes."""

import asyncio
import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import time

import pytest

from berth.base.caller import Caller
from berth.base.errors import InvalidArgument, NotFound
from berth.build.context import ContextStore
from berth.build.context_tar import read_context
from berth.build.files import FileStore
from berth.build.select import Selection
from berth.image.limits import Limits
from tests.unit.build_files.trees import Member, archive, chunks, context

ALL = Selection((".",))
ME = Caller(uid=1000)
LONG_AGO = 1_500_000_000 * 10**9


async def stream(data: bytes):
    for at in range(0, len(data), 700):
        yield data[at : at + 700]


def row(path, content="", *, kind="f", mode=0o644, when=LONG_AGO, inode=0, size=None):
    number = inode or abs(hash(path)) % 10**9
    return [
        path, kind, mode, 1000, 1000, len(content) if size is None else size, when, when, number,
        content if kind == "l" else "",
    ]  # fmt: skip


def lines(*rows) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in rows)


def run(tmp_path, scenario):
    async def whole():
        store = await ContextStore.open(tmp_path / "contexts", "this boot")
        return await scenario(store)

    return asyncio.run(whole())


def text(listing, path):
    return listing.read(path, 1000)


def test_only_what_is_new_is_wanted(tmp_path) -> None:
    async def scenario(store):
        rows = [
            row("a", "one"),
            row("d", kind="d", mode=0o755),
            row("d/b", "two"),
            row("l", "a", kind="l"),
            row("z"),
        ]
        offer = await store.offer("key", lines(*rows), ME)
        assert offer.wanted == (0, 2)
        with pytest.raises(InvalidArgument, match="the context lacks 2 files"):
            store.get(offer.id)
        await store.fill(offer.id, stream(archive({"a": "one"})))
        await store.fill(offer.id, stream(gzip.compress(archive({"d/b": "two"}))))
        listing = store.get(offer.id)
        assert [text(listing, p) for p in ("a", "d/b", "l", "z", "d", "nope")] == [
            b"one",
            b"two",
            b"one",
            b"",
            None,
            None,
        ]
        again = await store.offer("key", lines(*rows), ME)
        assert again.wanted == ()
        assert store.get(again.id).digest(ALL) == listing.digest(ALL)
        rows[0] = row("a", "other", when=LONG_AGO + 1)
        changed = await store.offer("key", lines(*rows), ME)
        assert changed.wanted == (0,)
        await store.fill(changed.id, stream(archive({"a": "other"})))
        assert text(store.get(changed.id), "a") == b"other"
        assert store.get(changed.id).digest(ALL) != listing.digest(ALL)
        return rows

    rows = run(tmp_path, scenario)

    async def after_a_restart(store):
        offer = await store.offer("key", lines(*rows), ME)
        assert offer.wanted == ()
        assert text(store.get(offer.id), "a") == b"other"

    run(tmp_path, after_a_restart)


@pytest.mark.parametrize("field", [5, 6, 7, 8])
def test_any_sign_of_a_change_makes_a_file_wanted(tmp_path, field) -> None:
    async def scenario(store):
        await store.fill(
            (await store.offer("key", lines(row("a", "one")), ME)).id, stream(archive({"a": "one"}))
        )
        changed = row("a", "one")
        changed[field] += 1
        assert (await store.offer("key", lines(changed), ME)).wanted == (0,)

    run(tmp_path, scenario)


def test_a_file_that_was_too_young_is_sent_again(tmp_path) -> None:
    # Written to again in the same tick of the clock, it would look the same.
    async def scenario(store):
        young = row("a", "one", when=time.time_ns())
        await store.fill((await store.offer("key", lines(young), ME)).id, stream(archive({"a": "one"})))
        assert (await store.offer("key", lines(young), ME)).wanted == (0,)

    run(tmp_path, scenario)


def test_what_one_user_sent_is_not_taken_for_another_s(tmp_path) -> None:
    async def scenario(store):
        secret = lines(row("secret", "hush", mode=0o600))
        first = await store.offer("key", secret, Caller(uid=1000))
        await store.fill(first.id, stream(archive({"secret": "hush"})))
        assert (await store.offer("key", secret, Caller(uid=1000))).wanted == ()
        assert (await store.offer("key", secret, Caller(uid=1001))).wanted == (0,)
        assert (await store.offer("key", secret, Caller(subject="else"))).wanted == (0,)
        assert (await store.offer("other directory", secret, Caller(uid=1000))).wanted == (0,)

    run(tmp_path, scenario)


def test_a_file_that_changes_while_it_is_sent_is_taken_as_it_came_and_not_trusted(tmp_path) -> None:
    async def scenario(store):
        offer = await store.offer("key", lines(row("a", "one")), ME)
        await store.fill(offer.id, stream(archive({"a": "longer"})))
        assert text(store.get(offer.id), "a") == b"longer"
        assert (await store.offer("key", lines(row("a", "one")), ME)).wanted == (0,)

    run(tmp_path, scenario)


def test_names_of_one_file_stay_one_file(tmp_path) -> None:
    async def scenario(store):
        offer = await store.offer(
            "key", lines(row("a", "one", inode=7), row("b", "one", inode=7), row("c", "one")), ME
        )
        await store.fill(offer.id, stream(archive({"a": "one", "b": "one", "c": "one"})))
        a, b, c = store.get(offer.id).entries
        assert a.inode == b.inode
        assert c.inode is None

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    "body",
    [
        b"{}\n", b"[1]\n", b"nonsense", b"\xff\xfe", lines(row("a", kind="x")), lines(row("../a")),
        lines(row("/a")), lines(row("a//b")), lines(row("a/./b")), lines(row("a/\0")), lines(row("")),
        lines(row("a", "x"), row("a", "y")), lines(row("a", "x", size=-1)), lines(row("a", mode=0o10000)),
        lines(row("l", "", kind="l")), lines(row("a", "x"), row("a/b", "y")), lines(row("n" * 256)),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_is_refused(tmp_path, body) -> None:
    async def scenario(store):
        with pytest.raises(InvalidArgument, match="invalid"):
            offer = await store.offer("key", body, ME)
            names = {path: "x" for path in ("a", "a/b", "../a", "/a") if path in body.decode("latin-1")}
            await store.fill(offer.id, stream(archive(names)))
            store.get(offer.id)

    run(tmp_path, scenario)


@pytest.mark.parametrize("name", ["b", "../a", "/../a", "d/../../a"])
def test_files_that_were_not_wanted_are_refused(tmp_path, name) -> None:
    async def scenario(store):
        offer = await store.offer("key", lines(row("a", "one")), ME)
        with pytest.raises(InvalidArgument):
            await store.fill(offer.id, stream(archive({name: "one"})))
        await store.fill(offer.id, stream(archive({"a": "one"})))
        with pytest.raises(InvalidArgument, match="nothing was wanted"):
            await store.fill(offer.id, stream(archive({"a": "two"})))
        with pytest.raises(NotFound):
            store.get("nope")

    run(tmp_path, scenario)


def test_a_whole_archive(tmp_path) -> None:
    async def scenario(store):
        members = {"./": Member(None, 0o750), "./d/f": "f", "l": "-> d", "/abs": "abs"}
        listing = store.get(await store.receive(stream(gzip.compress(archive(members)))))
        assert [(e.path, e.kind) for e in listing.entries] == [
            ("abs", "f"),
            ("d", "d"),
            ("d/f", "f"),
            ("l", "l"),
        ]
        assert text(listing, "l/f") == b"f"
        assert listing.find("").mode == 0o750
        assert text(listing.below("l"), "f") == b"f"
        assert listing.below("l") is listing.below("d")
        with pytest.raises(InvalidArgument, match="is not a directory of the context"):
            listing.below("abs")

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../x": "x"}, "is outside of it"),
        ({"a/../../x": "x"}, "is outside of it"),
        ({"l": "-> /etc", "l/passwd": "x"}, "which|no directory"),
        ({"a": "x", "a/b": "y"}, "no directory"),
        ({"h": Member(b"", type=tarfile.LNKTYPE, linkname="/etc/passwd")}, "which is no file"),
        ({"h": Member(b"", type=tarfile.LNKTYPE, linkname="../x")}, "is outside of it"),
        ({"x": Member(b"", type=b"V")}, "unhandled tar header type"),
        ({"n" * 300: "x"}, "impossible path"),
    ],
)
def test_hostile_archives(store, members, message) -> None:
    with pytest.raises(InvalidArgument, match=message):
        context(store, members)


def test_what_is_no_archive(tmp_path) -> None:
    async def scenario(store):
        for data in (b"FROM scratch\n" * 100, gzip.compress(b"x" * 1000), archive({"a": "a" * 3000})[:2000]):
            with pytest.raises(InvalidArgument):
                await store.receive(stream(data))
        assert os.listdir(tmp_path / "contexts/ingest") == []

    run(tmp_path, scenario)


def test_a_bomb_is_refused(tmp_path) -> None:
    root = tmp_path / "small"
    root.mkdir()
    store = FileStore(root, "boot", Limits(free_bytes=1 << 20, ratio=10))
    data = gzip.compress(archive({"zeros": Member(bytes(80 << 20))}))
    with pytest.raises(InvalidArgument, match="refused as a bomb"):
        read_context(store, chunks(data))


def test_equal_contents_are_stored_once_and_go_when_nobody_needs_them(tmp_path) -> None:
    async def scenario(store):
        body = lines(row("a", "one"), row("b", "one"))
        offer = await store.offer("key", body, ME)
        await store.fill(offer.id, stream(archive({"a": "one", "b": "one"})))
        assert await store.usage() == 3
        for path in (tmp_path / "contexts/files").rglob("*"):
            if path.is_file():
                os.utime(path, (0, 0))
        return body

    body = run(tmp_path, scenario)

    async def later(store):
        assert await store.collect(keep_bytes=3) == 0
        offer = await store.offer("key", body, ME)
        assert offer.wanted == ()
        assert await store.collect(keep_bytes=2) == 0  # a context has them
        part = store.get(offer.id).without(["b"])
        assert await store.collect(keep_bytes=2) == 0  # a part of its listing has them
        assert text(part, "a") == b"one"
        del part
        with pytest.raises(NotFound):
            store.get(offer.id)

    run(tmp_path, later)

    async def at_last(store):
        assert await store.collect(keep_bytes=2) == 3
        assert await store.usage() == 0
        assert (await store.offer("key", body, ME)).wanted == (0, 1)

    run(tmp_path, at_last)


def test_what_came_without_a_list_stays_for_a_while(tmp_path) -> None:
    async def scenario(store):
        await store.receive(stream(archive({"a": "one", "b": "three"})))
        for path in (tmp_path / "contexts/files").rglob("*"):
            if path.is_file():
                os.utime(path, (time.time() - 100,) * 2)

    run(tmp_path, scenario)

    async def later(store):
        await store.receive(stream(archive({"a": "one"})))

    run(tmp_path, later)

    async def at_last(store):
        assert await store.collect(keep_bytes=8, idle_s=200) == 0
        assert await store.collect(keep_bytes=8, idle_s=50) == 5
        assert await store.collect(keep_bytes=3, idle_s=50) == 0
        os.utime(store.files.path("sha256:" + hashlib.sha256(b"one").hexdigest()), (time.time() - 20,) * 2)
        assert await store.collect(keep_bytes=2, idle_s=50) == 3

    run(tmp_path, at_last)


def test_old_lists_are_forgotten_by_age(tmp_path) -> None:
    async def scenario(store):
        offer = await store.offer("key", lines(row("a", "one")), ME)
        await store.fill(offer.id, stream(archive({"a": "one"})))

    run(tmp_path, scenario)
    for path in (tmp_path / "contexts").rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 1000,) * 2)

    async def later(store):
        assert await store.collect(keep_bytes=1 << 40, max_age_s=2000) == 0
        assert await store.collect(keep_bytes=1 << 40, max_age_s=500) == 3

    run(tmp_path, later)


def test_a_crash_of_the_machine_empties_the_store_and_an_orderly_end_does_not(tmp_path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    store = FileStore(root, "first boot")
    kept = store.put([b"kept"]).digest
    (root / "ingest/half").write_bytes(b"ha")
    assert FileStore(root, "first boot").has(kept)  # only the daemon was killed
    assert not (root / "ingest/half").exists()
    FileStore(root, "first boot").close()
    again = FileStore(root, "second boot")
    assert again.has(kept)
    assert not FileStore(root, "third boot").has(kept)


def test_large_files_are_stored_whole_or_not_at_all(store) -> None:
    def broken():
        yield bytes(2 << 20)
        raise InvalidArgument("the sender went away")

    with pytest.raises(InvalidArgument):
        store.put(broken())
    stored = store.put(iter([bytes(1 << 20)] * 3))
    assert stored.size == 3 << 20
    assert store.usage() == 3 << 20


def test_the_digest_of_a_selection(store) -> None:
    def key(members, sources=".", **more):
        return context(store, members).digest(Selection(tuple(sources.split()), **more))

    members = {"d": None, "d/a": "a", "d/b": Member("b", mtime=5, uid=7), "x": "x"}
    first = key(members, "d")
    assert key(members | {"x": "y"}, "d") == first
    assert key(members | {"d/b": Member("b")}, "d") == first
    different = [
        key(members | {"d/a": "A"}, "d"), key(members | {"d/a": Member("a", 0o600)}, "d"),
        key(members | {"d/c": ""}, "d"), key(members, "d x"), key(members | {"d/a": "-> b"}, "d"),
        key(members, "d", excludes=("a",)), key(members, "d", parents=True),
    ]  # fmt: skip
    assert len({first, *different}) == len(different) + 1
    with pytest.raises(InvalidArgument, match="stat nope: file does not exist"):
        key(members, "nope")


def test_names_that_are_no_text(store) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", encoding="utf-8", errors="surrogateescape") as tar:
        info = tarfile.TarInfo("caf\udce9")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    listing = read_context(store, chunks(out.getvalue()))
    assert [entry.path for entry in listing.entries] == ["caf\udce9"]
    listing.digest(ALL)


def test_a_context_is_its_owner_s(tmp_path) -> None:
    """Whoever learns the id of another one's context cannot build from it, nor put files into it."""

    async def scenario(store):
        mine, other = Caller(uid=1000), Caller(uid=1001)
        offer = await store.offer("key", lines(row("a", "one")), mine)
        with pytest.raises(NotFound, match="No such build context"):
            await store.fill(offer.id, stream(archive({"a": "bad"})), other)
        await store.fill(offer.id, stream(archive({"a": "one"})), mine)
        with pytest.raises(NotFound, match="No such build context"):
            store.get(offer.id, other)
        with pytest.raises(NotFound, match="No such build context"):
            store.get(offer.id, Caller(uid=1000, subject="over TLS"))
        assert text(store.get(offer.id, mine), "a") == b"one"

    run(tmp_path, scenario)


def test_two_requests_may_bring_the_same_file(tmp_path) -> None:
    async def scenario(store):
        offer = await store.offer("key", lines(row("a", "one"), row("b", "two")), ME)
        whole = archive({"a": "one", "b": "two"})
        done = await asyncio.gather(
            *(store.fill(offer.id, stream(whole)) for _ in range(2)), return_exceptions=True
        )
        assert {type(one) for one in done} <= {type(None), InvalidArgument}
        assert text(store.get(offer.id), "b") == b"two"

    run(tmp_path, scenario)


def test_what_is_needed_again_while_it_is_swept_stays(store) -> None:
    """Contents that are brought again and again while others are swept are there when that was said."""
    stop = threading.Event()

    def sweep() -> None:
        while not stop.is_set():
            store.sweep(frozenset(), time.time() - 50)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(300):
            stored = store.put([b"content"])
            assert store.has(stored.digest)
            with contextlib.suppress(FileNotFoundError):
                os.utime(store.path(stored.digest), (time.time() - 100,) * 2)
    finally:
        stop.set()
        sweeper.join()
