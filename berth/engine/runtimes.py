"""The OCI runtimes by the names that containers use for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from berth.base.errors import BerthError, InvalidArgument, Unavailable
from berth.engine.settings import RuntimeChoice
from berth.runtime.oci import OciRuntime
from berth.runtime.programs import PREFERRED, find_default, fingerprint, named_runtime, program_version
from berth.runtime.spec.host import HostFacts

_ALIASES = frozenset(("io.containerd.runc.v2", "io.containerd.runtime.v1.linux"))
"""What Docker's clients call its built-in runtime; here: the default one."""
_RESERVED = frozenset(PREFERRED) | _ALIASES


class BuiltIn(NamedTuple):
    """A program of the host that is known by name. ``version`` and ``commit`` are as it tells them."""

    name: str
    path: str
    version: str
    commit: str


class Runtimes:
    """Built-in crun and runc, and those of daemon.json. ``default`` is for containers that name none."""

    def __init__(
        self, exec_root: Path, builtin: OciRuntime, configured: Mapping[str, RuntimeChoice], default: str
    ) -> None:
        self._exec_root = exec_root
        self._builtin = builtin
        self._configured = dict(configured)
        self._found: dict[str, OciRuntime] = {builtin.name: builtin}
        self._versions: dict[str, tuple[str, str]] = {}
        for name in configured:
            if name in _RESERVED:
                raise InvalidArgument(f"runtime name '{name}' is reserved")
        self.default = default or builtin.name
        if not self._is_known(self.default):
            raise InvalidArgument(f"specified default runtime '{self.default}' does not exist")

    def replaced(self, configured: Mapping[str, RuntimeChoice], default: str) -> "Runtimes":
        """The same host with other entries; InvalidArgument when they make no sense."""
        return Runtimes(self._exec_root, self._builtin, configured, default)

    def check(self, name: str) -> None:
        """Raise InvalidArgument with Docker's text unless a container may name this runtime."""
        if not self._is_known(name):
            raise InvalidArgument(f"unknown or invalid runtime name: {name}")

    def get(self, name: str) -> OciRuntime:
        """The runtime of a container. Unavailable when its program has gone or was never there."""
        if not name or name in _ALIASES:
            return self._builtin
        runtime = self._found.get(name)
        if runtime is None:
            choice = self._configured.get(name) or RuntimeChoice(path=name)
            try:
                runtime = named_runtime(name, choice.path, choice.args, self._exec_root)
            except Unavailable as error:
                raise Unavailable(
                    f'exec: "{choice.path}": executable file not found in $PATH', hint=error.message
                ) from error
            self._found[name] = runtime
        return runtime

    def listed(self) -> dict[str, RuntimeChoice]:
        """Every runtime by name, for ``info``: built-in ones only where the host has them."""
        found = dict(self._configured)
        for name in PREFERRED:
            try:
                found[name] = RuntimeChoice(path=str(self.get(name).source))
            except BerthError:
                continue
        return found

    async def built_in(self) -> tuple[BuiltIn, ...]:
        """The well-known ones that the host has. Each is asked once, and again when its file changes."""
        found = []
        for name in PREFERRED:
            try:
                path = self.get(name).source
                mark = f"{path} {fingerprint(path)}"
            except (BerthError, OSError):
                continue
            if mark not in self._versions:
                self._versions[mark] = await program_version(path)
            found.append(BuiltIn(name, str(path), *self._versions[mark]))
        return tuple(found)

    def _is_known(self, name: str) -> bool:
        return not name or name in _RESERVED or name in self._configured


async def open_runtimes(
    exec_root: Path, host: HostFacts, configured: Mapping[str, RuntimeChoice], default: str
) -> Runtimes:
    """Find the built-in runtime that works here (crun, else runc) and check the configured names."""
    return Runtimes(exec_root, await find_default(exec_root, host), configured, default)
