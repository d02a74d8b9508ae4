"""One piece of a container's output in the log, and what a reader may ask for."""

from typing import NamedTuple

import msgspec


class Entry(NamedTuple):
    """``data`` as the container wrote it, with its newline; without one only at the end of output.

    ``stream`` is STDOUT or STDERR of ``wire.stdcopy``; ``time_ns`` since 1970. A line of more than 1 MiB
    comes in several entries: all but the first have ``continued`` set, and no time belongs before them.
    """

    time_ns: int
    stream: int
    data: bytes
    continued: bool = False


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """``docker logs``: which entries.

    ``tail`` None means all; it counts entries of both streams before the other filters, as dockerd does.
    ``since_ns`` and ``until_ns`` are inclusive, 0 for no bound. ``joined`` allows the reader to hand out
    neighbouring entries of a stream as one, for readers that don't show times: much faster.
    """

    stdout: bool = True
    stderr: bool = True
    since_ns: int = 0
    until_ns: int = 0
    tail: int | None = None
    follow: bool = False
    joined: bool = False
