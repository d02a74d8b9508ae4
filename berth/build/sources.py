"""What does not come from the client: URLs and repositories, for ADD and as contexts."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from berth.base.errors import BerthError, Internal, InvalidArgument, Unavailable
from berth.base.tasks import Stop, in_thread
from berth.build.context import ContextStore
from berth.build.context_tar import read_context
from berth.build.copy_archive import is_archive
from berth.build.git import Git, GitOptions, GitSource, parse_git
from berth.build.http import Progress, Wanted
from berth.build.listing import Listing
from berth.registry.transport import Transport

_DOCKERFILE_LIMIT = 16 << 20
_KINDS: tuple[type[BerthError], ...] = (InvalidArgument, Unavailable)
_HTTP = ("http://", "https://")


class Fetched(NamedTuple):
    """``listing`` has what came; ``commit`` is that of a repository, else empty."""

    listing: Listing
    commit: str = ""


class Fetch(NamedTuple):
    """How to fetch. ``checksum``: a digest for a file, a commit or its beginning for a repository."""

    transport: Transport
    checksum: str = ""
    git: GitOptions = GitOptions()
    progress: Progress = lambda _current, _total: None


def is_remote(source: str) -> bool:
    """Whether ADD takes a source from elsewhere: an http(s) URL or a repository."""
    return source.lower().startswith(_HTTP) or (not source.startswith("/") and _git(source) is not None)


def _git(text: str) -> GitSource | None:
    # A path of the context may look like a short name of GitHub's; only contexts are named that way.
    return None if text.startswith("github.com/") else parse_git(text)


async def add_remote(store: ContextStore, url: str, fetch: Fetch) -> Fetched:
    """One source of ADD: a file of its own listing, or the files of a repository.

    BerthError with the instruction's name in front when it cannot be had.
    """
    try:
        with store.receiving():
            source = _git(url)
            if source is not None:
                return await _repository(store, source, fetch)
            wanted = Wanted(url, fetch.checksum)
            return Fetched(store.keep(await store.downloads.fetch(fetch.transport, wanted, fetch.progress)))
    except BerthError as error:
        kind = next((kind for kind in _KINDS if isinstance(error, kind)), Internal)
        raise kind(f"ADD failed: {error.message}", hint=error.hint) from None


async def remote_context(store: ContextStore, url: str, fetch: Fetch) -> Fetched:
    """A build context: a repository, an archive, or a single Dockerfile (told by what comes).

    InvalidArgument for a URL of another kind; Internal when it cannot be had.
    """
    with store.receiving():
        source = parse_git(url)
        if source is not None:
            return await _repository(store, source, fetch)
        if not url.lower().startswith(_HTTP):
            raise InvalidArgument(f"unsupported build context {url!r}: not http, https or git")
        try:
            single = await store.downloads.fetch(fetch.transport, Wanted(url, fetch.checksum), fetch.progress)
        except Internal as error:
            raise Internal(f"error downloading remote context {error.message}", hint=error.hint) from None
        return Fetched(store.keep(await in_thread(Stop(), _context_of, store, single)))


def _context_of(store: ContextStore, single: Listing) -> Listing:
    with _chunks(single) as next_chunk:
        if is_archive(next_chunk):
            with _chunks(single) as again:
                return read_context(store.files, again)
    entry = single.entries[0]
    if entry.size > _DOCKERFILE_LIMIT:
        raise InvalidArgument(
            f"the remote context is no archive, and too large for a Dockerfile: {entry.size}"
        )
    return single.renamed(entry.path, "Dockerfile")


@contextlib.contextmanager
def _chunks(single: Listing) -> Iterator[Callable[[], bytes]]:
    pieces = single.content(single.entries[0])
    with contextlib.closing(pieces):
        yield lambda: next(pieces, b"")


async def _repository(store: ContextStore, source: GitSource, fetch: Fetch) -> Fetched:
    options = fetch.git._replace(checksum=fetch.checksum) if fetch.checksum else fetch.git
    scratch = store.files.scratch()
    directory = await asyncio.to_thread(scratch.__enter__)
    try:
        commit, listing = await Git(store.files).fetch(source, options, directory)
    finally:
        await asyncio.shield(asyncio.to_thread(scratch.__exit__, None, None, None))
    return Fetched(store.keep(listing), commit)
