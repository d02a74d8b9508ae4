"""``version``: what this engine is made of."""

import platform
import sys
from typing import NamedTuple

from berth import __version__
from berth.engine.engine import Engine
from berth.engine.runtimes import BuiltIn

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


class Version(NamedTuple):
    """The engine, the language it runs on, and the host."""

    version: str
    python: str
    os: str
    architecture: str
    """As Docker names it: amd64, arm64."""
    kernel: str
    runtimes: tuple[BuiltIn, ...]
    """The programs that make containers."""


async def version(engine: Engine) -> Version:
    """Collect the versions."""
    machine = platform.machine()
    return Version(
        version=__version__,
        python=platform.python_version(),
        os=sys.platform,
        architecture=_ARCHITECTURES.get(machine, machine),
        kernel=platform.release(),
        runtimes=await engine.runtimes.built_in(),
    )
