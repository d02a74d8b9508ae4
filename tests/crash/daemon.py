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

    def _parents(self) -> list[Path]:
        """Where the cgroup parent is: once on a v2 tree, once for each controller on a v1 one."""
        places = (_CGROUPS, *(entry for entry in _CGROUPS.iterdir() if entry.is_dir()))
        return [place / self.cgroup_parent for place in places if (place / self.cgroup_parent).is_dir()]

    def cgroups(self) -> set[str]:
        """Names of the cgroups of containers, in any hierarchy."""
        return {child.name for parent in self._parents() for child in parent.iterdir() if child.is_dir()}

    def _thaw(self) -> None:
        """What stands still does not die: a daemon that is gone for good may have been at a commit."""
        for parent in self._parents():
            for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
                for file in parent.glob(f"*/{name}"):
                    with contextlib.suppress(OSError):
                        file.write_text(word)

    def close(self) -> None:
        self._thaw()
        super().close()
        for parent in self._parents():
            inner = [path for path in parent.rglob("*") if path.is_dir()]
            for directory in sorted(inner, key=lambda path: len(path.parts), reverse=True):
                with contextlib.suppress(OSError):
                    directory.rmdir()
            with contextlib.suppress(OSError):
                parent.rmdir()
