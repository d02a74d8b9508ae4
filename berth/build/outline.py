"""What a Dockerfile needs before anything can be planned: arguments for FROM, the stages, the images.

Known from the text and the request alone. The triggers that a base image brings along (ONBUILD) are known
only when the bases are: ``with_triggers`` adds them, and what they need in turn.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from berth.base.errors import InvalidArgument
from berth.base.reference import parse_reference
from berth.build.request import BuildRequest
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.expand import expand_word
from berth.dockerfile.instructions import Add, Arg, Copy, Dockerfile, From, OnBuild, Run, StageInstruction
from berth.dockerfile.mounts import option
from berth.dockerfile.parser import parse_instruction
from berth.image.manifest import Platform
from berth.image.model import Image
from berth.image.selection import host_platform, parse_platform

PROXIES = frozenset(
    f(name)
    for name in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")
    for f in (str.lower, str.upper)
)
"""Arguments that every RUN gets without ARG, and that are in no history and no key unless declared."""
READ_BY_BUILDER = frozenset(
    (
        "BUILDKIT_BUILD_NAME",
        "BUILDKIT_CACHE_MOUNT_NS",
        "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
        "BUILDKIT_DOCKERFILE_CHECK",
        "BUILDKIT_INLINE_CACHE",
        "BUILDKIT_MULTI_PLATFORM",
        "BUILDKIT_SANDBOX_HOSTNAME",
        "BUILDKIT_SYNTAX",
        "SOURCE_DATE_EPOCH",
    )
)
"""Arguments that mean something without ARG."""
CONTEXT, NAMED, STAGE, IMAGE, SCRATCH = "context", "named", "stage", "image", "scratch"
_IMAGE_SCHEMES = ("image:", "docker-image://")


class Origin(NamedTuple):
    """Where files come from. ``kind``: the build context, a ``named`` context, a ``stage`` (by index), an
    ``image`` (``name`` is the key of its reference), or ``scratch``."""

    kind: str
    name: str = ""
    stage: int = -1


class Reference(NamedTuple):
    """An image that has to be found. ``key`` is its name in ``bases``; no ``platform`` means this
    machine's."""

    key: str
    name: str
    platform: str = ""
    line: int = 0


class StageOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A stage. ``triggers`` come from its base and run before its own ``instructions``.

    ``needs``: indexes of the stages that it is made from or copies from.
    """

    index: int
    source: From
    name: str
    base_name: str
    base: Origin
    platform: str
    instructions: tuple[StageInstruction, ...]
    triggers: tuple[StageInstruction, ...] = ()
    needs: tuple[int, ...] = ()


class Outline(NamedTuple):
    """The whole. ``stages`` are all of the file; ``order`` are the indexes of those that the target needs,
    each after the ones that it needs itself.

    ``globals``: the arguments before the first FROM, with those of the platforms; ``declared``: the names
    of all ARG in what is built.
    """

    dockerfile: Dockerfile
    globals: Mapping[str, str]
    stages: tuple[StageOutline, ...]
    target: int
    order: tuple[int, ...]
    references: tuple[Reference, ...]
    contexts: tuple[str, ...]
    uses_context: bool
    declared: frozenset[str]


def outline(dockerfile: Dockerfile, request: BuildRequest) -> Outline:
    """Look through the file. InvalidArgument (DockerfileError with its line) for what can be told to be
    wrong: an unknown target, a bad platform, stages that need one another."""
    values = global_arguments(dockerfile, request)
    stages: list[StageOutline] = []
    for index, source in enumerate(dockerfile.stages):
        stages.append(_stage(index, source.from_, source.instructions, stages, values, dockerfile, request))
    return _complete(dockerfile, values, stages, request)


def with_triggers(whole: Outline, request: BuildRequest, bases: Mapping[str, Image]) -> Outline:
    """The outline with the triggers of the bases, as far as these are known.

    Triggers may name further images and stages: repeat until ``references`` has nothing that ``bases`` lacks.
    """
    stages = []
    for stage in whole.stages:
        triggers = tuple(
            _parsed_trigger(text, stage.source.line) for text in _triggers_of(stage, whole, bases)
        )
        stages.append(replace(stage, triggers=triggers))
    if all(before.triggers == after.triggers for before, after in zip(whole.stages, stages, strict=True)):
        return whole
    return _complete(whole.dockerfile, whole.globals, stages, request)


def global_arguments(dockerfile: Dockerfile, request: BuildRequest) -> dict[str, str]:
    """The arguments that FROM sees: the platforms', then those before the first FROM."""
    values = _platform_arguments(request)
    given = request.build_args
    values |= {name: value for name, value in given.items() if name in values and value is not None}
    for instruction in dockerfile.preamble:
        for name, default in instruction.pairs:
            value = given.get(name)
            if value is None and default is not None:
                value = _expanded(default, values, dockerfile, instruction.line)
            if value is not None:
                values[name] = value
    return values


