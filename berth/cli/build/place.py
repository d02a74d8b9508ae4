"""What the argument of ``build`` and its ``-f`` name: where the files are, and where the Dockerfile is."""

import posix

from berth.base.errors import BerthError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli

_STANDARD = "Dockerfile"
_GIT_SCHEMES = ("git://", "git@", "ssh://")


class Place:
    """A build's source.

    ``root``: a directory on this machine, as its real path; empty when there is none. ``url``: a remote
    context that the daemon fetches. ``archive``: whether the context is the archive on standard input, of
    which ``start`` has been read already. With none of the three there are no files, only a Dockerfile.

    ``dockerfile``: its bytes, None when it lies in a context that is not on this machine. ``name``: its path
    in the context, as messages show it; ``inside``: whether it is a file of the directory. ``ignore``: the
    bytes of the ignore file, and ``ignore_name`` which one that is. ``temporary``: a directory to remove
    when the build is over.
    """

    def __init__(
        self,
        *,
        root: str = "",
        url: str = "",
        archive: bool = False,
        start: bytes = b"",
        dockerfile: bytes | None = None,
        name: str = _STANDARD,
    ) -> None:
        self.root = root
        self.url = url
        self.archive = archive
        self.start = start
        self.dockerfile = dockerfile
        self.name = name
        self.inside = False
        self.ignore = b""
        self.ignore_name = ""
        self.temporary = ""

    def text(self) -> str | None:
        """The Dockerfile as text for the daemon; None when the daemon has it in the context.

        BerthError when it is not UTF-8.
        """
        if self.dockerfile is None:
            return None
        try:
            return self.dockerfile.decode()
        except UnicodeDecodeError as error:
            line = self.dockerfile.count(b"\n", 0, error.start) + 1
            raise BerthError(f"{self.name}: line {line} is not UTF-8") from None


def find_place(cli: "Cli", argument: str, file: str) -> Place:
    """Read what the command line names; BerthError in the words of Docker's client."""
    if argument == "-":
        if file == "-":
            raise BerthError("invalid argument: can't use stdin for both build context and dockerfile")
        return _standard_input(cli, file)
    if _exists(argument):
        return directory(cli, argument, file)
    if is_git(argument):
        from berth.cli.build.clone import clone

        path, temporary = clone(argument)
        try:
            place = directory(cli, path, f"{path}/{file}" if file and file != "-" else file)
        except BaseException:
            from shutil import rmtree

            rmtree(temporary)
            raise
        place.temporary = temporary
        return place
    if argument.startswith(("http://", "https://")):
        if file == "-":
            raise BerthError("the Dockerfile on standard input needs a context on this machine")
        return Place(url=argument, name=file or _STANDARD)
    raise BerthError(f'unable to prepare context: path "{argument}" not found')


def is_git(text: str) -> bool:
    """Whether a URL names a git repository (Docker's rule)."""
    if text.startswith(("http://", "https://")):
        return text.partition("#")[0].endswith(".git")
    return text.startswith((*_GIT_SCHEMES, "github.com/"))


def is_archive(start: bytes) -> bool:
    """Whether the first bytes are those of a tar, plain or compressed."""
    if start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")):
        return True
    block = start[:512]
    if len(block) < 512:
        return False
    if block[257:262] == b"ustar":
        return True
    try:
        said = int(block[148:156].strip(b"\0 ") or b"x", 8)
    except ValueError:
        return False
    return said == sum(block) - sum(block[148:156]) + 8 * 32


def _standard_input(cli: "Cli", file: str) -> Place:
    if posix.isatty(cli.stdin):
        cli.note("reading the Dockerfile from the terminal; end it with Ctrl-D")
    start = b""
    while len(start) < 512 and (piece := posix.read(cli.stdin, 64 * 1024)):
        start += piece
    if is_archive(start):
        return Place(archive=True, start=start, name=file or _STANDARD)
    return Place(dockerfile=start + _read_all(cli.stdin))


def directory(cli: "Cli", path: str, file: str) -> Place:
    """A directory on this machine."""
    from os.path import abspath, realpath

    root = realpath(path)
    if not _is_directory(root):
        raise BerthError(f"unable to prepare context: context must be a directory: {root}")
    place = Place(root=root)
    if file == "-":
        place.dockerfile = _read_all(cli.stdin)
    else:
        given = abspath(file) if file else f"{root}/{_STANDARD}"
        if not file and not _exists(given) and _exists(f"{root}/dockerfile"):
            given = f"{root}/dockerfile"
        _read_dockerfile(place, given)
    if not place.ignore_name:
        _read_ignore(
            place, (f"{place.name}.dockerignore", ".dockerignore") if place.inside else (".dockerignore",)
        )
    return place


def _read_ignore(place: Place, names: "tuple[str, ...]") -> None:
    for name in names:
        found = _read_file(f"{place.root}/{name}")
        if found is not None:
            place.ignore, place.ignore_name = found, name
            return


def _read_dockerfile(place: Place, given: str) -> None:
    from os.path import basename, realpath

    real = realpath(given)
    try:
        posix.lstat(real)
        data = _read_file(real)
    except OSError as error:
        reason = (error.strerror or "").lower()
        problem = f"unable to evaluate symlinks in Dockerfile path: lstat {real}: {reason}"
        raise BerthError(
            f"unable to prepare context: {problem}",
            hint=_other_name(place.root) if isinstance(error, FileNotFoundError) else None,
        ) from None
    if data is None:
        raise BerthError(f"unable to prepare context: the Dockerfile is not a file: {real}")
    place.dockerfile = data
    below = place.root.rstrip("/") + "/"
    place.inside = real.startswith(below)
    place.name = real[len(below) :] if place.inside else basename(real)
    if not place.inside:
        own = _read_file(f"{real}.dockerignore")
        if own is not None:
            place.ignore, place.ignore_name = own, f"{real}.dockerignore"


def _other_name(root: str) -> str | None:
    """A file that may be the Dockerfile under another name."""
    names = sorted(entry.name for entry in posix.scandir(root) if "dockerfile" in entry.name.lower())
    names = [name for name in names if not name.endswith(".dockerignore")]
    return f"the directory has {names[0]}: name it with -f" if names else None


def _exists(path: str) -> bool:
    try:
        posix.stat(path)
    except (OSError, ValueError):
        return False
    return True


def _is_directory(path: str) -> bool:
    return posix.stat(path).st_mode & 0o170000 == 0o040000


def _read_all(fd: int) -> bytes:
    pieces = []
    while piece := posix.read(fd, 64 * 1024):
        pieces.append(piece)
    return b"".join(pieces)


def _read_file(path: str) -> bytes | None:
    """The content; None when there is no such file or it is no plain one."""
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        if posix.fstat(fd).st_mode & 0o170000 != 0o100000:
            return None
        return _read_all(fd)
    finally:
        posix.close(fd)
