"""Git repositories as sources: fetched by the git program, shallow, with everything local forbidden.

What a repository can make git do is kept small: no hooks, no configuration of the machine or of a user, no
protocol but https, http, git and ssh (so that neither a submodule nor a redirect leads to ``file:`` or
``ext:``), no questions on a terminal. Credentials travel in the program's environment, never in its arguments
or in what it writes.
"""

import asyncio
import base64
import contextlib
import os
import posixpath
import re
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from berth.base.errors import Internal, InvalidArgument, Unavailable
from berth.base.tasks import Stop, in_thread
from berth.build.files import FileStore
from berth.build.listing import Listing, complete
from berth.build.tree import DIRECTORY, FILE, DirectoryTree, Entry

_PROTOCOLS = ("https", "http", "git", "ssh")
_SHORT = re.compile(r"(?P<user>[A-Za-z0-9_.-]+)@(?P<host>[A-Za-z0-9.-]+):(?P<path>[^:].*)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{7,64}")
_REF = re.compile(r"[A-Za-z0-9_./@+=,%#-]+")
_OUTPUT = 4 << 20
_FILE_LIMIT = 64 << 30
_SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=true", "protocol.allow=never",
    *(f"protocol.{name}.allow=always" for name in _PROTOCOLS),
    "http.lowSpeedLimit=1000", "http.lowSpeedTime=60", "http.followRedirects=initial", "gc.auto=0",
    "advice.detachedHead=false", "init.defaultBranch=master", "transfer.fsckObjects=false",
    "submodule.recurse=false", "credential.helper=",
)  # fmt: skip


class GitSource(NamedTuple):
    """A repository: its URL without user, what to take of it, and who asks.

    ``ref`` is a branch, tag or commit, empty for the remote's HEAD. ``authorization`` is the value of an HTTP
    header, from the user and password of the URL.
    """

    url: str
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool | None = None
    submodules: bool = True
    authorization: str = ""

    def __repr__(self) -> str:
        return f"GitSource({self.url}#{self.ref}:{self.subdir})"


class GitOptions(NamedTuple):
    """``checksum`` is a commit, or the beginning of one, that must come out. ``token`` is sent to an HTTPS
    origin; ``ssh_socket`` is an agent's. ``environment`` is for the proxies that the daemon uses."""

    keep_git_dir: bool = False
    checksum: str = ""
    token: str = ""
    ssh_socket: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    seconds: float = 1800.0


def parse_git(text: str) -> GitSource | None:
    """The repository that a source names, None when it is something else.

    Git: ``git://``, ``ssh://``, ``user@host:path``, ``github.com/...``, and http(s) whose path ends in
    ``.git``. What follows ``#`` is ``ref:subdir``; in a query may stand ref, branch, tag, subdir, checksum,
    commit, keep-git-dir, submodules. InvalidArgument for what can only be meant as git and is wrong.
    """
    base, _, fragment = text.partition("#")
    short = _SHORT.fullmatch(base)
    if short is not None and "://" not in base:
        source = GitSource(f"ssh://{short['user']}@{short['host']}/{short['path'].lstrip('/')}")
        return _with_fragment(source, fragment)
    if base.startswith("github.com/"):
        base = f"https://{base}"
        if not base.endswith(".git"):
            base += ".git"
    try:
        parts = urlsplit(base)
    except ValueError:
        raise InvalidArgument(f"invalid URL {text!r}") from None
    if parts.scheme not in _PROTOCOLS or not parts.hostname:
        return None
    if parts.scheme in ("http", "https") and not parts.path.rstrip("/").endswith(".git"):
        return None
    keeps_user = parts.scheme == "ssh"
    place = parts.netloc if keeps_user else parts.netloc.rpartition("@")[2]
    source = GitSource(urlunsplit((parts.scheme, place, parts.path, "", "")))
    if parts.username and not keeps_user:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        source = source._replace(authorization="Basic " + base64.b64encode(pair).decode())
    return _with_fragment(_with_query(source, parts.query), fragment)


