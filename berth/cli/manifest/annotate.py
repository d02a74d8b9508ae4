"""``berth manifest annotate``."""

from berth.base.errors import BerthError, NotFound
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.manifest import store
from berth.cli.manifest.names import normalise
from berth.cli.manifest.record import Record

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.container.spec.image import ImageName
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] MANIFEST_LIST MANIFEST",
    (
        Flag("arch", "", "string", "Set architecture"),
        Flag("os", "", "string", "Set operating system"),
        Flag("os-features", "", "stringSlice", "Set operating system feature"),
        Flag("os-version", "", "string", "Set operating system version"),
        Flag("variant", "", "string", "Set architecture variant"),
    ),
    min_args=2,
    max_args=2,
)

_KNOWN = {
    "darwin": ("386", "amd64", "arm", "arm64"),
    "dragonfly": ("amd64",),
    "freebsd": ("386", "amd64", "arm"),
    "linux": ("386", "amd64", "arm", "arm64", "ppc64le", "mips64", "mips64le", "riscv64", "s390x"),
    "netbsd": ("386", "amd64", "arm"),
    "openbsd": ("386", "amd64", "arm"),
    "plan9": ("386", "amd64"),
    "solaris": ("amd64",),
    "windows": ("386", "amd64"),
}
"""The pairs that Docker's client takes."""


def run(cli: "Cli", options: "Options") -> int:
    """Say for which platform a manifest of a list is; silent."""
    target = _parsed(options.args[0], "manifest list ")
    name = _parsed(options.args[1], "manifest ")
    try:
        record = store.get(cli, target, name)
    except NotFound:
        image, where = options.args
        raise NotFound(f"manifest for image {where} does not exist in {image}") from None
    platform = _annotated(record.platform, options)
    if platform.get("architecture") not in _KNOWN.get(platform.get("os", ""), ()):
        problem = "manifest entry for image has unsupported os/arch combination"
        raise BerthError(f"{problem}: {options.os}/{options.arch}")
    store.save(cli, target, name, Record(record.ref, {**record.descriptor, "platform": platform}, record.raw))
    return 0


def _annotated(platform: "dict[str, Any]", options: "Options") -> "dict[str, Any]":
    given = {
        "os": options.os,
        "architecture": options.arch,
        "variant": options.variant,
        "os.version": options.os_version,
    }
    features = list(dict.fromkeys([*(platform.get("os.features") or ()), *options.os_features]))
    return {
        **platform,
        **{field: value for field, value in given.items() if value},
        **({"os.features": features} if features else {}),
    }


def _parsed(text: str, what: str) -> "ImageName":
    try:
        return normalise(text)
    except BerthError as error:
        problem = f"annotate: error parsing name for {what}{text}: {error}"
        raise BerthError(problem, hint=error.hint) from None