def _platform_arguments(request: BuildRequest) -> dict[str, str]:
    host = host_platform()
    target = parse_platform(request.platform) if request.platform else host
    values: dict[str, str] = {"TARGETSTAGE": request.target or "default"}
    for prefix, platform in (("BUILD", host), ("TARGET", target)):
        values |= {
            f"{prefix}PLATFORM": platform_text(platform), f"{prefix}OS": platform.os,
            f"{prefix}ARCH": platform.architecture, f"{prefix}VARIANT": platform.variant,
        }  # fmt: skip
    return values


def requested_platform(request: BuildRequest) -> str:
    """The platform of ``--platform`` in its full form; "" for this machine's."""
    return _foreign(request.platform) if request.platform else ""


def _foreign(text: str) -> str:
    """The full form of a platform, "" when it is this machine's."""
    platform = parse_platform(text)
    return "" if platform == host_platform() else platform_text(platform)


def platform_text(platform: Platform) -> str:
    """``linux/arm/v7``."""
    return "/".join(part for part in (platform.os, platform.architecture, platform.variant) if part)


def origin(name: str, stages: Iterable[StageOutline], request: BuildRequest, line: int = 0) -> Origin:
    """What ``--from=name`` means: a stage by number or name, a named context, ``scratch``, or an image."""
    known = list(stages)
    if name.isascii() and name.isdecimal():
        if len(name) > 6 or int(name) >= len(known):
            raise DockerfileError(f"invalid from flag value {name}: index out of bounds", line=line)
        return Origin(STAGE, stage=int(name))
    for stage in reversed(known):
        if stage.name and stage.name == name.lower():
            return Origin(STAGE, stage=stage.index)
    return _outside(name, requested_platform(request), request)


def find_context(name: str, request: BuildRequest) -> str | None:
    """The named context that stands for ``name``, an image's name with its tag left out or not."""
    if name in request.named or not request.named:
        return name if name in request.named else None
    try:
        full = parse_reference(name).with_default_tag()
    except InvalidArgument:
        return None
    for given in request.named:
        try:
            if parse_reference(given).with_default_tag() == full:
                return given
        except InvalidArgument:
            continue
    return None


def stage_instructions(stage: StageOutline) -> Iterator[StageInstruction]:
    """Everything that happens in a stage, in order."""
    yield from stage.triggers
    yield from stage.instructions


def mount_sources(instruction: StageInstruction) -> Iterator[str]:
    """The ``from`` values of a RUN's mounts; "" for the build context."""
    if isinstance(instruction, Run):
        for mount in instruction.mounts:
            source = option(mount, "from")
            if source or mount.type == "bind":
                yield source or ""


def _outside(name: str, platform: str, request: BuildRequest) -> Origin:
    if name.lower() == SCRATCH:
        return Origin(SCRATCH)
    context = find_context(name, request)
    if context is None:
        return Origin(IMAGE, _reference_key(name, platform))
    value = request.named[context]
    for scheme in _IMAGE_SCHEMES:
        if value.startswith(scheme):
            return Origin(IMAGE, _reference_key(value.removeprefix(scheme), platform))
    return Origin(NAMED, context)


def _reference_key(name: str, platform: str) -> str:
    return f"{name} {platform}" if platform else name


def _stage(
    index: int,
    source: From,
    instructions: tuple[StageInstruction, ...],
    before: list[StageOutline],
    values: Mapping[str, str],
    dockerfile: Dockerfile,
    request: BuildRequest,
) -> StageOutline:
    base_name = _expanded(source.base, values, dockerfile, source.line)
    if not base_name:
        raise DockerfileError(f"base name ({source.base}) should not be blank", line=source.line)
    platform = (
        _platform(source, values, dockerfile) if source.platform is not None else requested_platform(request)
    )
    name = source.name or ""
    if name and name in request.named:
        # Another context takes the place of the whole stage.
        base, instructions = _outside(name, platform, request), ()
    else:
        earlier = [stage for stage in before if stage.name and stage.name == base_name.lower()]
        base = Origin(STAGE, stage=earlier[-1].index) if earlier else _outside(base_name, platform, request)
    return StageOutline(
        index=index,
        source=source,
        name=name,
        base_name=base_name,
        base=base,
        platform=platform,
        instructions=instructions,
    )


def _platform(source: From, values: Mapping[str, str], dockerfile: Dockerfile) -> str:
    text = _expanded(source.platform or "", values, dockerfile, source.line)
    if not text:
        raise DockerfileError(f"empty platform value from expression {source.platform}", line=source.line)
    try:
        return _foreign(text)
    except InvalidArgument as error:
        raise DockerfileError(f"failed to parse platform {text}: {error.message}", line=source.line) from None