def _with_query(source: GitSource, query: str) -> GitSource:
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in ("ref", "branch", "tag"):
            prefix = {"branch": "refs/heads/", "tag": "refs/tags/"}.get(key, "")
            source = source._replace(ref=prefix + value)
        elif key == "subdir":
            source = source._replace(subdir=value)
        elif key in ("checksum", "commit"):
            source = source._replace(checksum=value)
        elif key in ("keep-git-dir", "submodules"):
            wanted = value.lower() in ("", "1", "true")
            source = (
                source._replace(keep_git_dir=wanted)
                if key == "keep-git-dir"
                else source._replace(submodules=wanted)
            )
        else:
            raise InvalidArgument(f"unexpected query {key!r} in git URL")
    return source


def _with_fragment(source: GitSource, fragment: str) -> GitSource:
    ref, _, subdir = fragment.partition(":")
    ref, subdir = ref or source.ref, subdir or source.subdir
    if ref and (not _REF.fullmatch(ref) or ref.startswith("-") or ".." in ref):
        raise InvalidArgument(f"invalid git reference {ref[:200]!r}")
    if subdir and posixpath.normpath("/" + subdir).lstrip("/") != posixpath.normpath(subdir).lstrip("/"):
        raise InvalidArgument(f"invalid subdirectory {subdir[:200]!r}")
    return source._replace(ref=ref, subdir=subdir)


class Git:
    """Runs git in directories of its own; ``scratch`` gives one, which the caller removes."""

    def __init__(self, files: FileStore, say: Callable[[str], None] = lambda _: None) -> None:
        self._files = files
        self._say = say

    async def resolve(self, source: GitSource, options: GitOptions) -> str:
        """The commit that the source means now; Internal when it cannot be found or nobody answers."""
        if _COMMIT.fullmatch(source.ref):
            return source.ref
        ref = source.ref or "HEAD"
        out = await self._run(["ls-remote", "--", source.url, ref, f"{ref}^{{}}"], source, options)
        found = {}
        for line in out.decode("utf-8", "replace").splitlines():
            commit, _, name = line.partition("\t")
            if _COMMIT.fullmatch(commit):
                found[name] = commit
        for name in (ref, f"refs/tags/{ref}", f"refs/heads/{ref}"):
            # A tag that is an object of its own is followed to its commit.
            if name in found:
                return found.get(f"{name}^{{}}", found[name])
        if _PREFIX.fullmatch(ref):
            return ref
        raise Internal(f"repository {source.url} does not contain ref {ref}")

    async def fetch(self, source: GitSource, options: GitOptions, scratch: Path) -> tuple[str, Listing]:
        """The commit and its files. ``scratch`` is an empty directory, which is left full."""
        commit = await self.resolve(source, options)
        tree = scratch / "tree"
        tree.mkdir(mode=0o755)
        await self._run(["init", "--quiet", str(tree)], source, options)
        await self._get(source, options, tree, commit)
        await self._run(
            ["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD^{commit}"], source, options, tree
        )
        out = await self._run(["log", "-1", "--format=%H %ct", "HEAD"], source, options, tree)
        commit, seconds = out.decode().split()
        for wanted in (options.checksum, source.checksum):
            if wanted and not commit.startswith(wanted.lower()):
                raise InvalidArgument(f"expected checksum to match {wanted}, got {commit}")
        if source.submodules and (tree / ".gitmodules").is_file():
            update = ["submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"]
            await self._run(update, source, options, tree)
        keep = options.keep_git_dir if source.keep_git_dir is None else source.keep_git_dir
        if keep:
            await self._run(["remote", "add", "origin", source.url], source, options, tree)
        listing = await in_thread(Stop(), self._store, tree, source, int(seconds), keep_git_dir=keep)
        return commit, listing

    async def _get(self, source: GitSource, options: GitOptions, tree: Path, commit: str) -> None:
        """Fetch one commit alone; where the other end gives only what has a name, everything."""
        wants = [commit] if _COMMIT.fullmatch(commit) else []
        wants += [source.ref] if source.ref and not _PREFIX.fullmatch(source.ref) else []
        failure: Internal | None = None
        for want in wants:
            try:
                await self._run(
                    ["fetch", "--quiet", "--no-tags", "--depth=1", "--", source.url, want],
                    source,
                    options,
                    tree,
                )
                return
            except Internal as error:
                failure = error
        try:
            everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
            await self._run(["fetch", "--quiet", "--", source.url, *everything], source, options, tree)
            out = await self._run(["rev-parse", "--verify", f"{commit}^{{commit}}"], source, options, tree)
        except Internal as error:
            raise failure or error from None
        (tree / ".git" / "FETCH_HEAD").write_bytes(out)

    def _store(self, tree: Path, source: GitSource, seconds: int, *, keep_git_dir: bool) -> Listing:
        git = tree / ".git"
        if keep_git_dir:
            (git / "FETCH_HEAD").unlink(missing_ok=True)
        else:
            shutil.rmtree(git)
        listing = store_tree(self._files, tree, seconds)
        return listing.below(source.subdir) if source.subdir else listing

    # -- the program -------------------------------------------------------------------------------------

    async def _run(
        self, words: Sequence[str], source: GitSource, options: GitOptions, tree: Path | None = None
    ) -> bytes:
        program = shutil.which("git")
        if program is None:
            raise Unavailable("git is not installed", hint="install the package git")
        command = [program]
        if (limiter := shutil.which("prlimit")) is not None:
            command = [limiter, f"--fsize={_FILE_LIMIT}", program]
        if tree is not None:
            command += ["-C", str(tree)]
        command += words
        self._say("git " + " ".join(words))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True,
            env=_environment(source, options),
        )  # fmt: skip
        try:
            async with asyncio.timeout(options.seconds):
                out, errors = await asyncio.gather(_read(process.stdout), _read(process.stderr))
                code = await process.wait()
        except TimeoutError:
            raise Internal(
                f"git {words[0]} of {source.url} took longer than {options.seconds:.0f} s"
            ) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if code:
            raise Internal(f"failed to fetch {source.url}: {_told(errors) or f'exit status {code}'}")
        return out


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """What a program says, its end cut off where it says too much."""
    assert stream is not None
    parts: list[bytes] = []
    size = 0
    while chunk := await stream.read(64 << 10):
        if size < _OUTPUT:
            parts.append(chunk)
            size += len(chunk)
    return b"".join(parts)


