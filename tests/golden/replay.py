"""A daemon that only knows prepared answers, on a unix socket: what the golden tests talk to.

Answers are kept by ``METHOD PATH?QUERY`` without the API version; an entry without a query answers every
query that has none of its own. ``{"$ago": n}`` inside a JSON answer becomes the Unix time n seconds ago,
``{"$ago_text": n}`` the same as RFC 3339, so that "2 hours ago" stays true.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

API_VERSION = "1.50"
_HEADERS = {"Api-Version": API_VERSION, "Ostype": "linux", "Server": "Docker/28.0.0 (linux)"}


def ages(value: Any) -> set[int]:
    """Every age inside an answer."""
    if isinstance(value, dict):
        if "$ago" in value or "$ago_text" in value:
            return set(value.values())
        return set().union(*map(ages, value.values()))
    return set().union(*map(ages, value)) if isinstance(value, list) else set()


def moved(text: str, found: set[int], recorded: int, now: int) -> str:
    """A recorded output with its moments as they would be, had it been recorded ``now``."""
    for age in found:
        for layout in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
            before, after = (time.strftime(layout, time.gmtime(base - age)) for base in (recorded, now))
            text = text.replace(before, after)
    return text


def filled(value: Any, now: int) -> Any:
    """The value with every age replaced by a moment."""
    if isinstance(value, dict):
        if "$ago" in value:
            return now - value["$ago"]
        if "$ago_text" in value:
            return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now - value["$ago_text"])) + ".5Z"
        return {key: filled(item, now) for key, item in value.items()}
    return [filled(item, now) for item in value] if isinstance(value, list) else value


class ReplayServer:
    """Answers requests until closed; ``unknown`` lists those it had no answer for."""

    def __init__(self, path: str, answers: Mapping[str, Any]) -> None:
        self.path = path
        self.answers = answers
        self.now = int(time.time())
        self.unknown: list[str] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> "ReplayServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
        os.unlink(self.path)

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            first = stream.readline().decode()
            length, chunked = 0, False
            while (header := stream.readline()) not in (b"\r\n", b""):
                name, _, value = header.decode().partition(":")
                length = int(value) if name.lower() == "content-length" else length
                chunked = chunked or name.lower() == "transfer-encoding"
            if not first:
                return
            if chunked:
                while size := int(stream.readline(), 16):
                    stream.read(size + 2)
                stream.readline()
            else:
                stream.read(length)
            method, target, _ = first.split(" ")
            try:
                stream.write(self._answer(method, target))
            except (BrokenPipeError, ConnectionResetError):
                return

    def _answer(self, method: str, target: str) -> bytes:
        path = target
        if path.startswith("/v1."):
            path = path[path.index("/", 1) :]
        if path == "/_ping":
            return _response(200, "text/plain", b"" if method == "HEAD" else b"OK", method)
        found = self.answers.get(f"{method} {path}")
        if found is None:
            found = self.answers.get(f"{method} {path.partition('?')[0]}")
        if found is None:
            self.unknown.append(f"{method} {path}")
            found = {"status": 404, "json": {"message": "page not found"}}
        if "text" in found:
            body = found["text"].encode()
        else:
            body = (json.dumps(filled(found["json"], self.now)) + "\n").encode()
        return _response(found.get("status", 200), found.get("type", "application/json"), body, method)


def _response(status: int, kind: str, body: bytes, method: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name}: {value}" for name, value in _HEADERS.items()]
    if status != 204:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
    return head if method == "HEAD" or status == 204 else head + body
