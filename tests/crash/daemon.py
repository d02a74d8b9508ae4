"""A berthd that is made to be killed: roots, network namespace and cgroup parent of its own."""

import contextlib
from pathlib import Path

from tests.support.engines import OwnEngine

_CGROUPS = Path("/sys/fs/cgroup")


class MortalDaemon(OwnEngine):
    """A berthd below a cgroup parent that nothing else uses, so that every leftover is its own."""

    def __init__(self) -> None:
        super().__init__("berthd")
        self.cgroup_parent = f"crash-{self.root.name.rpartition('-')[2]}"

    def argv(self) -> list[str]:
        return [*super().argv(), "--cgroup-parent", self.cgroup_parent]

    def cgroups(self) -> set[str]:
        """Names of the cgroups of containers, in any hierarchy."""
        found = set()
        for parent in _CGROUPS.rglob(self.cgroup_parent):
            found |= {child.name for child in parent.iterdir() if child.is_dir()}
        return found

    def close(self) -> None:
        super().close()
        for parent in list(_CGROUPS.rglob(self.cgroup_parent)):
            for directory in sorted(parent.rglob("*"), key=lambda path: len(path.parts), reverse=True):
                if directory.is_dir():
                    with contextlib.suppress(OSError):
                        directory.rmdir()
            with contextlib.suppress(OSError):
                parent.rmdir()
