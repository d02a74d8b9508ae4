"""Who sent a request, as the kernel or TLS vouches for it."""

from typing import NamedTuple


class Caller(NamedTuple):
    """The other end of a connection.

    On a unix socket the kernel says user, group and process of whoever connected (SO_PEERCRED, unix(7)),
    seen from the daemon's own namespaces. On TCP all three are -1; ``subject`` is the common name of a
    verified client certificate, empty without one.
    """

    uid: int = -1
    gid: int = -1
    pid: int = -1
    subject: str = ""


LOCAL_ROOT = Caller(uid=0, gid=0)
"""The daemon itself, for objects that it makes of its own accord."""
