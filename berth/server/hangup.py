"""Telling a client that has gone from one that only stopped sending.

Both look like end of file to a reader. On a unix socket the kernel reports EPOLLHUP only for the first
(unix(7): both directions shut), but asyncio stops watching at end of file. TCP cannot tell before a write
fails.
"""

import asyncio
import select
from collections.abc import Callable


def has_hung_up(descriptor: int) -> bool:
    """Whether the peer of a unix socket is gone for good."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


class HangupWatch:
    """Calls back once when the peer goes away. It holds one descriptor of its own until closed."""

    def __init__(self, descriptor: int, on_hangup: Callable[[], None]) -> None:
        self._on_hangup = on_hangup
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._epoll.register(descriptor, 0)
        self._loop.add_reader(self._epoll.fileno(), self._ready)

    def _ready(self) -> None:
        self.close()
        self._on_hangup()

    def close(self) -> None:
        """Stop watching; may be called again."""
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
