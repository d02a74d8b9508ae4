"""The checks that read names and forms only: stages, keywords, comments, secrets."""

from collections.abc import Iterator

from berth.dockerfile.instructions import (
    Arg,
    Dockerfile,
    Env,
    From,
    Instruction,
    Label,
    Maintainer,
    StageInstruction,
)  # fmt: skip
from berth.dockerfile.lint_rules import Finding, finding
from berth.dockerfile.text import blank_separated
from berth.dockerfile.words import quoted_words, split_instruction

_RESERVED = ("context", "scratch")
_SECRET_WORDS = frozenset(
    ("apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token")
)
_HARMLESS_WORDS = frozenset(("public", "file", "version"))


def keyword(instruction: Instruction) -> str:
    """The keyword as it was written."""
    return blank_separated(instruction.original, 1)[0] if instruction.original else ""


def of(rule: str, instruction: Instruction, *details: str) -> Finding:
    """A finding at the place of an instruction."""
    return finding(rule, instruction.line, instruction.end_line, *details)


def check_names(dockerfile: Dockerfile) -> Iterator[Finding]:
    """Every check of this module, over the whole file."""
    for notice in dockerfile.warnings:
        yield finding(notice.rule, notice.line, notice.end_line)
    yield from _descriptions(dockerfile)
    for instruction in (
        *dockerfile.preamble,
        *(i for stage in dockerfile.stages for i in stage.instructions),
    ):
        if isinstance(instruction, Maintainer):
            yield of("MaintainerDeprecated", instruction)
    seen: set[str] = set()
    for stage in dockerfile.stages:
        yield from _stage_name(stage.from_, seen)
    yield from _casing(dockerfile)


def _stage_name(from_: From, seen: set[str]) -> Iterator[Finding]:
    if from_.name is None:
        return
    written = from_.original.split()
    if written:
        first, link, name = written[0], written[-2], written[-1]
        if name != name.lower():
            yield of("StageNameCasing", from_, name)
        if (first.islower() and not link.islower()) or (first.isupper() and not link.isupper()):
            yield of("FromAsCasing", from_, link, first)
    if from_.name in _RESERVED:
        yield of("ReservedStageName", from_, from_.name)
    if from_.name in seen:
        yield of("DuplicateStageName", from_, from_.name)
    seen.add(from_.name)


def _casing(dockerfile: Dockerfile) -> Iterator[Finding]:
    """Which case most keywords have, and which ones have another."""
    written = [
        (instruction, keyword(instruction))
        for stage in dockerfile.stages
        for instruction in (stage.from_, *stage.instructions)
    ]
    lower = sum(name.islower() for _, name in written)
    upper = sum(name.isupper() for _, name in written)
    wanted = "lowercase" if lower > upper else "uppercase"
    for instruction, name in written:
        if not (name.islower() if lower > upper else name.isupper()):
            yield of("ConsistentInstructionCasing", instruction, name, wanted)


def _descriptions(dockerfile: Dockerfile) -> Iterator[Finding]:
    """A comment right above ARG or FROM AS is taken for its description, which begins with its name."""
    comments = dict(dockerfile.comments)
    instructions: list[From | StageInstruction] = list(dockerfile.preamble)
    for stage in dockerfile.stages:
        instructions += (stage.from_, *stage.instructions)
    for instruction in instructions:
        above = comments.get(instruction.line)
        if not above:
            continue
        if isinstance(instruction, Arg):
            names = [name for name, _ in instruction.pairs]
        elif isinstance(instruction, From) and instruction.name:
            names = [instruction.name]
        else:
            continue
        if above[-1].split(" ", 1)[0] not in names:
            kind = "ARG" if isinstance(instruction, Arg) else "FROM"
            example = names[0] if len(names) == 1 else "<arg_key>"
            yield of("InvalidDefinitionDescription", instruction, kind, example)


def is_secret(name: str) -> bool:
    """Whether a variable of this name probably holds something that does not belong into an image."""
    words = frozenset(name.lower().split("_"))
    return bool(words & _SECRET_WORDS) and not words & _HARMLESS_WORDS


def check_pairs(instruction: Arg | Env | Label, escape: str) -> Iterator[Finding]:
    """The form of ENV and LABEL, and the names of ENV and ARG."""
    name = keyword(instruction).upper()
    if not isinstance(instruction, Arg) and is_legacy(instruction, escape):
        yield of("LegacyKeyValueFormat", instruction, keyword(instruction))
    if not isinstance(instruction, Label):
        for key, _ in instruction.pairs:
            if is_secret(key):
                yield of("SecretsUsedInArgOrEnv", instruction, name, key)


def is_legacy(instruction: Env | Label, escape: str) -> bool:
    """Whether it is written ``NAME value``, without ``=``."""
    words = quoted_words(split_instruction(instruction.original, escape)[2], escape)
    return bool(words) and "=" not in words[0]
