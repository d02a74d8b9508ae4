"""``berth cp``."""

import posixpath

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.container.many import container_path
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.container.copy_paths import Place
    from berth.cli.flags import Options

_LINK, _DIRECTORY = 1 << 27, 1 << 31
_SPECIAL = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19
COMMAND = Command(
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\t[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    (
        Flag("archive", "a", "bool", "Archive mode (copy all uid/gid information)"),
        Flag("follow-link", "L", "bool", "Always follow symbol link in SRC_PATH"),
        Flag(
            "quiet",
            "q",
            "bool",
            "Suppress progress output during copy. Progress output is automatically suppressed if no "
            "terminal is attached",
        ),
    ),
    min_args=2,
    max_args=2,
    aliases=("container cp", "cp"),
    long=(
        "Copy files/folders between a container and the local filesystem\n\n"
        "Use '-' as the source to read a tar archive from stdin\n"
        "and extract it to a directory destination in a container.\n"
        "Use '-' as the destination to stream a tar archive of a\n"
        "container source to stdout."
    ),
)


def run(cli: "Cli", options: "Options") -> int:
    """Copy files between a container and this machine; ``-`` is a tar on standard input or output."""
    from berth.cli.container.copy_paths import split_argument

    source, target = options.args
    if not source:
        raise BerthError("source can not be empty")
    if not target:
        raise BerthError("destination can not be empty")
    (source_container, source_path), (target_container, target_path) = map(split_argument, options.args)
    if source_container and target_container:
        raise BerthError("copying between containers is not supported")
    if source_container:
        shown, count = _from_container(cli, options, source_container, source_path, target_path)
    elif target_container:
        shown, count = _to_container(cli, options, source_path, target_container, target_path)
    else:
        raise BerthError("must specify at least one container source")
    if shown and not options.quiet and cli.err.is_terminal():
        from berth.base.units import human_size

        cli.err.line(f"Successfully copied {human_size(count)} to {shown}")
    return 0


def _stat(cli: "Cli", container: str, path: str) -> "dict[str, Any]":
    """What the engine says of a path; empty when there is no such path."""
    import binascii

    from berth.client.errors import ApiError
    from berth.wire.json import loads

    try:
        answer = cli.client.request("HEAD", container_path(container) + "/archive", {"path": path})
    except ApiError:
        return {}
    answer.close()
    said = loads(binascii.a2b_base64(answer.headers.get("x-docker-container-path-stat", "")).decode())
    return said if isinstance(said, dict) else {}


def _linked(path: str, said: "dict[str, Any]") -> str:
    """Where the link at ``path`` leads."""
    from berth.cli.container.copy_paths import split_entry

    target: str = said["linkTarget"]
    return target if target.startswith("/") else posixpath.join(split_entry(path)[0], target)


def _from_container(
    cli: "Cli", options: "Options", container: str, path: str, target: str
) -> tuple[str, int]:
    from berth.cli.container.copy_paths import Place, Renaming, followed, plan, split_entry

    if target != "-":
        target = _local(target)
        _check_output(target)
    source = Place(path, exists=True)
    if options.follow_link:
        said = _stat(cli, container, path)
        if said.get("mode", 0) & _LINK:
            source = followed(path, _linked(path, said))
    answer = cli.client.request("GET", container_path(container) + "/archive", {"path": source.path})
    if target == "-":
        for piece in answer.pieces():
            cli.out.write_bytes(piece)
        return "", 0
    import binascii

    from berth.cli.container.copy_files import unpack
    from berth.wire.json import loads

    said = loads(binascii.a2b_base64(answer.headers["x-docker-container-path-stat"]).decode())
    source.is_directory = bool(said["mode"] & _DIRECTORY)
    directory, renaming = plan(source, _local_target(target))
    base = split_entry(source.path)[1]
    first = Renaming(base, source.name) if source.name else None

    def rename(name: str) -> str:
        name = first(name) if first else name
        return renaming(name) if renaming else name

    return target, unpack(answer.pieces(), directory, rename)


def _to_container(cli: "Cli", options: "Options", path: str, container: str, target: str) -> tuple[str, int]:
    from berth.cli.container.copy_paths import Place

    place, said = Place(target), _stat(cli, container, target)
    if said.get("mode", 0) & _LINK:
        place.path = _linked(target, said)
        said = _stat(cli, container, place.path)
    if said.get("mode", 0) & _SPECIAL:
        raise BerthError(
            f'destination "{container}:{target}" must be a directory or a regular file: got a device'
        )
    place.exists, place.is_directory = bool(said), bool(said.get("mode", 0) & _DIRECTORY)
    if path == "-":
        from berth.cli.format.files import pieces

        if not place.is_directory:
            raise BerthError(f'destination "{container}:{target}" must be a directory')
        directory = place.path
        stream: Iterable[bytes] = pieces(cli.stdin)
    else:
        directory, stream = _packed(path, place, follow=options.follow_link)
    count = [0]
    query = {
        "path": directory,
        "noOverwriteDirNonDir": "true",
        "copyUIDGID": "true" if options.archive else None,
    }
    counted = _counted(stream, count)
    headers = {"Content-Type": "application/x-tar"}
    cli.client.request(
        "PUT", container_path(container) + "/archive", query, stream=counted, headers=headers
    ).close()
    return f"{container}:{target}", count[0]


def _counted(stream: "Iterable[bytes]", count: "list[int]") -> "Iterator[bytes]":
    for piece in stream:
        count[0] += len(piece)
        yield piece


def _packed(path: str, target: "Place", *, follow: bool) -> "tuple[str, Iterable[bytes]]":
    """The directory of the container to unpack into, and the archive for it."""
    import os

    from berth.cli.container.copy_files import pack
    from berth.cli.container.copy_paths import Renaming, plan, split_entry

    source = _local_source(_local(path), follow=follow)
    directory, renaming = plan(source, target)
    folder, base = split_entry(source.path)
    first = Renaming(base, source.name) if source.name else None

    def rename(name: str) -> str:
        name = first(name) if first else name
        return renaming(name) if renaming else name

    return directory, pack(os.path.join(folder, base), base, rename)


def _local(path: str) -> str:
    """An absolute path with the same end."""
    import os

    from berth.cli.container.copy_paths import cleaned, keeping_end

    return keeping_end(cleaned(os.path.join(os.getcwd(), path)), path)


def _local_source(path: str, *, follow: bool) -> "Place":
    import os
    import stat

    from berth.cli.container.copy_paths import Place, followed, has_trailing_slash, keeping_end, means_content

    if follow or has_trailing_slash(path) or means_content(path):
        source = followed(path, os.path.realpath(path))
    else:
        folder, base = os.path.split(path)
        source = Place(keeping_end(os.path.join(os.path.realpath(folder), base), path), exists=True)
    try:
        source.is_directory = stat.S_ISDIR(os.lstat(source.path).st_mode)
    except OSError as error:
        raise BerthError(f"lstat {path}: {(error.strerror or '').lower()}") from None
    return source


def _local_target(path: str) -> "Place":
    """The destination with links followed; what it would be made in must exist."""
    import os

    from berth.cli.container.copy_paths import Place, cleaned, keeping_end

    real = keeping_end(os.path.realpath(path), path) if os.path.islink(cleaned(path)) else path
    if os.path.lexists(cleaned(real)):
        return Place(real, exists=True, is_directory=os.path.isdir(cleaned(real)))
    folder = os.path.dirname(cleaned(real))
    if not os.path.isdir(folder):
        reason = "not a directory" if os.path.exists(folder) else "no such file or directory"
        raise BerthError(f"stat {folder}: {reason}")
    return Place(real)


def _check_output(path: str) -> None:
    """Refuse a destination that cannot become one, before the engine is asked."""
    import os
    import stat

    from berth.cli.container.copy_paths import cleaned

    folder = os.path.dirname(cleaned(path))
    if not os.path.exists(folder):
        raise BerthError(f'invalid output path: directory "{folder}" does not exist')
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        kind = "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "an irregular file"
        raise BerthError(f'invalid output path: "{path}" must be a directory or a regular file: got {kind}')
