"""A proxy that leads every name to places of the test's choice, and remembers what it was asked."""

import contextlib
import socket
import threading
from collections.abc import Mapping
from socketserver import StreamRequestHandler, ThreadingTCPServer

Address = tuple[str, int]


class FakeProxy:
    """``places`` maps ``host:port`` of a request to where it is; ``refusal`` is the status line of a proxy
    that lets nobody through. ``seen`` holds the heads of requests."""

    def __init__(self, places: Mapping[str, Address], refusal: str = "") -> None:
        self.places = dict(places)
        self.refusal = refusal
        self.seen: list[list[str]] = []

    def __enter__(self) -> "FakeProxy":
        proxy = self

        class Bound(_Handler):
            fake = proxy

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def lines(self) -> list[str]:
        """The first lines of what it was asked."""
        return [head[0] for head in self.seen]


class _Handler(StreamRequestHandler):
    fake: FakeProxy

    def handle(self) -> None:
        head: list[str] = []
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            head.append(line)
        if not head:
            return
        self.fake.seen.append(head)
        method, target, _ = head[0].split(" ")
        if self.fake.refusal:
            self.wfile.write(f"HTTP/1.1 {self.fake.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        place = target if method == "CONNECT" else target.split("/")[2]
        with socket.create_connection(self.fake.places[place], 10) as there:
            if method == "CONNECT":
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = "/" + target.split("/", 3)[3]
                lines = [f"{method} {path} HTTP/1.1", *head[1:], "Connection: close", "", ""]
                there.sendall("\r\n".join(lines).encode())
            back = threading.Thread(target=_copy, args=(there, self.connection), daemon=True)
            back.start()
            _copy(self.connection, there)
            back.join(10)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
