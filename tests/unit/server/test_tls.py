"""TLS: half-close in both directions, client certificates, bytes that are no TLS."""

import asyncio
import shutil
import socket
import ssl
import subprocess

import pytest

from berth.server.listen import listen_tcp
from berth.server.message import Answer, Request, Response, Takeover
from berth.server.rawstream import RawStream
from berth.server.server import HttpServer
from berth.server.tls import server_context

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A certificate that is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=somebody", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def converse(pair, handler, talk, *, verify=False, client_cert=True):
    """Serve ``handler`` over TLS and run the blocking ``talk(tls_socket)`` in a thread."""
    cert, key = pair

    def client(port: int):
        context = ssl.create_default_context(cafile=cert)
        if client_cert:
            context.load_cert_chain(cert, key)
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        with context.wrap_socket(raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as tls:
            return talk(tls)

    async def main():
        listener = listen_tcp("127.0.0.1", 0)
        server = HttpServer(handler)
        await server.serve(listener, server_context(cert, key, cert, verify=verify))
        try:
            return await asyncio.to_thread(client, listener.socket.getsockname()[1])
        finally:
            await server.close()

    return asyncio.run(main())


async def take(request: Request) -> Answer:
    async def shout(stream: RawStream) -> None:
        size = 0
        while data := await stream.read():
            size += len(data)
            await stream.write(data.upper())
        await stream.write(f"<eof after {size}>".encode())

    return Takeover([], shout)


class HalfClosingClient:
    """A TLS client that can send close_notify and read on, as Go's crypto/tls does with CloseWrite.

    Python's own sockets try to read the other side's close_notify at once and trip over data instead.
    """

    def __init__(self, raw, context):
        self.raw = raw
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
        self._until_done(self.tls.do_handshake)

    def _until_done(self, step):
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self.raw.recv(65536)
                self.incoming.write(data) if data else self.incoming.write_eof()
                continue
            self._flush()
            return result

    def _flush(self):
        self.raw.sendall(self.outgoing.read())

    def send(self, data):
        self.tls.write(data)
        self._flush()

    def close_write(self):
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()
        self._flush()

    def recv(self):
        try:
            return self._until_done(lambda: self.tls.read(65536))
        except ssl.SSLZeroReturnError:
            return b""


def test_client_may_stop_sending_and_still_listen(pair):
    """What asyncio's own TLS cannot do: stdin ends, output goes on, and ends with close_notify."""
    cert, key = pair

    def talk(port):
        context = ssl.create_default_context(cafile=cert)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            client = HalfClosingClient(raw, context)
            client.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nearly")
            received = b""
            while b"EARLY" not in received:
                received += client.recv()
            client.close_write()
            while data := client.recv():
                received += data
            return received

    async def main():
        listener = listen_tcp("127.0.0.1", 0)
        server = HttpServer(take)
        await server.serve(listener, server_context(cert, key))
        try:
            return await asyncio.to_thread(talk, listener.socket.getsockname()[1])
        finally:
            await server.close()

    assert asyncio.run(main()).endswith(b"<eof after 5>")


def test_large_transfer_both_ways(pair):
    payload = bytes(range(97, 123)) * 40_000

    async def handler(request: Request) -> Answer:
        return Response(200, [("Connection", "close")], (await request.body.read()).upper())

    def talk(tls):
        tls.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(payload) + payload)
        received = bytearray()
        while data := tls.recv(65536):
            received += data
        return bytes(received)

    assert converse(pair, handler, talk).partition(b"\r\n\r\n")[2] == payload.upper()


async def whoami(request: Request) -> Answer:
    caller = request.caller
    return Response(200, [("Connection", "close")], f"{caller.uid} {caller.subject}".encode())


def ask(tls):
    tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    received = b""
    while data := tls.recv(1000):
        received += data
    return received


def test_verified_client_is_known_by_its_subject(pair):
    assert converse(pair, whoami, ask, verify=True).endswith(b"\r\n\r\n-1 somebody")


def test_client_without_certificate_is_refused(pair):
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        converse(pair, whoami, ask, verify=True, client_cert=False)


def test_plain_http_to_a_tls_port_is_cut_off(pair):
    cert, key = pair

    def plain(port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while data := raw.recv(1000):
                received += data
            return received

    async def main():
        listener = listen_tcp("127.0.0.1", 0)
        server = HttpServer(whoami)
        await server.serve(listener, server_context(cert, key))
        try:
            return await asyncio.to_thread(plain, listener.socket.getsockname()[1])
        finally:
            await server.close()

    assert b"HTTP" not in asyncio.run(main())
