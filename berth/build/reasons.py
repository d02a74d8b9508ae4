"""Why a step is not taken from the cache, in words for the author of the Dockerfile.

A cache that is a table of digests can only say "not found". So each build leaves a trace of what its steps
were made of, and the next build of the same file says what is different. The trace has digests and names, no
values: it cannot betray what an argument held.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from berth.build.keys import derive
from berth.build.listing import Listing
from berth.build.outline import CONTEXT, IMAGE, NAMED, Origin
from berth.build.plan import Plan, StagePlan
from berth.build.plan_step import FROM, METADATA, Step
from berth.build.select import choose, walk
from berth.build.tree import Entry
from berth.dockerfile.instructions import From
from berth.image.model import Image

_FILES_LIMIT = 2000
_SHORT = 12
_TEXT_LIMIT = 60


class StepTrace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one step was made of. ``base``: the image of a FROM. ``env``: a short digest of each variable of
    a RUN. ``files``: of each file of a context; of each directory when there are many."""

    text: str
    definition: str
    base: str = ""
    env: dict[str, str] = {}
    files: dict[str, str] = {}


class BuildTrace(msgspec.Struct, frozen=True, kw_only=True):
    """What the last build with an identity was made of. Stages by name, or ``#n`` without one."""

    stages: dict[str, tuple[StepTrace, ...]]


class Sources(NamedTuple):
    """Where the plan's files came from: the arguments of ``make_plan``."""

    bases: Mapping[str, Image]
    context: Listing | None
    named: Mapping[str, Listing]

    def tree(self, origin: Origin) -> Listing | None:
        """The files of a context, None for another origin."""
        if origin.kind == CONTEXT:
            return self.context
        return self.named.get(origin.name) if origin.kind == NAMED else None


def trace(plan: Plan, sources: Sources) -> BuildTrace:
    """What this build is made of, for the next one to compare."""
    return BuildTrace(
        stages={
            _stage_name(stage): tuple(_trace_step(step, stage, sources) for step in stage.steps)
            for stage in plan.stages.values()
        }
    )


class Explainer:
    """Tells why steps of ``plan`` are not cached; ``before`` is the trace of the last build, None without
    one."""

    def __init__(self, plan: Plan, sources: Sources, before: BuildTrace | None) -> None:
        self._plan = plan
        self._sources = sources
        self._before = before

    def reason(self, step: Step, missed: Collection[int]) -> str:
        """Why ``step`` was not found; ``missed`` are the indexes of steps that were not found either.

        For a step that makes files those count that make files and ran. "" for a FROM.
        """
        stage = self._plan.stages[step.stage]
        if step.kind == FROM:
            return ""
        if step.uncached:
            return "--no-cache"
        earlier = self._earlier(step, stage, missed)
        if earlier:
            return earlier
        if self._before is None:
            return "not built before"
        old = self._before.stages.get(_stage_name(stage))
        if old is None:
            return "a new stage"
        return self._compared(step, stage, old)

    def _earlier(self, step: Step, stage: StagePlan, missed: Collection[int]) -> str:
        kept = stage
        while True:
            before = [s for s in kept.steps if s.index in missed and s.index < step.index]
            before = [s for s in before if s.layer or not step.layer]
            if before:
                last = before[-1]
                where = f"step {last.number}" if last.number else f"the trigger {_quoted(last.display)}"
                return f"follows {where}, which {'runs' if last.layer else 'is made anew'}"
            if kept.base.stage < 0 or kept.base.stage not in self._plan.stages:
                break
            kept = self._plan.stages[kept.base.stage]
        for needed in step.needs:
            source = self._plan.stages[needed]
            if any(s.index in missed and s.layer for s in source.steps):
                return f"reads from stage {source.name or needed}, which has changed"
        return ""

    def _compared(self, step: Step, stage: StagePlan, old: tuple[StepTrace, ...]) -> str:
        first = old[0] if old else None
        place = step.index - stage.steps[0].index
        now = _trace_step(stage.steps[0], stage, self._sources)
        if first is not None and first.base != now.base:
            if first.text != now.text:
                return f"the base was {_quoted(first.text)}"
            return f"base image moved: {stage.base_name} is not what it was"
        if place >= len(old):
            return "a new instruction"
        then = old[place]
        now = _trace_step(step, stage, self._sources)
        if then.text != now.text:
            if any(one.text == now.text for one in old):
                return "it was at another place"
            return f"instruction changed from {_quoted(then.text)}"
        if then.files != now.files:
            return _file_difference(then.files, now.files)
        if then.env != now.env:
            return _variable_difference(then.env, now.env)
        if step.urls:
            return f"what {step.urls[0]} has is not what it was"
        if step.kind == METADATA and then.definition != now.definition:
            return "a variable in it has another value"
        if then.definition != now.definition:
            return "what it reads or how it runs has changed"
        return "its result is not in the cache any more"


