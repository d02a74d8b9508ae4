"""Leases: what an operation still needs is not collected, without a lock held for as long as it takes.

They live in memory. After a crash nothing is in progress, so nothing needs one.
"""

from collections.abc import Iterable

from berth.base.digest import Digest


class Lease:
    """One claim: everything that existed when it was taken, and everything published since."""

    def __init__(self, pinned: Iterable[Digest]) -> None:
        self.pinned = set(pinned)


class Leases:
    """The open claims, and whether the collector had to leave something because of them."""

    def __init__(self) -> None:
        self._open: list[Lease] = []

    def open(self, existing: Iterable[Digest]) -> Lease:
        """Begin a claim."""
        lease = Lease(existing)
        self._open.append(lease)
        return lease

    def close(self, lease: Lease) -> bool:
        """End a claim; True when it was the last one, so that the collector should look again."""
        self._open.remove(lease)
        return not self._open

    def pin(self, diff_id: Digest) -> None:
        """A layer has just been published: the operation that did so may go on using it."""
        for lease in self._open:
            lease.pinned.add(diff_id)

    def pinned(self) -> frozenset[Digest]:
        """Everything that is claimed."""
        return frozenset().union(*(lease.pinned for lease in self._open))
