"""The server over real unix and TCP sockets, with clients that write bytes by hand."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from berth.base.errors import InvalidArgument
from berth.server import connection as connection_module
from berth.server.listen import listen_tcp, listen_unix
from berth.server.message import Answer, Request, Response, StreamResponse, Takeover
from berth.server.rawstream import RawStream
from berth.server.server import HttpServer

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Case = Callable[[Callable[[], Awaitable[Client]]], Awaitable[None]]


def run(tmp_path, handler, case: Case, *, tcp: bool = False) -> None:
    """Serve ``handler`` on a socket and run ``case`` with a way to open connections to it."""

    async def main() -> None:
        listener = listen_tcp("127.0.0.1", 0) if tcp else listen_unix(str(tmp_path / "s"))
        server = HttpServer(handler)
        await server.serve(listener)
        writers: list[asyncio.StreamWriter] = []

        async def connect() -> Client:
            if tcp:
                port = listener.socket.getsockname()[1]
                client = await asyncio.open_connection("127.0.0.1", port)
            else:
                client = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writers.append(client[1])
            return client

        try:
            async with asyncio.timeout(20):
                await case(connect)
        finally:
            for writer in writers:
                writer.close()
            await server.close()

    asyncio.run(main())


async def head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers of the next answer."""
    raw = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = raw.strip().split("\r\n")
    return int(first.split()[1]), {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One answer with Content-Length."""
    status, headers = await head(reader)
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


async def echo(request: Request) -> Answer:
    body = await request.body.read()
    text = f"{request.method} {request.path} {request.query.get('a')} ".encode()
    return Response(200, [("Content-Type", "text/plain")], text + body)


def test_keep_alive_and_pipelining(tmp_path):
    async def case(connect):
        reader, writer = await connect()
        writer.write(b"GET /one?a=1%202 HTTP/1.1\r\nHost: x\r\n\r\nPOST /t%2Fwo HTTP/1.1\r\nHost: x\r\n")
        writer.write(b"Content-Length: 3\r\n\r\nabcGET /three HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await answer(reader))[2] == b"GET /one 1 2 "
        status, headers, body = await answer(reader)
        assert (status, body, headers["content-type"]) == (200, b"POST /t/wo  abc", "text/plain")
        assert headers["date"].endswith("GMT")
        assert (await answer(reader))[2] == b"GET /three  "

    run(tmp_path, echo, case)


def test_chunked_body_arrives_as_a_stream(tmp_path):
    seen: list[bytes] = []

    async def handler(request: Request) -> Answer:
        async for chunk in request.body:
            seen.append(chunk)  # noqa: PERF401 - one by one is the point
        return Response(200)

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        while not seen:
            await asyncio.sleep(0)
        writer.write(b"2\r\nde\r\n0\r\n\r\n")
        assert (await answer(reader))[0] == 200
        assert b"".join(seen) == b"abcde"

    run(tmp_path, handler, case)


def test_slow_handler_makes_the_client_wait(tmp_path):
    """The server must not take the whole body into memory while the handler does not read."""
    go = asyncio.Event()
    sizes: list[int] = []

    async def handler(request: Request) -> Answer:
        await go.wait()
        sizes.append(sum([len(chunk) async for chunk in request.body]))
        return Response(200)

    total = 32 << 20

    async def case(connect):
        reader, writer = await connect()
        writer.transport.set_write_buffer_limits(high=0)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % total)
        writer.write(bytes(total))
        drained = asyncio.ensure_future(writer.drain())
        for _ in range(200):  # far more turns than the kernel's and the server's buffers take
            await asyncio.sleep(0)
        assert not drained.done()
        assert writer.transport.get_write_buffer_size() > total - (4 << 20)
        go.set()
        await drained
        assert (await answer(reader))[0] == 200
        assert sizes == [total]

    run(tmp_path, handler, case)


def test_expect_continue_is_answered_when_the_body_is_wanted(tmp_path):
    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert (await head(reader))[0] == 100
        writer.write(b"hi")
        assert (await answer(reader))[2].endswith(b"hi")

    run(tmp_path, echo, case)


def test_expect_continue_of_an_unwanted_body_closes(tmp_path):
    async def handler(request: Request) -> Answer:
        return Response(404, [], b"no")

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        status, headers, body = await answer(reader)
        assert (status, headers["connection"], body) == (404, "close", b"no")
        assert await reader.read() == b""

    run(tmp_path, handler, case)


@pytest.mark.parametrize("size", [1000, 8 << 20])
def test_unread_body_does_not_cost_the_answer(tmp_path, size):
    async def handler(request: Request) -> Answer:
        return Response(400, [], b"refused")

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
        assert (await answer(reader))[2] == b"refused"
        if size < connection_module.LEFTOVER_LIMIT:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await answer(reader))[2] == b"refused"
        else:
            assert await reader.read() == b""

    run(tmp_path, handler, case)


def test_stream_flushes_every_chunk(tmp_path):
    step = asyncio.Event()

    async def handler(request: Request) -> Answer:
        async def chunks() -> AsyncIterator[bytes]:
            await step.wait()
            yield b"one"
            step.clear()
            await step.wait()
            yield b""
            yield b"two"

        return StreamResponse(200, [], chunks())

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        status, headers = await head(reader)  # before any chunk exists
        assert (status, headers["transfer-encoding"]) == (200, "chunked")
        step.set()
        assert await reader.readexactly(8) == b"3\r\none\r\n"
        step.set()
        assert await reader.readexactly(13) == b"3\r\ntwo\r\n0\r\n\r\n"
        writer.write(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await head(reader))[0] == 200

    run(tmp_path, handler, case)


def test_http_1_0_stream_ends_with_the_connection(tmp_path):
    async def handler(request: Request) -> Answer:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        return StreamResponse(200, [], chunks())

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        await head(reader)
        assert await reader.read() == b"onetwo"

    run(tmp_path, handler, case)


def test_failing_stream_breaks_the_connection(tmp_path):
    async def handler(request: Request) -> Answer:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            raise ConnectionError("the source is gone")

        return StreamResponse(200, [], chunks())

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await head(reader)
        assert await reader.read() == b"3\r\none\r\n"

    run(tmp_path, handler, case)


@pytest.mark.parametrize("how", ["close", "half-close then close"])
@pytest.mark.parametrize("kind", ["plain", "stream", "takeover"])
def test_work_ends_when_the_client_goes_away(tmp_path, kind, how):
    started, ended, eof = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def forever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def handler(request: Request) -> Answer:
        async def chunks() -> AsyncIterator[bytes]:
            await forever()
            yield b""

        async def talk(stream: RawStream) -> None:
            started.set()
            try:
                while await stream.read():
                    pass
                eof.set()
                await asyncio.Event().wait()
            finally:
                ended.set()

        if kind == "plain":
            await forever()
        return Takeover([], talk) if kind == "takeover" else StreamResponse(200, [], chunks())

    async def case(connect):
        _, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await started.wait()
        if how != "close":
            writer.write_eof()
            if kind == "takeover":
                await eof.wait()
            for _ in range(20):
                await asyncio.sleep(0)
            assert not ended.is_set()
        writer.close()
        await ended.wait()

    run(tmp_path, handler, case)


def test_over_tcp_a_stream_ends_at_half_close(tmp_path):
    ended = asyncio.Event()

    async def handler(request: Request) -> Answer:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                await asyncio.Event().wait()
                yield b""
            finally:
                ended.set()

        return StreamResponse(200, [], chunks())

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await head(reader)
        writer.write_eof()
        await ended.wait()

    run(tmp_path, handler, case, tcp=True)


def test_half_closed_client_gets_its_answer(tmp_path):
    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        writer.write_eof()
        assert (await answer(reader))[2] == b"POST /p  hi"
        assert await reader.read() == b""

    run(tmp_path, echo, case)


async def shout(stream: RawStream) -> None:
    """Answer in capitals until end of file, then say so."""
    while data := await stream.read():
        await stream.write(data.upper())
    await stream.write(b"<eof>")


async def take(request: Request) -> Answer:
    await request.body.read()
    return Takeover([("Content-Type", "application/x")], shout)


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("upgrade", [False, True])
def test_takeover_keeps_early_bytes_and_half_close(tmp_path, upgrade, tcp):
    asked = b"Connection: Upgrade\r\nUpgrade: tcp\r\n" if upgrade else b""

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + asked + b"\r\n{}early ")
        status, headers = await head(reader)
        assert status == (101 if upgrade else 200)
        assert headers["content-type"] == "application/x"
        assert ("upgrade" in headers) == upgrade
        assert await reader.readexactly(6) == b"EARLY "
        writer.write(b"late")
        assert await reader.readexactly(4) == b"LATE"
        writer.write_eof()
        assert await reader.read() == b"<eof>"

    run(tmp_path, take, case, tcp=tcp)


def test_takeover_output_survives_unread_input(tmp_path):
    """A client that pours stdin into a process that ends without reading it must still get the output."""

    async def talk(stream: RawStream) -> None:
        await stream.read()
        await stream.write(b"result")

    async def handler(request: Request) -> Answer:
        return Takeover([], talk)

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n" + bytes(1 << 20))
        await head(reader)
        assert await reader.read() == b"result"

    run(tmp_path, handler, case)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/x\r\nHost: x\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA" + b"a" * (300 << 10), 431),
        (b"G" * (300 << 10), 431),
    ],
)
def test_what_is_no_http_is_refused_in_one_line(tmp_path, sent, status):
    async def case(connect):
        reader, writer = await connect()
        writer.write(sent)
        got, headers, body = await answer(reader)
        assert got == status
        assert headers["connection"] == "close"
        assert body.count(b"\n") == 1
        assert b"Traceback" not in body
        assert await reader.read() == b""

    run(tmp_path, echo, case)


@pytest.mark.parametrize("sent", [b"zz\r\n", b"5\r\nabc"])
def test_broken_body_is_the_clients_fault(tmp_path, sent):
    seen: list[InvalidArgument] = []

    async def handler(request: Request) -> Answer:
        try:
            await request.body.read()
        except InvalidArgument as error:
            seen.append(error)
            return Response(400, [], str(error).encode())
        return Response(200)

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + sent)
        writer.write_eof()
        with contextlib.suppress(asyncio.IncompleteReadError):
            assert (await answer(reader))[0] == 400
        assert len(seen) == 1

    run(tmp_path, handler, case)


def test_caller_is_who_the_kernel_says(tmp_path):
    async def handler(request: Request) -> Answer:
        caller = request.caller
        return Response(200, [], f"{caller.uid} {caller.gid} {caller.pid} {caller.subject}".encode())

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await answer(reader))[2] == f"{os.getuid()} {os.getgid()} {os.getpid()} ".encode()

    run(tmp_path, handler, case)


def test_close_waits_for_requests_in_progress(tmp_path):
    started, go = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Answer:
        started.set()
        await go.wait()
        return Response(200, [("Connection", "close")], b"done")

    async def main() -> None:
        path = tmp_path / "s"
        server = HttpServer(handler)
        await server.serve(listen_unix(str(path)))
        reader, writer = await asyncio.open_unix_connection(str(path))
        idle_reader, idle_writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await started.wait()
        closing = asyncio.ensure_future(server.close(grace_s=10))
        assert await idle_reader.read() == b""
        assert not path.exists()
        with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
            await asyncio.open_unix_connection(str(path))
        go.set()
        assert (await answer(reader))[2] == b"done"
        writer.close()
        idle_writer.close()
        await closing

    asyncio.run(main())


def test_absolute_target_and_repeated_headers(tmp_path):
    async def handler(request: Request) -> Answer:
        return Response(200, [], f"{request.path} {request.query.all('a')} {request.headers['x']}".encode())

    async def case(connect):
        reader, writer = await connect()
        writer.write(b"GET http://host:1/v1.40/info?a=1&a=&b HTTP/1.1\r\nHost: x\r\nX: 1\r\nX: 2\r\n\r\n")
        assert (await answer(reader))[2] == b"/v1.40/info ['1', ''] 1, 2"

    run(tmp_path, handler, case)
