"""The check of a Dockerfile: what is probably not meant, found without building anything.

Rules can be switched off for a file (``# check=skip=A,B``), for one build (the build argument
BUILDKIT_DOCKERFILE_CHECK, which replaces the former), and for one instruction (the same comment right above).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from berth.dockerfile.directives import CheckOptions, check_value, parse_check, parse_directive
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.ignore import IgnoreFile
from berth.dockerfile.instructions import Copy, Dockerfile, Run, StageSource
from berth.dockerfile.lint_bases import Globals, check_base
from berth.dockerfile.lint_names import check_names
from berth.dockerfile.lint_rules import RULES, Finding
from berth.dockerfile.lint_stages import StageState, Surroundings, new_stage, walk_stage
from berth.dockerfile.mounts import option

CHECK_ARGUMENT = "BUILDKIT_DOCKERFILE_CHECK"


class Base(NamedTuple):
    """What is known of an image that a stage is based on."""

    env: Mapping[str, str]
    platform: str | None = None  # os/architecture[/variant]
    shell: bool = False  # whether it sets SHELL


class CheckRequest(NamedTuple):
    """What the check may look at besides the file."""

    build_args: Mapping[str, str | None] = {}
    platform: str = "linux/amd64"
    build_platform: str = "linux/amd64"
    stages: Collection[int] | None = None  # indexes of those that are built; None is what ``target`` needs
    bases: Mapping[str, Base] = {}  # by the reference after expansion
    ignore: IgnoreFile | None = None
    target: str = ""


_NOTHING_ELSE = CheckRequest()
_UNKNOWN = Base(env={})


def check(dockerfile: Dockerfile, request: CheckRequest = _NOTHING_ELSE) -> tuple[Finding, ...]:
    """The findings in the order of their lines. DockerfileError for a malformed BUILDKIT_DOCKERFILE_CHECK."""
    found = list(check_names(dockerfile))
    found += _check_stages(dockerfile, request)
    general = options_of(dockerfile, request.build_args)
    local = {line: _comment_options(comments) for line, comments in dockerfile.comments}
    wanted = [one for one in found if _is_wanted(one, general, local.get(one.line))]
    unique = dict.fromkeys(wanted)  # a variable that is missing twice in one instruction is told once
    return tuple(sorted(unique, key=lambda one: one.line))


def options_of(dockerfile: Dockerfile, build_args: Mapping[str, str | None]) -> CheckOptions:
    """What applies to the whole file. ``error`` means that a finding fails the build."""
    given = build_args.get(CHECK_ARGUMENT)
    if given is not None:
        return parse_check(given)
    said = dockerfile.directives
    return CheckOptions(said.check_skip, said.check_all, said.check_error, said.check_experimental)


def violation(findings: tuple[Finding, ...]) -> str:
    """The error of a build whose check has ``error=true``."""
    names = dict.fromkeys(one.rule for one in findings)
    return f"lint violation found for rules: {', '.join(names)}"


def _comment_options(comments: tuple[str, ...]) -> CheckOptions:
    for comment in comments:
        pair = parse_directive(comment, "")
        if pair is not None and pair[0] == "check":
            try:
                return parse_check(check_value(pair[1]))
            except DockerfileError:  # a comment is no place for errors
                return CheckOptions()
    return CheckOptions()


def _is_wanted(finding: Finding, general: CheckOptions, local: CheckOptions | None) -> bool:
    scopes = (general,) if local is None else (general, local)
    if RULES[finding.rule].experimental:
        return any(finding.rule in scope.experimental or "all" in scope.experimental for scope in scopes)
    return not any(scope.skip_all or finding.rule in (scope.skip or ()) for scope in scopes)


def _check_stages(dockerfile: Dockerfile, request: CheckRequest) -> Iterator[Finding]:
    """What depends on variables: the stages in order, each with what its base hands down."""
    escape = dockerfile.directives.escape
    known = Globals.of(
        dockerfile, request.build_args, request.platform, request.build_platform, request.target
    )
    around = Surroundings(request.build_args, known.values, request.ignore, escape)
    built = request.stages if request.stages is not None else _built(dockerfile, request.target)
    named: dict[str, StageState] = {}
    for index, stage in enumerate(dockerfile.stages):
        base, platform, findings = check_base(stage.from_, known)
        yield from findings
        image = request.bases.get(base, _UNKNOWN)
        below = named.get(base.lower())
        state = below.child() if below is not None else new_stage(image.env, shell=image.shell)
        # Also a stage that is not built is walked through: others may be based on it.
        inside = list(walk_stage(stage, state, around))
        if index in built:
            if below is None:
                yield from known.check_platform(stage.from_, base, platform, image.platform)
            yield from inside
        if stage.from_.name:
            named[stage.from_.name] = state


def _built(dockerfile: Dockerfile, target: str) -> Collection[int]:
    """The stages that ``target`` needs; without one every stage counts, as it does for Docker's check."""
    places = {str(index): index for index in range(len(dockerfile.stages))}
    places |= {stage.from_.name: i for i, stage in enumerate(dockerfile.stages) if stage.from_.name}
    if target.lower() not in places:
        return range(len(dockerfile.stages))
    needed: set[int] = set()
    waiting = [places[target.lower()]]
    while waiting:
        index = waiting.pop()
        if index not in needed:
            needed.add(index)
            waiting += [places[name] for name in _sources(dockerfile.stages[index]) if name in places]
    return needed


def _sources(stage: StageSource) -> Iterator[str]:
    yield stage.from_.base.lower()
    for instruction in stage.instructions:
        if isinstance(instruction, Copy) and instruction.from_:
            yield instruction.from_.lower()
        elif isinstance(instruction, Run):
            for mount in instruction.mounts:
                yield (option(mount, "from") or "").lower()
