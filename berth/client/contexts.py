"""Bringing a directory to the daemon: what it saw last time is not sent again.

Two requests: the list of what is there, which the daemon answers with what it has not got, and those files
as a tar. A daemon that does not know these requests gets the whole directory as a tar (``whole``).
"""

import posix

from berth.base.errors import BerthError
from berth.client.context import NotText, to_lines
from berth.client.errors import ApiError
from berth.client.target import quote_path
from berth.client.tarstream import DIRECTORY, END, LINK, file_member, header

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from berth.client.client import Client
    from berth.client.context import Row

    Progress = Callable[[int], None]

_UNKNOWN = (404, 405, 501)


class Unsupported(BerthError):
    """The context can only go as one tar: the daemon knows nothing else, or a name in it is no text."""


class SentContext:
    """A context that the daemon has: its ``id``, and the bytes and files that had to be sent for it."""

    __slots__ = ("files", "id", "sent")

    def __init__(self, id: str, sent: int, files: int) -> None:
        self.id = id
        self.sent = sent
        self.files = files


def context_key(root: str, part: str = "") -> str:
    """What tells this directory from every other of all machines that use the daemon.

    ``part`` says which part of it is meant: the daemon remembers one list for each key.
    """
    import _blake2

    try:
        fd = posix.open("/etc/machine-id", posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        machine = b""
    else:
        machine = posix.read(fd, 64)
        posix.close(fd)
    place = f"{posix.uname().nodename}\0{posix.getuid()}\0{root}\0{part}".encode("utf-8", "surrogateescape")
    return _blake2.blake2b(machine + b"\0" + place, digest_size=20).hexdigest()


def send(client: "Client", root: str, rows: "list[Row]", progress: "Progress", part: str = "") -> SentContext:
    """Bring the rows and the files that the daemon misses; ``progress`` is told the bytes so far.

    Raises Unsupported, and BerthError for a file that cannot be read.
    """
    try:
        body = to_lines(rows)
    except NotText as error:
        raise Unsupported(str(error)) from None
    headers = {"Content-Type": "application/x-ndjson"}
    query = {"key": context_key(root, part)}
    try:
        answer = client.request("POST", "/berth/contexts", query, body=body, headers=headers).json()
    except ApiError as error:
        if error.status in _UNKNOWN:
            raise Unsupported(str(error)) from None
        raise
    wanted = answer.get("wanted") or []
    sent = Counted((_members(root, [rows[index] for index in wanted])), progress)
    if wanted:
        sent.count = len(body)
        path = f"/berth/contexts/{quote_path(answer['id'])}/files"
        client.request("POST", path, stream=sent, headers={"Content-Type": "application/x-tar"}).read()
    return SentContext(answer["id"], sent.count or len(body), len(wanted))


class Counted:
    """Pieces, counted as they pass."""

    __slots__ = ("_pieces", "_progress", "count")

    def __init__(self, pieces: "Iterable[bytes]", progress: "Progress") -> None:
        self._pieces = pieces
        self._progress = progress
        self.count = 0

    def __iter__(self) -> "Iterator[bytes]":
        for piece in self._pieces:
            yield piece
            self.count += len(piece)
            self._progress(self.count)


def whole(root: str, rows: "Iterable[Row]", more: "Iterable[bytes]" = ()) -> "Iterator[bytes]":
    """The rows as a complete tar, ``more`` (whole members) behind them."""
    yield from _gathered(_all(root, rows))
    yield from more
    yield END


def _members(root: str, rows: "Iterable[Row]") -> "Iterator[bytes]":
    yield from _gathered(_all(root, rows))
    yield END


def _all(root: str, rows: "Iterable[Row]") -> "Iterator[bytes]":
    for path, kind, mode, _size, mtime_ns, _ctime, _inode, link in rows:
        seconds = mtime_ns // 1_000_000_000
        if kind == "d":
            yield header(path + "/", kind=DIRECTORY, mode=mode, mtime=seconds)
        elif kind == "l":
            yield header(path, kind=LINK, mode=mode, mtime=seconds, target=link)
        else:
            yield from _file(root, path, mode)


def _file(root: str, path: str, mode: int) -> "Iterator[bytes]":
    full = f"{root}/{path}"
    try:
        yield from file_member(full, path, mode)
    except PermissionError:
        raise BerthError(f"error checking context: no permission to read from '{full}'") from None
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise BerthError(f"error checking context: cannot read '{full}': {reason}") from None


_ENOUGH = 64 * 1024


def _gathered(pieces: "Iterable[bytes]") -> "Iterator[bytes]":
    """The same bytes in fewer pieces: each piece is a system call."""
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size >= _ENOUGH:
            yield b"".join(kept)
            kept.clear()
            size = 0
    if kept:
        yield b"".join(kept)
