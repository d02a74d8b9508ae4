"""Compiled seccomp filters, kept so that crun need not compile them again.

Compiling Docker's default policy takes crun 8 ms, half of a start. crun keeps the result in its state
directory and takes one in the annotation ``run.oci.seccomp_bpf_data`` instead of compiling, so the first
container of a profile pays and the others do not. The file's name is a digest of the profile and of the
very crun that compiled it; the directory lies in the exec root and is gone with the next boot, and so with
the next kernel.
"""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

from berth.runtime.oci import OciRuntime

ANNOTATION = "run.oci.seccomp_bpf_data"
_INSTRUCTION = 8
_MAX_SIZE = 4096 * _INSTRUCTION
"""The kernel's limit for a filter (BPF_MAXINSNS)."""


class FilterCache:
    """Filters by profile, on disk below the exec root and in memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[str, str] = {}

    def key(self, spec: dict[str, Any], runtime: OciRuntime) -> str | None:
        """What names the filter of this container; None when there is nothing to keep."""
        section = spec["linux"].get("seccomp")
        if section is None or not runtime.is_crun or section.get("listenerPath"):
            return None
        program = os.stat(runtime.source)
        identity = f"{runtime.source}:{program.st_ino}:{program.st_size}:{program.st_mtime_ns}"
        digest = hashlib.sha256(msgspec.json.encode(section))
        digest.update(identity.encode())
        return digest.hexdigest()

    def get(self, key: str) -> str | None:
        """The filter in base64, or None."""
        if key not in self._known:
            try:
                data = (self._directory / key).read_bytes()
            except OSError:
                return None
            self._known[key] = base64.b64encode(data).decode("ascii")
        return self._known[key]

    def learn(self, key: str, runtime: OciRuntime, container_id: str) -> None:
        """Take over what the runtime has just compiled for a container; nothing when it left none."""
        try:
            data = (runtime.state_root / container_id / "seccomp.bpf").read_bytes()
        except OSError:
            return
        if not data or len(data) % _INSTRUCTION or len(data) > _MAX_SIZE:
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._directory / f".{key}.{os.getpid()}"
        new.write_bytes(data)
        new.rename(self._directory / key)
        self._known[key] = base64.b64encode(data).decode("ascii")