def _expanded(text: str, values: Mapping[str, str], dockerfile: Dockerfile, line: int) -> str:
    try:
        return expand_word(text, values.get, dockerfile.directives.escape)
    except DockerfileError as error:
        raise DockerfileError(error.message, line=line, hint=error.hint) from None


def _triggers_of(stage: StageOutline, whole: Outline, bases: Mapping[str, Image]) -> tuple[str, ...]:
    if stage.base.kind == STAGE:
        base = whole.stages[stage.base.stage]
        return tuple(i.trigger for i in base.instructions if isinstance(i, OnBuild))
    image = bases.get(stage.base.name) if stage.base.kind == IMAGE else None
    return (image.config.config.on_build or ()) if image is not None else ()


def _parsed_trigger(text: str, line: int) -> StageInstruction:
    try:
        parsed = parse_instruction(text)
    except InvalidArgument as error:
        raise DockerfileError(error.message, line=line, hint=f"a trigger of the base image: {text}") from None
    if isinstance(parsed, From | OnBuild):
        keyword = "FROM" if isinstance(parsed, From) else "ONBUILD"
        raise DockerfileError(f"{keyword} isn't allowed as an ONBUILD trigger", line=line)
    return parsed


def _complete(
    dockerfile: Dockerfile, values: Mapping[str, str], stages: list[StageOutline], request: BuildRequest
) -> Outline:
    complete = tuple(replace(stage, needs=_needs(stage, stages, request)) for stage in stages)
    target = find_target(complete, request.target)
    order = _order(complete, target)
    references: dict[str, Reference] = {}
    contexts: dict[str, None] = {}
    uses_context = False
    declared = {name for instruction in dockerfile.preamble for name, _ in instruction.pairs}
    for index in order:
        stage = complete[index]
        origins = [(stage.base, stage.source.line)]
        for instruction in stage_instructions(stage):
            origins += [(found, instruction.line) for found in _origins(instruction, stages, request)]
            if isinstance(instruction, Arg):
                declared.update(name for name, _ in instruction.pairs)
        for found, line in origins:
            if found.kind == IMAGE:
                name, _, platform = found.name.partition(" ")
                references.setdefault(found.name, Reference(found.name, name, platform, line))
            elif found.kind == NAMED:
                contexts[found.name] = None
            uses_context |= found.kind == CONTEXT
    return Outline(
        dockerfile,
        values,
        complete,
        target,
        order,
        tuple(references.values()),
        tuple(contexts),
        uses_context,
        frozenset(declared),
    )


def _origins(
    instruction: StageInstruction, stages: Iterable[StageOutline], request: BuildRequest
) -> Iterator[Origin]:
    if isinstance(instruction, Copy) and instruction.from_ is not None:
        if "$" in instruction.from_:
            raise DockerfileError(
                "variable expansion is not supported for --from, define a new stage with FROM using ARG from "
                "global scope as a workaround",
                line=instruction.line,
            )
        yield origin(instruction.from_, stages, request, instruction.line)
    elif isinstance(instruction, Copy | Add) and instruction.sources:
        yield Origin(CONTEXT)
    for name in mount_sources(instruction):
        yield origin(name, stages, request, instruction.line) if name else Origin(CONTEXT)


def _needs(stage: StageOutline, stages: Iterable[StageOutline], request: BuildRequest) -> tuple[int, ...]:
    found = {stage.base.stage: None} if stage.base.kind == STAGE else {}
    for instruction in stage_instructions(stage):
        for source in _origins(instruction, stages, request):
            if source.kind == STAGE:
                found[source.stage] = None
    return tuple(found)


def find_target(stages: tuple[StageOutline, ...], target: str) -> int:
    """The index of the stage called ``target``, or with that number; the last one without a target."""
    if not target:
        return len(stages) - 1
    for stage in reversed(stages):
        if stage.name and stage.name == target.lower():
            return stage.index
    if target.isascii() and target.isdecimal() and len(target) <= 6 and int(target) < len(stages):
        return int(target)
    named = ", ".join(stage.name for stage in stages if stage.name)
    raise InvalidArgument(
        f"failed to reach build target {target} in Dockerfile",
        hint=f"its stages are: {named}" if named else "its stages have no names; use a number",
    )


def _order(stages: tuple[StageOutline, ...], target: int) -> tuple[int, ...]:
    """The stages that ``target`` needs, depth first; DockerfileError when they need one another."""
    done: dict[int, None] = {}
    walking: dict[int, None] = {}
    todo = [(target, iter(stages[target].needs))]
    walking[target] = None
    while todo:
        index, needs = todo[-1]
        needed = next(needs, None)
        if needed is None:
            todo.pop()
            del walking[index]
            done[index] = None
        elif needed in walking:
            name = stages[needed].name or str(needed)
            raise DockerfileError(
                f"circular dependency detected on stage: {name}", line=stages[needed].source.line
            )
        elif needed not in done:
            walking[needed] = None
            todo.append((needed, iter(stages[needed].needs)))
    return tuple(done)
