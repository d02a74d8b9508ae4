"""A git repository as a build context: cloned here, with the caller's own keys, by the git program."""

import os
import subprocess
import tempfile

from berth.base.errors import BerthError

_FAILED = "unable to prepare context: unable to 'git clone' to temporary context directory"


def clone(url: str, below: str | None = None) -> tuple[str, str]:
    """Get ``URL[#[ref][:subdirectory]]``: (the context's directory, the directory to remove afterwards).

    The latter is made ``below`` a directory, that for temporary files unless said.
    """
    repository, _, fragment = url.partition("#")
    ref, _, inner = fragment.partition(":")
    if repository.startswith("github.com/"):
        repository = f"https://{repository}"
    if ref.startswith("-") or repository.startswith("-"):
        raise BerthError(f"{_FAILED}: invalid refspec: {ref or repository}")
    temporary = tempfile.mkdtemp(prefix="berth-git-", dir=below)
    try:
        return _checkout(repository, ref, inner, temporary), temporary
    except BaseException:
        from shutil import rmtree

        rmtree(temporary)
        raise


def _checkout(repository: str, ref: str, inner: str, root: str) -> str:
    _git(root, "init", "-q")
    _git(root, "remote", "add", "origin", repository)
    wanted = ref or "HEAD"
    try:
        _git(root, "fetch", "-q", "--depth", "1", "origin", "--", wanted)
    except BerthError:
        # Some servers give single commits only to those who ask for everything.
        _git(root, "fetch", "-q", "--tags", "origin")
        found = _git(root, "rev-parse", "--verify", "-q", f"{wanted}^{{commit}}")
        _git(root, "checkout", "-q", "--detach", found.strip())
    else:
        _git(root, "checkout", "-q", "--detach", "FETCH_HEAD")
    _git(root, "submodule", "-q", "update", "--init", "--recursive", "--depth=1")
    path = os.path.realpath(os.path.join(root, inner))
    if path != root and not path.startswith(os.path.realpath(root) + "/"):
        raise BerthError(f"{_FAILED}: {inner} is outside of the repository")
    if not os.path.isdir(path):
        raise BerthError(f"{_FAILED}: error setting git checkout root: not a directory: {inner}")
    return path


def _git(root: str, *words: str) -> str:
    # It may not ask for passwords in the middle of a build, and follows no configured hooks.
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", *words]
    try:
        done = subprocess.run(
            command, cwd=root, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise BerthError(
            f"{_FAILED}: unable to find 'git': exec: \"git\": executable file not found"
        ) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise BerthError(f"{_FAILED}: error fetching: {said}\n: exit status {done.returncode}")
    return done.stdout.decode("utf-8", "replace")
