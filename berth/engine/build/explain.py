"""Why steps run, what would run, and what the check of a Dockerfile finds."""

import time
from collections.abc import Mapping

from msgspec.structs import replace

from berth.base.errors import InvalidArgument
from berth.base.tasks import Stop, in_thread
from berth.build.outline import IMAGE, Outline
from berth.build.plan import Plan, planned
from berth.build.plan_predict import predict
from berth.build.plan_step import Step
from berth.build.reasons import Explainer, Sources, trace
from berth.build.records import Built, Planned, Warning
from berth.build.request import BuildRequest
from berth.dockerfile.lint import Base, CheckRequest, check, options_of, violation
from berth.engine.engine import Engine
from berth.image.model import Image


class Reasons:
    """Tells why steps are not from the cache, as far as it is known at their turn."""

    def __init__(self, engine: Engine, plan: Plan, sources: Sources) -> None:
        self._engine = engine
        self._plan = plan
        self._sources = sources
        before = engine.builds.traces.last_build(plan.identity)
        self._explainer = Explainer(plan, sources, before)
        self._missed: set[int] = set()

    def missed(self, step: Step) -> str:
        """The step was not found; why."""
        reason = self._explainer.reason(step, self._missed)
        self._missed.add(step.index)
        return reason

    async def remember(self) -> None:
        """The build is over: the next one compares itself with it."""
        made = await in_thread(Stop(), trace, self._plan, self._sources)
        await self._engine.builds.traces.remember(self._plan.identity, made)


def dry_run(engine: Engine, plan: Plan, sources: Sources) -> tuple[Planned, Built]:
    """The plan with what would happen to each step, and the end."""
    explainer = Explainer(plan, sources, engine.builds.traces.last_build(plan.identity))
    found = predict(plan, engine.builds.cache, explainer)
    shown = planned(plan, {index: (one.cached, one.reason) for index, one in found.items()})
    return shown, Built(time_ns=time.time_ns())


def check_file(request: BuildRequest, outline: Outline, bases: Mapping[str, Image]) -> list[Warning]:
    """What the check finds, and what the parser did not like. InvalidArgument when the file says that these
    are errors."""
    dockerfile = outline.dockerfile
    asked = CheckRequest(
        build_args=request.build_args,
        platform=outline.globals["TARGETPLATFORM"],
        build_platform=outline.globals["BUILDPLATFORM"],
        stages=frozenset(outline.order),
        bases=_checked_bases(outline, bases),
        target=request.target,
    )
    findings = check(dockerfile, asked)
    if findings and options_of(dockerfile, request.build_args).error:
        raise InvalidArgument(violation(findings))
    noticed = {(notice.rule, notice.line) for notice in dockerfile.warnings}
    told = [Warning(text=n.text, rule=n.rule, line=n.line, end_line=n.end_line) for n in dockerfile.warnings]
    told += [
        Warning(
            text=one.text, rule=one.rule, description=one.description, line=one.line, end_line=one.end_line
        )
        for one in findings
        if (one.rule, one.line) not in noticed
    ]
    return [replace(warning, file=request.dockerfile_name) for warning in told]


def _checked_bases(outline: Outline, bases: Mapping[str, Image]) -> dict[str, Base]:
    known = {}
    for stage in outline.stages:
        image = bases.get(stage.base.name) if stage.base.kind == IMAGE else None
        if image is not None:
            config = image.config
            platform = "/".join(p for p in (config.os, config.architecture, config.variant) if p)
            known[stage.base_name] = Base(
                env=dict(item.partition("=")[::2] for item in config.config.env or ()),
                platform=platform,
                shell=bool(config.config.shell),
            )
    return known
