"""The check of a Dockerfile: what is probably not meant, found without building anything.

Rules can be switched off for a file (``# check=skip=A,B``), for one build (the build argument
BUILDKIT_DOCKERFILE_CHECK, which replaces the former), and for one instruction (the same comment right above).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from berth.dockerfile.directives import CheckOptions, check_value, parse_check, parse_directive
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.ignore import IgnoreFile
from berth.dockerfile.instructions import Dockerfile
from berth.dockerfile.lint_bases import Globals, check_base
from berth.dockerfile.lint_names import check_names
from berth.dockerfile.lint_rules import RULES, Finding
from berth.dockerfile.lint_stages import StageState, Surroundings, new_stage, walk_stage

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
    stages: Collection[int] | None = None  # indexes of those that are built; None is every stage
    bases: Mapping[str, Base] = {}  # by the reference after expansion
    ignore: IgnoreFile | None = None
    target: str = ""


_NOTHING_ELSE = CheckRequest()


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
    globals_ = Globals.of(
        dockerfile, request.build_args, request.platform, request.build_platform, request.target
    )
    around = Surroundings(request.build_args, globals_.values, request.ignore, dockerfile.directives.escape)
    named: dict[str, int] = {}
    states: list[StageState] = []
    for index, stage in enumerate(dockerfile.stages):
        base, platform, findings = check_base(stage.from_, globals_)
        yield from findings
        known = request.bases.get(base)
        if base.lower() in named:
            state = states[named[base.lower()]].child()
        elif known is not None:
            state = new_stage(known.env, shell=known.shell)
            if request.stages is None or index in request.stages:
                yield from globals_.check_platform(stage.from_, base, platform, known.platform)
        else:
            state = new_stage({}, shell=False)
        findings = list(walk_stage(stage, state, around))
        if request.stages is None or index in request.stages:
            yield from findings
        states.append(state)
        if stage.from_.name:
            named[stage.from_.name] = index
