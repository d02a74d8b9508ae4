"""The tiny base image: one static busybox of this machine, under all its names."""

import asyncio
import os
import shutil
import struct
from collections.abc import Iterator

from berth.base.errors import Unavailable
from berth.image.config import ImageSettings
from berth.image.tar import writer
from berth.image.tar.entry import HARD_LINK
from berth.image.tar.writer import Attributes

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SETTINGS = ImageSettings(env=(f"PATH={_PATH}",), cmd=("sh",))
_BINARY = "bin/busybox"
_DIRECTORIES = (
    ("dev", 0o755), ("etc", 0o755), ("home", 0o755), ("proc", 0o555), ("root", 0o700), ("sys", 0o555),
    ("tmp", 0o1777), ("var", 0o755), ("var/spool", 0o755), ("var/tmp", 0o1777), ("var/www", 0o755),
)  # fmt: skip
_FILES = (
    ("etc/passwd", 0o644, """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""),
    ("etc/group", 0o644, """\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
wheel:x:10:root
www-data:x:33:
operator:x:37:
users:x:100:
nogroup:x:65534:
"""),
    ("etc/shadow", 0o640, "root:*:::::::\nnobody:*:::::::\n"),
)  # fmt: skip
_INTERPRETER = 3
_HINT = "install the package busybox-static"


async def busybox_archive() -> tuple[list[bytes], int]:
    """The pieces of the root file system's tar, and the time of the binary in seconds.

    Unavailable when the machine has no busybox, or one that needs libraries.
    """
    path = shutil.which("busybox")
    if path is None:
        raise Unavailable("busybox is not installed", hint=_HINT)
    content = await asyncio.to_thread(_read_static, path)
    process = await asyncio.create_subprocess_exec(
        path, "--list-full", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    listed, _ = await process.communicate()
    mtime = int(os.stat(path).st_mtime)
    return list(_pieces(content, sorted(set(listed.decode().split())), mtime)), mtime


def _read_static(path: str) -> bytes:
    with open(path, "rb") as file:
        content = file.read()
    if not is_static(content):
        raise Unavailable(f"{path} needs shared libraries", hint=_HINT)
    return content


def is_static(content: bytes) -> bool:
    """Whether this is an ELF program of 64 bits without an interpreter (elf(5))."""
    if content[:5] != b"\x7fELF\x02":
        return False
    order = "<" if content[5] == 1 else ">"
    offset, size, count = (
        struct.unpack_from(f"{order}Q", content, 32)[0],
        *struct.unpack_from(f"{order}HH", content, 54),
    )
    kinds = (struct.unpack_from(f"{order}I", content, offset + i * size)[0] for i in range(count))
    return _INTERPRETER not in kinds


def _pieces(content: bytes, applets: list[str], mtime: int) -> Iterator[bytes]:
    links = [applet for applet in applets if applet not in (_BINARY, "linuxrc")]
    parents = {path[:at] for path in (*links, _BINARY) for at, char in enumerate(path) if char == "/"}
    modes = {**dict.fromkeys(parents, 0o755), **dict(_DIRECTORIES)}
    for name, mode in sorted(modes.items()):
        yield writer.directory(name, mode=mode, mtime=mtime)
    yield writer.file(_BINARY, content, mode=0o755, mtime=mtime)
    for link in links:
        yield writer.header(link, HARD_LINK, 0, Attributes(0o755, mtime=mtime), link=_BINARY)
    for name, mode, text in _FILES:
        yield writer.file(name, text.encode(), mode=mode, mtime=mtime)
    yield writer.END
