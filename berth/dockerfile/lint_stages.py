"""The checks inside a stage, which need the variables that are in force at each line."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from berth.dockerfile import patterns
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.expand import Expansion, Keep, expand
from berth.dockerfile.ignore import IgnoreFile
from berth.dockerfile.instructions import (
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    HealthCheck,
    Label,
    Run,
    Shell,
    StageInstruction,
    StageSource,
    StopSignal,
    User,
    Volume,
    Workdir,
)  # fmt: skip
from berth.dockerfile.lint_names import check_pairs, keyword, of
from berth.dockerfile.lint_rules import Finding
from berth.dockerfile.ports import parse_port
from berth.dockerfile.text import did_you_mean, quoted

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_VARIABLES = frozenset(("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"))


class Surroundings(NamedTuple):
    """What all stages share."""

    build_args: Mapping[str, str | None]
    globals: Mapping[str, str]
    ignore: IgnoreFile | None
    escape: str


class StageState:
    """What is in force at a line of a stage."""

    def __init__(
        self, env: Mapping[str, str], declared: frozenset[str], *, shell: bool, workdir: bool
    ) -> None:
        self.env = dict(env)
        self.declared = declared
        self.shell = shell
        self.workdir = workdir
        self.used_once: dict[str, StageInstruction] = {}

    def child(self) -> "StageState":
        """What a stage begins with that is based on this one."""
        return StageState(self.env, self.declared, shell=self.shell, workdir=self.workdir)


def new_stage(env: Mapping[str, str], *, shell: bool) -> StageState:
    """The state on an image with these variables; every image has a PATH."""
    return StageState({"PATH": _PATH, **env}, frozenset(), shell=shell, workdir=False)


def walk_stage(stage: StageSource, state: StageState, around: Surroundings) -> Iterator[Finding]:
    """The findings; ``state`` moves along and is at the end what the stage hands down."""
    for instruction in stage.instructions:
        yield from _check_once(instruction, state)
        if isinstance(instruction, (Arg, Env, Label)):
            yield from check_pairs(instruction, around.escape)
        try:
            expanded = _expand_all(instruction, state, around)
        except DockerfileError:  # the build will say so
            continue
        yield from _undefined(instruction, state, expanded)
        yield from _check_form(instruction, state, around, expanded)
        _apply(instruction, state, around, expanded)


def _expand_all(instruction: StageInstruction, state: StageState, around: Surroundings) -> list[Expansion]:
    found = [expand(text, state.env.get, around.escape) for text in _texts(instruction, around)]
    if isinstance(instruction, (Copy, Add)):
        body = Keep(quoting=True)
        found += [expand(doc.body, state.env.get, keep=body) for doc in instruction.heredocs if doc.expand]
    return found


def _texts(instruction: StageInstruction, around: Surroundings) -> list[str]:
    """What is expanded, in an order that ``_check_form`` and ``_apply`` know."""
    match instruction:
        case Env() | Label():
            return [text for pair in instruction.pairs for text in pair]
        case Arg():
            given = around.build_args
            return [v if v is not None and given.get(k) is None else "" for k, v in instruction.pairs]
        case Copy() | Add():
            extra = (instruction.chown, instruction.chmod, *instruction.excludes)
            return [*instruction.sources, instruction.destination, *(text for text in extra if text)]
        case Expose():
            return list(instruction.ports)
        case Volume():
            return list(instruction.paths)
        case User():
            return [instruction.user]
        case Workdir():
            return [instruction.path]
        case StopSignal():
            return [instruction.signal]
        case Run():
            return [value for mount in instruction.mounts for _, value in mount.options if value]
        case _:
            return []


def _undefined(
    instruction: StageInstruction, state: StageState, expanded: list[Expansion]
) -> Iterator[Finding]:
    missing = {name for expansion in expanded for name in expansion.missing}
    for name in sorted(missing - state.declared - _NOT_VARIABLES):
        hint = did_you_mean(name, sorted(state.env)).replace("mean ", "mean $")
        yield of("UndefinedVar", instruction, name, hint)


def _check_once(instruction: StageInstruction, state: StageState) -> Iterator[Finding]:
    """Of several CMD, ENTRYPOINT or HEALTHCHECK only the last counts: the ones before it are blamed."""
    if isinstance(instruction, (Cmd, Entrypoint, HealthCheck)):
        name = keyword(instruction).upper()
        before = state.used_once.get(name)
        if before is not None:
            yield of("MultipleInstructionsDisallowed", before, keyword(instruction))
        state.used_once[name] = instruction
    if isinstance(instruction, (Cmd, Entrypoint)) and instruction.command.shell and not state.shell:
        yield of("JSONArgsRecommended", instruction, keyword(instruction))


def _check_form(
    instruction: StageInstruction, state: StageState, around: Surroundings, expanded: list[Expansion]
) -> Iterator[Finding]:
    if isinstance(instruction, Workdir) and not state.workdir and not expanded[0].text.startswith("/"):
        yield of("WorkdirRelativePath", instruction, quoted(expanded[0].text))
    if isinstance(instruction, Expose):
        for expansion in expanded:
            for word in expansion.words:
                yield from _check_port(instruction, word)
    if isinstance(instruction, Add) or (isinstance(instruction, Copy) and instruction.from_ is None):
        for expansion in expanded[: len(instruction.sources)]:
            yield from _check_source(instruction, expansion.text, around.ignore)


def _check_port(instruction: Expose, word: str) -> Iterator[Finding]:
    try:
        port = parse_port(word)
    except DockerfileError:  # the build will say so
        return
    if port.protocol != port.protocol.lower():
        yield of("ExposeProtoCasing", instruction, word)
    if port.mapped:
        yield of("ExposeInvalidFormat", instruction, word)


def _check_source(instruction: Copy | Add, source: str, ignore: IgnoreFile | None) -> Iterator[Finding]:
    """A source that the ignore file leaves out. Nothing is said with ``!`` rules: they may take it back."""
    if ignore is None or ignore.takes_back or "://" in source or source.startswith("git@"):
        return
    cleaned = patterns.clean(source)
    if cleaned in (".", "/"):
        ignored = ignore.excludes_everything()
    else:
        ignored = ignore.excludes(cleaned.removeprefix("/"))
    if ignored:
        yield of("CopyIgnoredFile", instruction, type(instruction).__name__, quoted(cleaned))


def _apply(
    instruction: StageInstruction, state: StageState, around: Surroundings, expanded: list[Expansion]
) -> None:
    match instruction:
        case Env():
            texts = [expansion.text for expansion in expanded]
            state.env.update(zip(texts[::2], texts[1::2], strict=True))
        case Arg():
            for (name, default), expansion in zip(instruction.pairs, expanded, strict=True):
                value = around.build_args.get(name)
                if value is None:
                    value = around.globals.get(name) if default is None else expansion.text
                if value is not None:
                    state.env[name] = value
            state.declared |= {name for name, _ in instruction.pairs}
        case Workdir():
            state.workdir = True
        case Shell():
            state.shell = True
        case _:
            pass
