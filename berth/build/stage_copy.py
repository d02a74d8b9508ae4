"""What a COPY or ADD copies, what names it, and how the history tells it."""

from typing import NamedTuple

from berth.build import keys
from berth.build.globs import has_wildcard
from berth.build.outline import CONTEXT, STAGE, Origin
from berth.build.plan_step import ADD, COPY
from berth.build.select import Selection
from berth.build.settings import State, nop
from berth.build.stage_scope import Inputs
from berth.build.tree import DIRECTORY, clean
from berth.dockerfile.instructions import Add, Copy

_URLS = ("http://", "https://", "git://", "ssh://", "git@")


class PlannedCopy(NamedTuple):
    """The parts of a step that COPY and ADD decide. ``needs``: the stage that it copies from."""

    origin: Origin | None
    selection: Selection | None
    urls: tuple[str, ...]
    definition: str
    created_by: str
    needs: tuple[int, ...]


def plan_copy(
    instruction: Copy | Add, state: State, inputs: Inputs, whole: Origin | None = None
) -> PlannedCopy:
    """Plan an expanded COPY or ADD. InvalidArgument when a source is not in its context.

    ``whole``: where it copies from, whatever it says itself.
    """
    word = "ADD" if isinstance(instruction, Add) else "COPY"
    urls: tuple[str, ...] = ()
    paths = instruction.sources
    source: Origin | None = Origin(CONTEXT)
    if isinstance(instruction, Add):
        urls = tuple(path for path in paths if is_url(path))
        paths = tuple(path for path in paths if not is_url(path))
    elif whole is not None:
        source = whole
    elif instruction.from_ is not None:
        source = inputs.origin(instruction.from_, instruction.line)
    selection = None
    digest = ""
    if paths and source is not None:
        selection = Selection(
            paths, instruction.excludes, isinstance(instruction, Copy) and instruction.parents, word=word
        )
        selection = selection._replace(context=source.kind == CONTEXT)
        digest = inputs.digest(source, selection)
    else:
        source = None
    definition = _definition(instruction, state, selection, digest)
    created_by = _history(instruction, state, keys.derive("shown", definition), _kind(source, paths, inputs))
    needs = (source.stage,) if source is not None and source.kind == STAGE else ()
    return PlannedCopy(source, selection, urls, definition, created_by, needs)


def is_url(source: str) -> bool:
    """Whether ADD downloads the source instead of looking into the context."""
    return source.lower().startswith(_URLS)


def _definition(instruction: Copy | Add, state: State, selection: Selection | None, digest: str) -> str:
    options: tuple[object, ...] = ()
    if isinstance(instruction, Add):
        options = (instruction.checksum, instruction.keep_git_dir, instruction.unpack)
    elif instruction.link:
        options = ("link",)
    destination = (state.settings.working_dir or "/", instruction.destination)
    parts = (
        instruction.sources, selection, digest, destination, instruction.chown, instruction.chmod,
        instruction.excludes, instruction.heredocs, options,
    )  # fmt: skip
    return keys.derive(ADD if isinstance(instruction, Add) else COPY, repr(parts))


def _kind(source: Origin | None, paths: tuple[str, ...], inputs: Inputs) -> str:
    """``file``, ``dir`` or ``multi``, as far as it can be told."""
    if len(paths) != 1:
        return "multi" if paths else "file"
    tree = inputs.tree(source) if source is not None else None
    if tree is None:
        return "file"
    if has_wildcard(paths[0]):
        return "multi"
    entry = tree.find(clean(paths[0]))
    return "dir" if entry is not None and entry.kind == DIRECTORY else "file"


def _history(instruction: Copy | Add, state: State, digest: str, kind: str) -> str:
    word = "ADD" if isinstance(instruction, Add) else "COPY"
    owner = f"--chown={instruction.chown} " if instruction.chown else ""
    named = f"{kind}:{digest.partition(':')[2]}"
    return nop(state.shell, f"{word} {owner}{named} in {instruction.destination} ")
