"""What ADD downloads, before the key of its step can be known, and contexts that come from elsewhere."""

import time
from collections.abc import Callable

from berth.build.copy import CopySource
from berth.build.git import GitOptions
from berth.build.globs import escape
from berth.build.records import AnyRecord, Transfer
from berth.build.select import Selection
from berth.build.sources import Fetch, Fetched, add_remote, remote_context
from berth.dockerfile.instructions import Add
from berth.engine.build.work import Turn
from berth.engine.engine import Engine

_CONTEXT_DIRECTORY = "BUILDKIT_CONTEXT_KEEP_GIT_DIR"
_TOKEN = "GIT_AUTH_TOKEN"
_TRUE = ("1", "t", "T", "TRUE", "true", "True")


async def fetch_sources(turn: Turn) -> tuple[tuple[str, ...], tuple[CopySource, ...]]:
    """The digests of what the step's URLs bring, and the files themselves."""
    instruction = turn.step.instruction
    if not turn.step.urls or not isinstance(instruction, Add):
        return (), ()
    work = turn.work
    digests: list[str] = []
    sources: list[CopySource] = []
    for url in turn.step.urls:
        fetch = Fetch(
            work.engine.registries.transport,
            instruction.checksum or "",
            _git_options(turn, instruction),
            _progress(work.report, url, turn.step.index),
        )
        got = await add_remote(work.engine.builds.contexts, url, fetch)
        digests.append(got.commit or got.listing.key)
        sources.append(_source(got, instruction))
    return tuple(digests), tuple(sources)


def _git_options(turn: Turn, instruction: Add) -> GitOptions:
    """With the token that the caller gave as a secret, and the agent of a caller who may reach any."""
    given = turn.work.session.given
    return GitOptions(
        keep_git_dir=bool(instruction.keep_git_dir),
        token=given.secrets.get(_TOKEN, b"").decode("utf-8", "replace").strip(),
        ssh_socket=given.ssh.get("default", "") if given.caller.uid == 0 else "",
    )


def _source(got: Fetched, instruction: Add) -> CopySource:
    whole = (".",) if got.commit else (escape(got.listing.entries[0].path),)
    selection = Selection(whole, instruction.excludes, context=False, word="ADD")
    return CopySource(got.listing, selection, remote=True)


async def fetch_context(
    engine: Engine, url: str, build_args: dict[str, str | None], report: Callable[[AnyRecord], None]
) -> Fetched:
    """A build context from a URL or a repository; the errors are those of ``remote_context``."""
    keep = build_args.get(_CONTEXT_DIRECTORY) in _TRUE
    fetch = Fetch(
        engine.registries.transport,
        git=GitOptions(keep_git_dir=keep),
        progress=_progress(report, url, None),
    )
    return await remote_context(engine.builds.contexts, url, fetch)


def _progress(report: Callable[[AnyRecord], None], url: str, step: int | None) -> Callable[[int, int], None]:
    def tell(current: int, total: int) -> None:
        report(
            Transfer(
                what="download", name=url, current=current, total=total, step=step, time_ns=time.time_ns()
            )
        )

    return tell
