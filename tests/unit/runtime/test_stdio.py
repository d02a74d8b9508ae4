"""The hub that shares one process's streams."""

import asyncio

from berth.runtime.stdio import BUFFER_LIMIT, STALL_LIMIT_S, OutputHub
from berth.wire.stdcopy import STDERR, STDOUT


def run(case):
    return asyncio.run(case())


def test_streams_are_chosen():
    async def case():
        hub = OutputHub()
        both = hub.attach(stdout=True, stderr=True, stdin=None)
        errors = hub.attach(stdout=False, stderr=True, stdin=None)
        hub.feed(STDOUT, b"a")
        hub.feed(STDERR, b"b")
        hub.finish()
        assert [tuple(c) async for c in both] == [(STDOUT, b"a"), (STDERR, b"b")]
        assert [tuple(c) async for c in errors] == [(STDERR, b"b")]

    run(case)


def test_what_has_gathered_is_joined():
    async def case():
        hub = OutputHub()
        client = hub.attach(stdout=True, stderr=True, stdin=None)
        for piece in (b"a", b"b", b"c"):
            hub.feed(STDOUT, piece)
        hub.feed(STDERR, b"d")
        hub.finish()
        assert [tuple(c) async for c in client] == [(STDOUT, b"abc"), (STDERR, b"d")]

    run(case)


def test_a_full_client_holds_the_reader_back_until_there_is_room():
    async def case():
        rooms = []
        hub = OutputHub(on_room=lambda: rooms.append(True))
        slow = hub.attach(stdout=True, stderr=True, stdin=None)
        piece = b"x" * (1 << 20)
        fed = 0
        while hub.feed(STDOUT, piece):
            fed += len(piece)
        assert fed + len(piece) == BUFFER_LIMIT
        assert rooms == []
        while slow.buffered > BUFFER_LIMIT // 2:
            await anext(slow)
        await anext(slow)
        assert rooms == [True]
        assert hub.feed(STDOUT, b"y")
        slow.close()

    run(case)


def test_a_full_client_that_leaves_makes_room():
    async def case():
        rooms = []
        hub = OutputHub(on_room=lambda: rooms.append(True))
        slow = hub.attach(stdout=True, stderr=True, stdin=None)
        assert not hub.feed(STDOUT, b"x" * BUFFER_LIMIT)
        slow.close()
        assert rooms == [True]
        assert hub.clients == 0

    run(case)


def test_a_client_that_takes_nothing_is_cut_off():
    async def case():
        loop = asyncio.get_running_loop()
        hub = OutputHub()
        stalled = hub.attach(stdout=True, stderr=True, stdin=None)
        hub.feed(STDOUT, b"x" * BUFFER_LIMIT)
        due = [h for h in loop._scheduled if h.when() - loop.time() > STALL_LIMIT_S / 2]
        assert len(due) == 1
        due[0]._run()
        assert stalled.stalled
        assert hub.clients == 0
        assert [c async for c in stalled] == []

    run(case)


def test_the_last_client_is_noticed():
    async def case():
        idle = []
        hub = OutputHub(on_idle=lambda: idle.append(True))
        first = hub.attach(stdout=True, stderr=True, stdin=None)
        second = hub.attach(stdout=True, stderr=True, stdin=None)
        first.close()
        assert idle == []
        second.close()
        assert idle == [True]

    run(case)


class Input:
    def __init__(self):
        self.data = b""
        self.closed = 0

    async def write(self, data):
        self.data += data

    def close_stdin(self):
        self.closed += 1


def test_input_is_given_once_and_ended_once():
    async def case():
        hub, source = OutputHub(), Input()
        client = hub.attach(stdout=True, stderr=True, stdin=source)
        await client.write(b"a")
        client.close_stdin()
        await client.write(b"b")
        client.close()
        assert (source.data, source.closed) == (b"a", 1)

    run(case)


def test_after_the_end_clients_get_nothing():
    async def case():
        hub = OutputHub()
        hub.finish()
        assert [c async for c in hub.attach(stdout=True, stderr=True, stdin=None)] == []

    run(case)
