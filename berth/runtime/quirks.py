"""What a specification must say differently because of the program that reads it."""

import os
from typing import Any

from berth.runtime.oci import OciRuntime


def suit_runtime(spec: dict[str, Any], runtime: OciRuntime) -> dict[str, Any]:
    """``spec`` as ``runtime`` can carry it out; the given one is not changed.

    crun 1.8 opens the target of a recursively read-only (``rro``) mount as a directory and fails on files.
    A file has no mounts inside, so plain ``ro`` says the same.
    """
    if not runtime.is_crun or not any("rro" in mount["options"] for mount in spec["mounts"]):
        return spec
    return {**spec, "mounts": [_read_only_file(mount) for mount in spec["mounts"]]}


def _read_only_file(mount: dict[str, Any]) -> dict[str, Any]:
    if "rro" not in mount["options"] or os.path.isdir(mount["source"]):
        return mount
    return {**mount, "options": ["ro" if word == "rro" else word for word in mount["options"]]}
