"""Contexts, images and layers for the tests of copying, made from short descriptions."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from berth.build.context_tar import read_context
from berth.build.copy import CopyLayer, CopySource, CopySpec
from berth.build.files import FileStore
from berth.build.listing import Listing
from berth.build.select import Selection
from berth.build.tree import DirectoryTree

OLD = 1_000_000_000
NOW = 1_700_000_000


class Member:
    """One member of an archive: text is a file's content, ``-> x`` a link, None a directory."""

    def __init__(self, content: str | bytes | None, mode: int = 0o644, **fields: object) -> None:
        self.content = content
        self.mode = mode
        self.fields = fields


def archive(members: dict[str, Member | str | None]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, value in members.items():
            member = value if isinstance(value, Member) else Member(value, 0o755 if value is None else 0o644)
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = member.mode, OLD
            content = member.content.encode() if isinstance(member.content, str) else member.content
            if content is None:
                info.type = tarfile.DIRTYPE
            elif content.startswith(b"-> "):
                info.type, info.linkname = tarfile.SYMTYPE, content[3:].decode()
            else:
                info.size = len(content)
            for key, field in member.fields.items():
                setattr(info, key, field)
            tar.addfile(info, io.BytesIO(content) if content is not None and info.isreg() else None)
    return out.getvalue()


def chunks(data: bytes, size: int = 1000) -> Callable[[], bytes]:
    pieces = iter([data[at : at + size] for at in range(0, len(data), size)])
    return lambda: next(pieces, b"")


def context(store: FileStore, members: dict[str, Member | str | None]) -> Listing:
    return read_context(store, chunks(archive(members)))


def image(directory: Path, members: dict[str, str | None]) -> DirectoryTree:
    """A directory as an image's files, with what Docker's tests of users need."""
    directory.mkdir()
    (directory / "etc").mkdir()
    passwd = "root:x:0:0::/:/bin/sh\nnob:x:1234:5678::/:/bin/sh\n"
    (directory / "etc/passwd").write_text(passwd)
    (directory / "etc/group").write_text("root:x:0:\nnob:x:4321:\ngrp:x:99:\n")
    for name, content in members.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        elif content.startswith("-> "):
            os.symlink(content[3:], path)
        else:
            path.write_text(content)
    return DirectoryTree(directory)


def layer(spec: CopySpec, target: DirectoryTree) -> CopyLayer:
    """A layer that nothing was read from yet."""
    return CopyLayer(spec, target)


def read(made: CopyLayer) -> dict[str, tarfile.TarInfo]:
    """The members of a layer by their names, the last one of each, with ``data``."""
    data = b"".join(iter(made.next_chunk, b""))
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for info in tar:
            file = tar.extractfile(info) if info.isreg() else None
            info.pax_headers["data"] = file.read().decode("latin-1") if file else ""
            found[info.name] = info
    return found


def spec(
    listing: Listing | DirectoryTree, sources: str, destination: str, *, excludes=(), parents=False, **more
) -> CopySpec:
    word = more.get("word", "COPY")
    of_context = isinstance(listing, Listing)
    selection = Selection(tuple(sources.split()), tuple(excludes), parents, of_context, word)
    remote = more.pop("remote", False)
    source = CopySource(listing, selection, not of_context, remote)
    return CopySpec(destination, (source,), now=NOW, **more)


def shown(members: dict[str, tarfile.TarInfo]) -> set[str]:
    """Members in one line each: path, kind and mode, owner unless root, size or target."""
    lines = set()
    for name, info in members.items():
        kind = {tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l", tarfile.LNKTYPE: "h", tarfile.FIFOTYPE: "p"}
        line = f"{name} {kind.get(info.type, 'f')}{info.mode:o}"
        if info.uid or info.gid:
            line += f" {info.uid}:{info.gid}"
        if info.isreg():
            line += f" {info.pax_headers['data']}"
        if info.issym() or info.islnk():
            line = f"{name} {kind[info.type]} {info.linkname}"
        lines.add(line)
    return lines
