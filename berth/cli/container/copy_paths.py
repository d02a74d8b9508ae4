"""The rules of ``cp`` for paths: what is copied where, and under which name. They are Docker's.

A trailing ``/.`` means "what is in the directory", a trailing slash says that the path is a directory.
"""

import posixpath

from berth.base.errors import BerthError


class Place:
    """One end of a copy. ``name`` is what the source is to be called when it is not its path's last part."""

    __slots__ = ("exists", "is_directory", "name", "path")

    def __init__(
        self, path: str, *, exists: bool = False, is_directory: bool = False, name: str = ""
    ) -> None:
        self.path = path
        self.exists = exists
        self.is_directory = is_directory
        self.name = name


class Renaming:
    """The first occurrence of ``old`` in the names of an archive becomes ``new``."""

    __slots__ = ("new", "old")

    def __init__(self, old: str, new: str) -> None:
        self.old = "" if old == "/" else old
        self.new = new

    def __call__(self, name: str) -> str:
        return name.replace(self.old, self.new, 1)


def split_argument(text: str) -> tuple[str, str]:
    """(container, path) of ``CONTAINER:PATH``; a local path has no container."""
    if text.startswith(("/", ".")) or ":" not in text:
        return "", text
    container, _, path = text.partition(":")
    return container, path


def cleaned(path: str) -> str:
    """The shortest form of a path (Go's filepath.Clean)."""
    short = posixpath.normpath(path)
    return short[1:] if short.startswith("//") else short


def has_trailing_slash(path: str) -> bool:
    """Whether the path says that it is a directory."""
    return path.endswith("/")


def means_content(path: str) -> bool:
    """Whether the last part is ``.``: what is in the directory."""
    return posixpath.basename(path) == "."


def keeping_end(path: str, original: str) -> str:
    """``path``, shortened, with the slash or ``/.`` that ``original`` has at its end."""
    if means_content(original) and not means_content(path):
        return path.rstrip("/") + "/."
    if has_trailing_slash(original) and not has_trailing_slash(path):
        return path + "/"
    return path


def split_entry(path: str) -> tuple[str, str]:
    """(directory, last part), where the last part of ``x/.`` is ``.``."""
    short = cleaned(path)
    if means_content(path):
        short = posixpath.join(short, ".")
    return posixpath.dirname(short) or ("/" if short.startswith("/") else "."), posixpath.basename(
        short
    ) or "/"


def followed(path: str, target: str) -> Place:
    """The source when ``path`` is a link to ``target``: it keeps the name that was asked for."""
    target = keeping_end(target, path)
    name = posixpath.basename(cleaned(path))
    return Place(target, exists=True, name=name if name != posixpath.basename(cleaned(target)) else "")


def plan(source: Place, target: Place) -> tuple[str, Renaming | None]:
    """The existing directory to unpack into, and how names change on the way.

    BerthError with Docker's words when the two do not go together.
    """
    folder, base = split_entry(target.path)
    if target.exists and target.is_directory:
        return target.path, None
    if source.is_directory and target.exists:
        raise BerthError("cannot copy directory")
    if not source.is_directory and not target.exists and _says_directory(target.path):
        raise BerthError("no such directory")
    return folder, Renaming(source.name or split_entry(source.path)[1], base)


def _says_directory(path: str) -> bool:
    return has_trailing_slash(path) or means_content(path) or not path
