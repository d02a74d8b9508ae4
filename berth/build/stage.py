"""One stage of a plan: from its base to its last step, with arguments, variables and settings as they are
then.

An ARG is in force from its line on, in this stage and in those made from it. An ENV of the same name wins,
wherever it stands. What a RUN gets of the arguments is part of its key; an argument that changes does nothing
to the steps before it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from berth.base.errors import BerthError
from berth.build import keys
from berth.build.cache import Keys
from berth.build.outline import IMAGE, NAMED, STAGE, StageOutline
from berth.build.plan_step import ADD, COPY, FROM, METADATA, RUN, WORKDIR, Step, keys_after
from berth.build.request import BuildRequest
from berth.build.select import MissingFile
from berth.build.settings import State, apply, begin, history
from berth.build.stage_copy import plan_copy
from berth.build.stage_run import plan_run
from berth.build.stage_scope import Arguments, Inputs, Scope
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.ignore import IgnoreFile
from berth.dockerfile.instruction_expand import expand
from berth.dockerfile.instructions import (
    Add,
    Arg,
    Copy,
    From,
    Label,
    Run,
    StageInstruction,
    Workdir,
)
from berth.image.config import ImageSettings


class StageEnd(NamedTuple):
    """What a stage leaves to those made from it."""

    state: State
    arguments: Arguments
    keys: Keys


class StageWalk:
    """Makes the steps of one stage. ``ends`` are those of the stages that it needs."""

    def __init__(
        self, inputs: Inputs, stage: StageOutline, ends: Mapping[int, StageEnd], *, labels: bool
    ) -> None:
        self._inputs = inputs
        self._stage = stage
        self._stages = {index: end.keys for index, end in ends.items()}
        base = ends.get(stage.base.stage) if stage.base.kind == STAGE else None
        self._scope = Scope(inputs, base.arguments if base is not None else {})
        self._state, self._keys = self._begin(base)
        self._uncached = _is_uncached(stage, inputs)
        self._labels = inputs.request.labels if labels else {}
        self.steps: list[Step] = []

    def walk(self, index: int, number: int) -> StageEnd:
        """Make the steps; the first gets ``index`` in the plan and ``number`` of those that are counted."""
        self._add(index, number, self._stage.source, trigger=False)
        if self._stage.base.kind == NAMED:
            # A directory in the place of an image: everything in it is the stage's first layer.
            text = f"COPY --from={self._stage.base.name} / /"
            copy = Copy(("/",), "/", self._stage.base.name, original=text)
            self._apply(copy, index + len(self.steps), 0, trigger=True)
        for instruction in self._stage.triggers:
            self._step(instruction, index + len(self.steps), 0, trigger=True)
        for instruction in self._stage.instructions:
            number += 1
            self._step(instruction, index + len(self.steps), number, trigger=False)
        for name, value in sorted(self._labels.items()):
            number += 1
            label = Label(((name, value),), original=f"LABEL {name}={value}")
            self._apply(label, index + len(self.steps), number, trigger=False)
        return StageEnd(self._state, self._scope.arguments, self._keys)

    def _begin(self, base: StageEnd | None) -> tuple[State, Keys]:
        stage = self._stage
        if base is not None:
            return begin(base.state.settings, base.state.author), base.keys
        if stage.base.kind == IMAGE:
            image = self._inputs.bases[stage.base.name]
            return begin(image.config.config, image.config.author), keys.of_base(image.id, image.layers)
        return begin(ImageSettings()), keys.of_base("", (), stage.platform)

    def _step(self, instruction: StageInstruction, index: int, number: int, *, trigger: bool) -> None:
        try:
            self._scope.enter(self._state)
            escape = "\\" if trigger else self._inputs.outline.dockerfile.directives.escape
            self._apply(expand(instruction, self._scope.lookup, escape), index, number, trigger=trigger)
        except BerthError as error:
            line = instruction.line or self._stage.source.line
            hint = error.hint
            if isinstance(error, MissingFile):
                hint = _ignored(self._inputs.request, error.path)
            raise DockerfileError(error.message, line=line, hint=hint) from None

    def _apply(self, instruction: StageInstruction, index: int, number: int, *, trigger: bool) -> None:
        self._scope.enter(self._state)
        if isinstance(instruction, Arg):
            self._scope.declare(instruction)
        before = self._state
        self._state = apply(before, instruction)
        given: dict[str, Any]
        if isinstance(instruction, Run):
            run = plan_run(instruction, before, self._scope, self._inputs)
            given = {"kind": RUN, "layer": True, **run._asdict()}
        elif isinstance(instruction, Copy | Add):
            whole = self._stage.base if len(self.steps) == 1 and self._stage.base.kind == NAMED else None
            copy = plan_copy(instruction, before, self._inputs, whole)
            given = {"kind": ADD if isinstance(instruction, Add) else COPY, "layer": True, **copy._asdict()}
        else:
            given = {"kind": METADATA, "created_by": history(self._state, instruction), "definition": ""}
            if isinstance(instruction, Workdir):
                path = self._state.settings.working_dir or "/"
                given |= {"kind": WORKDIR, "layer": True, "definition": keys.derive(WORKDIR, path)}
        self._add(index, number, instruction, trigger=trigger, **given)

    def _add(
        self, index: int, number: int, instruction: StageInstruction | From, *, trigger: bool, **given: Any
    ) -> None:
        """Append a step; for FROM nothing is ``given``."""
        stage, state = self._stage, self._state
        given = given or {"kind": FROM, "created_by": "", "definition": "", "needs": _base_needs(stage)}
        line, end_line = instruction.line, instruction.end_line
        step = Step(
            index=index,
            number=number,
            stage=stage.index,
            instruction=instruction,
            display=instruction.original,
            line=line or stage.source.line,
            end_line=end_line or stage.source.end_line,
            trigger=trigger,
            settings=state.settings,
            author=state.author,
            shown=_shown(state, given["created_by"]),
            keys=self._keys,
            workdir=state.settings.working_dir or "/",
            uncached=self._uncached and not isinstance(instruction, From),
            **given,
        )
        if not isinstance(instruction, From):
            self._keys = keys_after(step, self._keys, self._stages, step.urls)
            step = msgspec.structs.replace(step, keys=self._keys)
        self.steps.append(step)


def _ignored(request: BuildRequest, path: str) -> str | None:
    """Which rule has left a file out; None when none has."""
    try:
        match = IgnoreFile.parse(request.ignore).matches(path)
    except DockerfileError:
        return None
    if match is None or not match.excluded:
        return None
    return f"{path} is excluded by line {match.line} of {request.ignore_name}: {match.rule}"


def _base_needs(stage: StageOutline) -> tuple[int, ...]:
    return (stage.base.stage,) if stage.base.kind == STAGE else ()


def _shown(state: State, created_by: str) -> str:
    return keys.derive("shown", msgspec.json.encode(state.settings).decode(), state.author, created_by)


def _is_uncached(stage: StageOutline, inputs: Inputs) -> bool:
    request = inputs.request
    wanted = {name.lower() for name in request.no_cache_stages}
    return request.no_cache or stage.name in wanted or str(stage.index) in wanted


def count_numbered(stage: StageOutline, labels: int) -> int:
    """How many of "Step n/m" the stage has; triggers are not counted."""
    return 1 + len(stage.instructions) + labels