def _told(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    text = "; ".join(lines[:4])
    return "".join(char if char.isprintable() else " " for char in text[:1000])


def _environment(source: GitSource, options: GitOptions) -> dict[str, str]:
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "GIT_ALLOW_PROTOCOL": ":".join(_PROTOCOLS),
        "GIT_SSH_COMMAND": "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=accept-new "
        "-o UserKnownHostsFile=/dev/null -o ConnectTimeout=30",
        **dict(options.environment),
    }
    if options.ssh_socket:
        environment["SSH_AUTH_SOCK"] = options.ssh_socket
    settings = [tuple(setting.split("=", 1)) for setting in _SETTINGS]
    authorization = source.authorization
    if options.token and not authorization and source.url.startswith("https://"):
        pair = f"x-access-token:{options.token}".encode()
        authorization = "Basic " + base64.b64encode(pair).decode()
    if authorization:
        parts = urlsplit(source.url)
        settings.append(
            (f"http.{parts.scheme}://{parts.netloc}/.extraHeader", f"Authorization: {authorization}")
        )
    environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def store_tree(files: FileStore, directory: Path, seconds: int) -> Listing:
    """Everything below a directory that nobody changes meanwhile, as root's and as old as ``seconds`` says:
    a checkout of the same commit is the same, whenever it was made."""
    found: list[Entry] = []
    with DirectoryTree(directory) as tree:
        todo = [""]
        while todo:
            for entry in tree.children(todo.pop()):
                stored = files.put(tree.content(entry)) if entry.kind == FILE else None
                digest = stored.digest if stored else None
                found.append(
                    entry._replace(digest=digest, uid=0, gid=0, inode=None, mtime_ns=seconds * 10**9)
                )
                if entry.kind == DIRECTORY:
                    todo.append(entry.path)
    return Listing(complete(found), files.files)
