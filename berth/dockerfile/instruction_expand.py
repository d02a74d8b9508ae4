"""Instructions with their variables replaced, by the rules of each: what is expanded, split, or left alone.

RUN, CMD and ENTRYPOINT are left to the shell that runs them; of RUN only the options of its mounts are the
builder's. The predefined proxy arguments are for RUN alone and are never replaced, so that they end up in
no configuration.
"""

from collections.abc import Callable

from berth.dockerfile.expand import expand_body, expand_word, expand_words
from berth.dockerfile.instructions import (
    Add,
    Arg,
    Copy,
    Env,
    Expose,
    Heredoc,
    Label,
    Mount,
    Run,
    StageInstruction,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from berth.dockerfile.mounts import check

Lookup = Callable[[str], str | None]
_Pairs = tuple[tuple[str, str], ...]


def expand(instruction: StageInstruction, lookup: Lookup, escape: str) -> StageInstruction:
    """The instruction with ``lookup`` for its variables. DockerfileError for a bad substitution."""

    def word(text: str) -> str:
        return expand_word(text, lookup, escape)

    def optional(text: str | None) -> str | None:
        return word(text) if text is not None else None

    def words(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(word, texts))

    def pairs(given: _Pairs) -> _Pairs:
        return tuple((word(name), word(value)) for name, value in given)

    match instruction:
        case Env() | Label():
            return instruction._replace(pairs=pairs(instruction.pairs))
        case Arg():
            return instruction._replace(
                pairs=tuple((name, optional(default)) for name, default in instruction.pairs)
            )
        case Expose():
            ports = (port for text in instruction.ports for port in expand_words(text, lookup, escape))
            return instruction._replace(ports=tuple(ports))
        case User():
            return instruction._replace(user=word(instruction.user))
        case Workdir():
            return instruction._replace(path=word(instruction.path))
        case Volume():
            return instruction._replace(paths=words(instruction.paths))
        case StopSignal():
            return instruction._replace(signal=word(instruction.signal))
        case Copy() | Add():
            instruction = instruction._replace(
                sources=words(instruction.sources),
                destination=word(instruction.destination),
                chown=optional(instruction.chown),
                chmod=optional(instruction.chmod),
                excludes=words(instruction.excludes),
                heredocs=tuple(_heredoc(doc, lookup) for doc in instruction.heredocs),
            )
            if isinstance(instruction, Add):
                return instruction._replace(checksum=optional(instruction.checksum))
            return instruction
        case Run():
            return instruction._replace(mounts=tuple(_mount(m, word) for m in instruction.mounts))
        case _:
            return instruction


def _heredoc(doc: Heredoc, lookup: Lookup) -> Heredoc:
    return doc._replace(body=expand_body(doc.body, lookup)) if doc.expand else doc


def _mount(mount: Mount, word: Callable[[str], str]) -> Mount:
    """What its values make of it is checked once more, now that they are known."""
    options = tuple((key, word(value) if value is not None else None) for key, value in mount.options)
    if options == mount.options:
        return mount
    expanded = mount._replace(options=options)
    check(expanded)
    return expanded
