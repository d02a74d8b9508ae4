"""What every log that can be read promises. Each check gets a ``Book``: a log and a way to write into it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from berth.logs.driver import LogDriver
from berth.logs.entry import Entry, LogQuery
from berth.wire.stdcopy import STDERR, STDOUT


class Book(Protocol):
    """``write`` is the monitor's side; ``rotate`` what a keeper does when the file is full."""

    log: LogDriver

    def write(self, *entries: Entry) -> None: ...
    def rotate(self) -> None: ...


def line(number: int, stream: int = STDOUT) -> Entry:
    return Entry(number * 1000, stream, b"line %d\n" % number)


async def read(book: Book, **query: object) -> list[Entry]:
    return [entry async for entry in book.log.read(LogQuery(**query))]


async def what_was_written_is_read(book: Book) -> None:
    book.write(line(1), line(2, STDERR), line(3))
    assert await read(book) == [line(1), line(2, STDERR), line(3)]


async def nothing_written_is_nothing_read(book: Book) -> None:
    assert await read(book) == []
    assert await read(book, tail=5) == []
    assert book.log.size() == 0


async def streams_are_chosen(book: Book) -> None:
    book.write(line(1), line(2, STDERR))
    assert await read(book, stderr=False) == [line(1)]
    assert await read(book, stdout=False) == [line(2, STDERR)]


async def times_bound_both_ends_inclusively(book: Book) -> None:
    book.write(*(line(n) for n in range(1, 6)))
    assert await read(book, since_ns=2000, until_ns=4000) == [line(2), line(3), line(4)]
    assert await read(book, since_ns=5001) == []


async def tail_counts_from_the_end(book: Book) -> None:
    book.write(*(line(n) for n in range(1, 2001)))
    for count in (0, 1, 2, 1999, 2000, 3000):
        expected = [line(n) for n in range(max(1, 2001 - count), 2001)] if count else []
        assert await read(book, tail=count) == expected, count


async def tail_counts_both_streams_before_choosing(book: Book) -> None:
    book.write(line(1), line(2, STDERR), line(3, STDERR))
    assert await read(book, tail=2, stderr=False) == []


async def tail_keeps_the_beginnings_of_its_lines(book: Book) -> None:
    book.write(line(1), Entry(2000, STDOUT, b"be"), line(3, STDERR), Entry(4000, STDOUT, b"gun\n"))
    assert await read(book, tail=1) == [Entry(2000, STDOUT, b"begun\n")]
    assert await read(book, tail=2) == [line(3, STDERR), Entry(2000, STDOUT, b"begun\n")]


async def tail_counts_a_line_without_end(book: Book) -> None:
    book.write(line(1), line(2), Entry(3000, STDOUT, b"prompt> "))
    assert await read(book, tail=1) == [Entry(3000, STDOUT, b"prompt> ")]
    assert await read(book, tail=2) == [line(2), Entry(3000, STDOUT, b"prompt> ")]


async def rotated_files_belong_to_the_log(book: Book) -> None:
    book.write(line(1), line(2))
    book.rotate()
    book.write(line(3))
    book.rotate()
    book.write(line(4))
    assert await read(book) == [line(n) for n in range(1, 5)]
    assert await read(book, tail=3) == [line(n) for n in range(2, 5)]


async def a_line_may_span_files(book: Book) -> None:
    book.write(line(1), Entry(2000, STDOUT, b"first "))
    book.rotate()
    book.write(Entry(3000, STDOUT, b"half\n"))
    whole = Entry(2000, STDOUT, b"first half\n")
    assert await read(book) == [line(1), whole]
    assert await read(book, tail=1) == [whole]


async def only_so_many_files_are_kept(book: Book) -> None:
    for number in range(1, 7):
        book.write(line(number))
        book.rotate()
    book.write(line(7))
    assert await read(book) == [line(5), line(6), line(7)]


async def joined_reading_gives_the_same_bytes(book: Book) -> None:
    book.write(*(line(n, STDERR if n % 7 == 0 else STDOUT) for n in range(1, 500)))
    book.write(Entry(600_000, STDOUT, b"a"), Entry(601_000, STDOUT, b"b\n"), Entry(602_000, STDOUT, b"c"))
    plain, joined = await read(book), await read(book, joined=True)
    for stream in (STDOUT, STDERR):
        wanted = b"".join(e.data for e in plain if e.stream == stream)
        assert b"".join(e.data for e in joined if e.stream == stream) == wanted


async def following_ends_with_the_container(book: Book) -> None:
    ended = asyncio.get_running_loop().create_future()
    book.write(line(1))
    found = book.log.read(LogQuery(follow=True), ended)
    assert await anext(found) == line(1)
    book.write(line(2))
    assert await anext(found) == line(2)
    book.write(line(3))
    ended.set_result(None)
    assert [entry async for entry in found] == [line(3)]


async def following_goes_through_rotations(book: Book) -> None:
    ended = asyncio.get_running_loop().create_future()
    found = book.log.read(LogQuery(follow=True, tail=0), ended)
    book.write(line(1))
    waiting = asyncio.ensure_future(anext(found))
    await asyncio.sleep(0)  # let it find the end of what is there
    for number in range(2, 5):
        book.write(line(number))
        if number == 2:
            first = await waiting
        book.rotate()
        book.write(line(number * 10))
        got = [await anext(found), await anext(found)] if number > 2 else [await anext(found)]
        assert got[-1] == line(number * 10)
    assert first == line(2)
    book.write(Entry(99_000, STDOUT, b"open"))
    ended.set_result(None)
    assert [entry async for entry in found] == [Entry(99_000, STDOUT, b"open")]


async def following_stops_at_until(book: Book) -> None:
    ended = asyncio.get_running_loop().create_future()
    book.write(line(1), line(2), line(3))
    found = book.log.read(LogQuery(follow=True, until_ns=2000), ended)
    assert [entry async for entry in found] == [line(1), line(2)]


async def following_what_does_not_run_ends(book: Book) -> None:
    book.write(line(1))
    assert await read(book, follow=True) == [line(1)]


async def a_removed_log_is_empty(book: Book) -> None:
    book.write(line(1))
    book.rotate()
    book.write(line(2))
    book.log.remove()
    book.log.remove()
    assert await read(book) == []


CHECKS: tuple[Callable[[Book], Awaitable[None]], ...] = (
    what_was_written_is_read,
    nothing_written_is_nothing_read,
    streams_are_chosen,
    times_bound_both_ends_inclusively,
    tail_counts_from_the_end,
    tail_counts_both_streams_before_choosing,
    tail_keeps_the_beginnings_of_its_lines,
    tail_counts_a_line_without_end,
    rotated_files_belong_to_the_log,
    a_line_may_span_files,
    only_so_many_files_are_kept,
    joined_reading_gives_the_same_bytes,
    following_ends_with_the_container,
    following_goes_through_rotations,
    following_stops_at_until,
    following_what_does_not_run_ends,
    a_removed_log_is_empty,
)
