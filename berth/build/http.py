"""Downloads of ADD and of build contexts: stored by content, and not fetched again while they are the same.

On disk, below the context store's root::

    downloads/<64 hex>       what a URL gave the last time: msgpack of ``Download``; the name hashes the URL
"""

import contextlib
import email.utils
import hashlib
import os
import posixpath
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from berth.base.digest import parse_digest
from berth.base.errors import Internal, InvalidArgument
from berth.build.files import FileStore, Stored
from berth.build.listing import Listing
from berth.build.tree import FILE, Entry
from berth.image.feed import run_fed
from berth.registry.address import parse_url
from berth.registry.errors import status_text
from berth.registry.http import Answer
from berth.registry.transport import Request, Transport

_LIMIT = 64 << 30
_DEFAULT_NAME = "download"
Progress = Callable[[int, int], None]
"""Told how many bytes of how many (0 when unknown) have come."""


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """What came from a URL. ``modified`` is Last-Modified in seconds since the epoch, 0 without one."""

    url: str
    name: str
    digest: str
    size: int
    etag: str = ""
    modified: int = 0


class Wanted(NamedTuple):
    """One URL. ``checksum`` is the digest that it must have, empty for any; ``limit`` the most bytes."""

    url: str
    checksum: str = ""
    limit: int = _LIMIT


class Downloads:
    """See the module."""

    def __init__(self, directory: Path, files: FileStore) -> None:
        self.directory = directory
        self._files = files
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def fetch(
        self, transport: Transport, wanted: Wanted, progress: Progress = lambda _current, _total: None
    ) -> Listing:
        """One file in a listing of its own, mode 600, as old as the server says.

        A file that is here with the right checksum is not asked for; else the server is asked whether it has
        changed. InvalidArgument for a URL or checksum that cannot be, Internal when the download fails.
        """
        if wanted.checksum:
            parse_digest(wanted.checksum)
            if not wanted.checksum.startswith("sha256:"):
                raise InvalidArgument(f"unsupported checksum {wanted.checksum!r}: only sha256 is supported")
        known = self._known(wanted.url)
        if known is None or known.digest != wanted.checksum:
            known = await self._ask(transport, wanted, known, progress)
        if wanted.checksum and known.digest != wanted.checksum:
            raise InvalidArgument(f"digest mismatch {known.digest}: {wanted.checksum}")
        self._save(known)
        entry = Entry(
            known.name, FILE, 0o600, size=known.size, mtime_ns=known.modified * 10**9, digest=known.digest
        )
        return Listing((entry,), self._files.files)

    async def _ask(
        self, transport: Transport, wanted: Wanted, known: Download | None, progress: Progress
    ) -> Download:
        # Nothing is unpacked on the way: what is stored is what the checksum speaks of.
        headers = [("Accept-Encoding", "identity"), ("Accept", "*/*")]
        if known is not None and known.etag:
            headers.append(("If-None-Match", known.etag))
        shown = shown_url(wanted.url)
        answer = await transport.send(Request("GET", parse_url(wanted.url), headers))
        try:
            if known is not None and answer.status == 304:
                return known
            if answer.status != 200:
                raise Internal(f"failed to GET {shown} with status {status_text(answer.status)}")
            chunks = _bounded(answer, wanted, progress)
            stored: Stored = await run_fed(chunks, lambda take: self._files.put(iter(take, b"")))
        finally:
            answer.close()
        return Download(
            url=wanted.url,
            name=file_name(wanted.url, answer.header("content-disposition")),
            digest=stored.digest,
            size=stored.size,
            etag=answer.header("etag"),
            modified=_seconds(answer.header("last-modified")),
        )

    def _path(self, url: str) -> Path:
        return self.directory / hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()

    def _known(self, url: str) -> Download | None:
        known = self.read(self._path(url))
        if known is None or known.url != url or not self._files.has(known.digest):
            return None
        return known

    @staticmethod
    def read(path: Path) -> Download | None:
        """A record; None when there is none, or what a crash of the machine has damaged."""
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=Download)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def _save(self, download: Download) -> None:
        path = self._path(download.url)
        self._files.replace(path, msgspec.msgpack.encode(download))


async def _bounded(answer: Answer, wanted: Wanted, progress: Progress) -> AsyncIterator[bytes]:
    length = answer.header("content-length")
    total = int(length) if length.isdecimal() else 0
    size = 0
    async for chunk in answer.chunks():
        size += len(chunk)
        if max(size, total) > wanted.limit:
            raise InvalidArgument(f"{shown_url(wanted.url)} is larger than {wanted.limit} bytes")
        progress(size, total)
        yield chunk


def shown_url(url: str) -> str:
    """A URL for messages: without user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def file_name(url: str, disposition: str = "") -> str:
    """What a download is called: as the server says, else the last part of the URL's path."""
    name = ""
    for parameter in disposition.split(";")[1:]:
        key, _, value = parameter.strip().partition("=")
        if key.lower() == "filename":
            name = posixpath.basename(value.strip().strip('"'))
    name = name or posixpath.basename(unquote(urlsplit(url).path))
    usable = name not in ("", ".", "..") and "\0" not in name and len(os.fsencode(name)) <= 255
    return name if usable else _DEFAULT_NAME


def _seconds(text: str) -> int:
    with contextlib.suppress(ValueError, OverflowError):
        return max(0, int(email.utils.parsedate_to_datetime(text).timestamp()))
    return 0