def _stage_name(stage: StagePlan) -> str:
    return stage.name or f"#{stage.number}"


def _trace_step(step: Step, stage: StagePlan, sources: Sources) -> StepTrace:
    text = step.display
    if isinstance(step.instruction, From):
        image = sources.bases.get(stage.base.name) if stage.base.kind == IMAGE else None
        return StepTrace(text=text, definition="", base=image.id if image else stage.base_name)
    if step.kind == METADATA:
        # What it shows is its whole meaning; a value of ARG or ENV goes in as a digest only.
        return StepTrace(text=text, definition=_short(derive("trace", step.created_by)))
    env = {}
    if step.run is not None:
        env = {name: _short(derive("value", value)) for name, value in map(_pair, step.run.env)}
    return StepTrace(text=text, definition=_short(step.definition), env=env, files=_files(step, sources))


def _pair(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name, value


def _files(step: Step, sources: Sources) -> dict[str, str]:
    tree = sources.tree(step.origin) if step.origin is not None else None
    if tree is None or step.selection is None:
        return {}
    found: dict[str, str] = {}
    for source in choose(tree, step.selection):
        top = source.entry.path
        found[top or "."] = _entry(source.entry)
        for path, entry in walk(tree, source, step.selection):
            found[f"{top}/{path}" if top else path] = _entry(entry)
    depth = 4
    while len(found) > _FILES_LIMIT and depth:
        found = _rolled(found, depth)
        depth -= 1
    return found if len(found) <= _FILES_LIMIT else {"": _short(derive("files", *sorted(found.values())))}


def _rolled(found: dict[str, str], depth: int) -> dict[str, str]:
    """Directories at ``depth`` stand for what is in them."""
    groups: dict[str, list[str]] = {}
    for path, digest in found.items():
        parts = path.split("/")
        name = path if len(parts) <= depth else "/".join(parts[:depth]) + "/"
        groups.setdefault(name, []).append(f"{path}={digest}")
    return {
        name: _short(derive("directory", *sorted(rows))) if name.endswith("/") else rows[0].rpartition("=")[2]
        for name, rows in groups.items()
    }


def _entry(entry: Entry) -> str:
    what = f"{entry.kind} {entry.mode:o} {entry.digest or ''} {entry.link}"
    return _short(derive("entry", what))


def _short(digest: str) -> str:
    return digest.partition(":")[2][:_SHORT]


def _quoted(text: str) -> str:
    line = text.split("\n", 1)[0]
    return f"'{line if len(line) <= _TEXT_LIMIT else line[: _TEXT_LIMIT - 3] + '...'}'"


def _file_difference(then: dict[str, str], now: dict[str, str]) -> str:
    changed = sorted(path for path in now if path in then and then[path] != now[path])
    added = sorted(now.keys() - then.keys())
    gone = sorted(then.keys() - now.keys())
    for paths, what in ((changed, "changed"), (added, "is new"), (gone, "is gone")):
        if paths:
            others = len(changed) + len(added) + len(gone) - 1
            more = f", and {others} more" if others else ""
            if not paths[0]:
                return f"files in the context {what}"
            kind = "files in" if paths[0].endswith("/") else "file"
            return f"{kind} {paths[0]} {what}{more}"
    return "files in the context changed"


def _variable_difference(then: dict[str, str], now: dict[str, str]) -> str:
    names = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    more = f", and {len(names) - 1} more" if len(names) > 1 else ""
    return f"variable {names[0]} changed{more}"
