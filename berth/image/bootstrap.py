"""``image bootstrap``: base images from what a machine without a registry has: its distribution's packages.

mmdebstrap does the work and writes the tar to its standard output, which is imported as it comes; where
it is missing, debootstrap fills a directory that is packed afterwards. Either runs in a session of its
own, so that a cancelled bootstrap ends with all of its children, and below a directory that the next
start would sweep.
"""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import signal
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest
from berth.base.errors import Internal, InvalidArgument, Unavailable
from berth.base.reference import ImageRef
from berth.base.tasks import TaskTree
from berth.image.apt_sources import os_release, read_sources, sources_for
from berth.image.busybox import SETTINGS, busybox_archive
from berth.image.config import ImageSettings
from berth.image.core import ImageCore
from berth.image.import_ import ImportOptions, import_tar
from berth.image.model import Progress, Silent
from berth.image.outflow import stream
from berth.image.pack import pack
from berth.image.removal import remove_tree
from berth.kernel.mount import mounts_below, umount_if_mounted

BUSYBOX = "busybox"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SETTINGS = ImageSettings(env=(f"PATH={_PATH}",), cmd=("bash",))
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*(?::[a-z0-9]+)?", re.ASCII)
_CHUNK = 256 << 10
_GRACE_S = 10
_TOLD_LINES = 3
# No service starts while packages are installed, and nothing of this machine's identity stays.
_HOOK = (
    'printf "#!/bin/sh\\nexit 101\\n" > "$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"; '
    'rm -f "$1/etc/resolv.conf" "$1/etc/hostname" "$1/etc/machine-id"'
)


class BootstrapOptions(NamedTuple):
    """``suite``: a Debian or Ubuntu release, ``busybox``, or empty for this machine's release. ``epoch``:
    seconds to which times are cut for a reproducible image (SOURCE_DATE_EPOCH), 0 to leave them."""

    suite: str = ""
    include: Sequence[str] = ()
    epoch: int = 0


async def bootstrap(
    store: ImageCore,
    ref: ImageRef,
    options: BootstrapOptions,
    progress: Progress | None = None,
    owner: Caller = LOCAL_ROOT,
) -> Digest:
    """Make a base image and name it. Unavailable when a program is missing, Internal with its last words
    when it failed."""
    told = progress or Silent()
    if options.suite == BUSYBOX:
        if options.include:
            raise InvalidArgument("a busybox image has no packages to include")
        return await _busybox(store, ref, owner)
    for name in (options.suite, *options.include):
        if name and not _NAME.fullmatch(name):
            raise InvalidArgument(f"invalid suite or package name {name!r}")
    suite = options.suite or _own_suite()
    with _scratch(store) as scratch:
        archive = _archive(suite, options, scratch, told)
        created_by = f"berth image bootstrap --suite {suite}"
        if options.include:
            created_by += f" --include {','.join(options.include)}"
        wanted = ImportOptions(
            settings=_SETTINGS,
            message=f"Bootstrapped from {suite}",
            created_by=created_by,
            created_ns=options.epoch * 10**9,
        )
        async with contextlib.aclosing(archive):
            return await import_tar(store, archive, ref, wanted, None, owner)


async def _busybox(store: ImageCore, ref: ImageRef, owner: Caller) -> Digest:
    pieces, mtime = await busybox_archive()
    options = ImportOptions(
        settings=SETTINGS,
        message="Made from this machine's busybox",
        created_by="berth image bootstrap --suite busybox",
        created_ns=mtime * 10**9,
    )
    return await import_tar(store, stream(iter(pieces)), ref, options, None, owner)


def _own_suite() -> str:
    try:
        release = os_release(Path("/etc/os-release").read_text(encoding="utf-8"))
    except OSError:
        release = {}
    if release.get("ID") not in ("debian", "ubuntu") or not release.get("VERSION_CODENAME"):
        raise InvalidArgument("this machine is neither Debian nor Ubuntu: name a suite")
    return release["VERSION_CODENAME"]


@contextlib.contextmanager
def _scratch(store: ImageCore) -> Iterator[Path]:
    directory = store.layers.scratch(secrets.token_hex(8))
    try:
        yield directory
    finally:
        for mounted in mounts_below(directory):
            umount_if_mounted(mounted, detach=True)
        remove_tree(directory)


async def _archive(
    suite: str, options: BootstrapOptions, scratch: Path, told: Progress
) -> AsyncGenerator[bytes, None]:
    # By way of env(1), so that the daemon's own environment (proxies) reaches the program unread.
    environment = ["env", f"TMPDIR={scratch}", "LC_ALL=C.UTF-8"]
    if options.epoch:
        environment.append(f"SOURCE_DATE_EPOCH={options.epoch}")
    host = os_release(Path("/etc/os-release").read_text(encoding="utf-8"))
    sources = sources_for(suite, host, read_sources(Path("/etc/apt")))
    if shutil.which("mmdebstrap"):
        command = ["mmdebstrap", "--variant=minbase", "--format=tar", f"--customize-hook={_HOOK}"]
        if options.include:
            command.append("--include=" + ",".join(options.include))
        command += [suite, "-", *(source.line() for source in sources)]
        async with _Program([*environment, *command], told) as program:
            async for chunk in program.output():
                yield chunk
    elif shutil.which("debootstrap"):
        tree = scratch / "root"
        command = ["debootstrap", "--variant=minbase"]
        if options.include:
            command.append("--include=" + ",".join(options.include))
        command = [*environment, *command, suite, str(tree), sources[0].uri]
        async with _Program(command, told) as program:
            async for line in program.output():
                program.say(line)
        for path in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(tree / path, ignore_errors=True)
            (tree / path).mkdir()
        async for chunk in stream(pack(tree)):
            yield chunk
    else:
        raise Unavailable(
            "neither mmdebstrap nor debootstrap is installed", hint="install the package mmdebstrap"
        )


class _Program:
    """A child in a session of its own; leaving the block ends the whole session."""

    def __init__(self, command: Sequence[str], told: Progress) -> None:
        self._command = command
        self._name = next(word for word in command[1:] if "=" not in word)
        self._told = told
        self._last: deque[str] = deque(maxlen=_TOLD_LINES)
        self._errors: list[str] = []
        self._tasks = TaskTree(lambda _name, _error: None)

    async def __aenter__(self) -> "_Program":
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe,
            start_new_session=True, limit=_CHUNK,
        )  # fmt: skip
        self._listening = self._tasks.spawn("listen", self._listen())
        return self

    async def output(self) -> AsyncIterator[bytes]:
        """Standard output; Internal at its end when the program failed."""
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(_CHUNK):
            yield chunk
        await self._listening
        code = await self._process.wait()
        if code:
            words = "; ".join(self._errors[:_TOLD_LINES] or self._last) or f"exit status {code}"
            raise Internal(f"{self._name} failed: {words}")

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(4096):
            self.say(chunk)

    def say(self, data: bytes) -> None:
        """Pass the program's own words on, line by line."""
        for line in data.decode("utf-8", "replace").replace("\r", "\n").splitlines():
            text = line.strip()
            if text and text != "done":
                self._told.update("", text)
                (self._errors if text.startswith("E: ") else self._last).append(text)

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            for number, patience in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, None)):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await self._process.wait()
                        break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._tasks.close()
