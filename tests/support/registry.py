"""A registry of the tests' own: it keeps blobs in memory, counts what it sends, and misbehaves on request."""

import gzip
import hashlib
import json
import math
import re
import socket
import ssl
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.support.archive import ImageArchive

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Seen(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]


class Canned(NamedTuple):
    """An answer given in place of the right one."""

    status: int
    headers: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, never changed
    body: bytes = b""


@dataclass
class Manners:
    """How it behaves.

    ``canned`` is asked first: what it returns is the answer. ``cut`` is the part of an answer with a blob
    after which the connection breaks, ``cuts`` how often (None: always), ``cut_only`` for which blobs.
    ``hang`` lists substrings of paths whose answers never come. ``ignore_range`` sends blobs from their
    beginning always. ``cut_uploads`` breaks so many uploads after ``cut_upload_bytes``.
    """

    canned: Callable[[Seen], Canned | None] = lambda _: None
    cut: float | None = None
    cuts: int | None = None
    cut_only: str = "sha256:"
    hang: tuple[str, ...] = ()
    ignore_range: bool = False
    cut_uploads: int = 0
    cut_upload_bytes: int = 100_000
    mounts: bool = True


@dataclass
class FakeRegistry:
    """Serves from construction of ``serve`` to ``close``."""

    manners: Manners = field(default_factory=Manners)
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    sent: int = 0
    received: int = 0
    pause: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> "FakeRegistry":
        """Listen on a free port; call it in the network namespace where it shall be found."""
        registry = self

        class Bound(_Handler):
            fake = registry

        self._server = _Server((host, 0), Bound)
        if tls is not None:
            # The handshake is made by the thread of the connection: a client may be slow at it.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __enter__(self) -> "FakeRegistry":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.pause.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``, as in image names."""
        address = self._server.server_address
        return f"{address[0]!s}:{address[1]}"

    def paths(self, method: str = "") -> list[str]:
        """The paths that were asked for."""
        return [one.path for one in self.seen if method in ("", one.method)]

    def put_blob(self, data: bytes) -> str:
        self.blobs[digest(data)] = data
        return digest(data)

    def put_manifest(self, repository: str, reference: str, document: Any, media_type: str) -> str:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.manifests[repository, reference] = (data, media_type)
        self.manifests[repository, digest(data)] = (data, media_type)
        return digest(data)

    def put_image(
        self,
        image: ImageArchive,
        repository: str,
        tag: str,
        *,
        oci: bool = False,
        compress: Callable[[bytes], bytes] | None = lambda data: gzip.compress(data, 1, mtime=0),
        suffix: str = "+gzip",
    ) -> str:
        """Serve an image under a tag; the digest of its manifest."""
        layers = []
        for layer in image.layers:
            blob = compress(layer) if compress else layer
            kind = OCI_LAYER + (suffix if compress else "") if oci else DOCKER_LAYER
            layers.append({"mediaType": kind, "size": len(blob), "digest": self.put_blob(blob)})
        config = image.configuration()
        kind = OCI_MANIFEST if oci else DOCKER_MANIFEST
        document = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {
                "mediaType": OCI_CONFIG if oci else DOCKER_CONFIG,
                "size": len(config),
                "digest": self.put_blob(config),
            },
            "layers": layers,
        }
        return self.put_manifest(repository, tag, document, kind)

    def layer_digests(self, repository: str, tag: str) -> list[str]:
        return [layer["digest"] for layer in json.loads(self.manifests[repository, tag][0])["layers"]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed are what many tests are about."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeRegistry

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""

    def do_GET(self) -> None:
        self._handle()

    do_HEAD = do_POST = do_PATCH = do_PUT = do_GET

    def _handle(self) -> None:
        try:
            self._dispatch()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _dispatch(self) -> None:
        fake = self.fake
        seen = Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
        with fake.lock:
            fake.seen.append(seen)
        if any(part in self.path for part in fake.manners.hang):
            fake.pause.wait(60)
            self.close_connection = True
            return
        canned = fake.manners.canned(seen)
        if canned is not None:
            self._body()
            self._send(canned.status, canned.body, canned.headers)
            return
        path = urlsplit(self.path).path
        if path == "/v2/":
            self._send(200, b"{}")
        elif match := re.fullmatch(r"/v2/(.+)/manifests/(.+)", path):
            self._manifest(match[1], match[2])
        elif match := re.fullmatch(r"/v2/(.+)/blobs/(sha256:[0-9a-f]+)", path):
            self._blob(match[2])
        elif match := re.fullmatch(r"/v2/(.+)/blobs/uploads/(.*)", path):
            self._upload(match[1], match[2])
        elif match := re.fullmatch(r"/v2/(.+)/tags/list", path):
            tags = sorted(ref for name, ref in fake.manifests if name == match[1] and ":" not in ref)
            self._send(200, json.dumps({"name": match[1], "tags": tags}).encode())
        elif path == "/v2/_catalog":
            names = sorted({name for name, _ in fake.manifests})
            self._send(200, json.dumps({"repositories": names}).encode())
        else:
            self._refuse(404, "UNSUPPORTED")

    def _manifest(self, repository: str, reference: str) -> None:
        if self.command == "PUT":
            data = self._body()
            self.fake.put_manifest(repository, reference, data, self.headers["Content-Type"])
            self._send(201, b"", {"Docker-Content-Digest": digest(data)})
            return
        found = self.fake.manifests.get((repository, reference))
        if found is None:
            self._refuse(404, "MANIFEST_UNKNOWN")
            return
        self._send(200, found[0], {"Content-Type": found[1], "Docker-Content-Digest": digest(found[0])})

    def _blob(self, name: str) -> None:
        data = self.fake.blobs.get(name)
        if data is None:
            self._refuse(404, "BLOB_UNKNOWN")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and not self.fake.manners.ignore_range else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if self.command == "HEAD":
            return
        rest = data[start:]
        manners = self.fake.manners
        if manners.cut is not None and manners.cuts != 0 and manners.cut_only in name:
            if manners.cuts is not None:
                manners.cuts -= 1
            rest = rest[: math.ceil(len(rest) * manners.cut)]
            self.close_connection = True
        for at in range(0, len(rest), 65536):
            piece = rest[at : at + 65536]
            self.wfile.write(piece)
            with self.fake.lock:
                self.fake.sent += len(piece)

    def _upload(self, repository: str, name: str) -> None:
        fake = self.fake
        query = parse_qs(urlsplit(self.path).query)
        if self.command == "POST":
            self._body()
            mounted = query.get("mount", [""])[0]
            if mounted in fake.blobs and fake.manners.mounts:
                self._send(201, b"", {"Location": f"/v2/{repository}/blobs/{mounted}"})
                return
            name = uuid.uuid4().hex
            fake.uploads[name] = bytearray()
            self._send(202, b"", {"Location": f"/v2/{repository}/blobs/uploads/{name}?_state=x"})
            return
        if name not in fake.uploads:
            self._refuse(404, "BLOB_UPLOAD_UNKNOWN")
            return
        upload = fake.uploads[name]
        where = {
            "Location": f"/v2/{repository}/blobs/uploads/{name}?_state=x",
            "Range": f"0-{max(0, len(upload) - 1)}",
        }
        if self.command == "GET":
            self._send(204, None, where)
            return
        if self.command == "PATCH" and fake.manners.cut_uploads:
            fake.manners.cut_uploads -= 1
            self._receive(upload, fake.manners.cut_upload_bytes)
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._receive(upload)
        if self.command == "PATCH":
            self._send(202, b"", where | {"Range": f"0-{max(0, len(upload) - 1)}"})
            return
        data, wanted = bytes(fake.uploads.pop(name)), query["digest"][0]
        if digest(data) != wanted:
            self._refuse(400, "DIGEST_INVALID")
            return
        fake.put_blob(data)
        self._send(201, b"", {"Location": f"/v2/{repository}/blobs/{wanted}"})

    def _receive(self, upload: bytearray, limit: int | None = None) -> None:
        """The body into ``upload``, at most ``limit`` bytes of it."""
        left = limit
        for piece in self._pieces():
            taken = piece if left is None else piece[:left]
            upload += taken
            self.fake.received += len(taken)
            if left is not None:
                left -= len(taken)
                if left <= 0:
                    return

    def _body(self) -> bytes:
        return b"".join(self._pieces())

    def _pieces(self) -> Any:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self._line(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line:
            raise ConnectionResetError("the client has gone in the middle of a body")
        return line

    def _refuse(self, status: int, code: str) -> None:
        message = code.lower().replace("_", " ")
        body = {"errors": [{"code": code, "message": message, "detail": None}]}
        self._send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes | None, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)
