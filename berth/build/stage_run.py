"""What a RUN runs, what names it, and how the history tells it."""

import posixpath
from collections.abc import Sequence
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.build import keys
from berth.build.outline import CONTEXT, STAGE, Origin
from berth.build.plan_step import RUN, PlannedMount, RunPlan, Script
from berth.build.select import Selection
from berth.build.settings import State
from berth.build.stage_scope import Inputs, Scope
from berth.dockerfile.heredoc import inline_script, shell_text
from berth.dockerfile.instructions import Mount, Run
from berth.dockerfile.mounts import option
from berth.image.instructions import command_words

_SCRIPTS = "/dev/pipes"


class PlannedRun(NamedTuple):
    """The parts of a step that RUN decides. ``needs``: stages that its mounts show."""

    run: RunPlan
    definition: str
    created_by: str
    needs: tuple[int, ...]


def plan_run(instruction: Run, state: State, scope: Scope, inputs: Inputs) -> PlannedRun:
    """Plan an expanded RUN. InvalidArgument when a mount shows what is not there."""
    argv, script, told = _command(instruction, state)
    arguments = scope.visible()
    workdir = state.settings.working_dir or "/"
    mounts = tuple(_mount(mount, workdir, inputs, instruction.line) for mount in instruction.mounts)
    run = RunPlan(
        argv=argv,
        env=(*(state.settings.env or ()), *(f"{name}={value}" for name, value in arguments.items())),
        workdir=workdir,
        user=state.settings.user or "",
        proxies=scope.proxies(),
        mounts=mounts,
        script=script,
        network=instruction.network or "",
        security=instruction.security or "",
        devices=instruction.devices,
    )
    origins = [mount.origin for mount in mounts if mount.origin is not None]
    needs = tuple({source.stage: None for source in origins if source.kind == STAGE})
    return PlannedRun(run, _definition(run, inputs), _history(told, arguments), needs)


def _command(instruction: Run, state: State) -> tuple[tuple[str, ...], Script | None, Sequence[str]]:
    """The words that run, the file that they need, and the words that the history shows."""
    if not instruction.heredocs:
        given = instruction.command
        if not given.words or (given.shell and not given.words[0].strip()):
            raise InvalidArgument("RUN requires at least one argument")
        words = command_words(state.settings, instruction.command)
        return words, None, words
    text = shell_text(instruction)
    words = (*state.shell, text)
    document = inline_script(instruction)
    if document is None or not document.body.startswith("#!"):
        return words, None, words
    script = Script(f"{_SCRIPTS}/{document.name}", document.body)
    return (*state.shell, script.path), script, (*state.shell, f"<<{document.name}\n{text}{document.name}")


def _mount(mount: Mount, workdir: str, inputs: Inputs, line: int) -> PlannedMount:
    target = option(mount, "target") or ""
    source: Origin | None = None
    name = option(mount, "from")
    if name:
        source = inputs.origin(name, line)
    elif mount.type == "bind":
        source = Origin(CONTEXT)
    absolute = posixpath.normpath(posixpath.join("/", workdir, target)) if target else ""
    return PlannedMount(mount, absolute, source)


def _definition(run: RunPlan, inputs: Inputs) -> str:
    """All that decides what the command does, apart from files of stages. Of secrets only that they are
    there."""
    shown = []
    for mount in run.mounts:
        digest = ""
        if mount.origin is not None and mount.mount.type == "bind":
            source = option(mount.mount, "source") or "/"
            digest = inputs.digest(mount.origin, Selection((source,), word="RUN"))
        elif mount.origin is not None:
            digest = inputs.digest(mount.origin, Selection(("/",), word="RUN"))
        shown.append((mount.mount, mount.target, digest))
    parts = (
        run.argv, sorted(run.env), run.workdir, run.user, shown, run.script, run.network, run.security,
        run.devices, inputs.request.extra_hosts,
    )  # fmt: skip
    return keys.derive(RUN, repr(parts))


def _history(words: Sequence[str], arguments: dict[str, str]) -> str:
    text = " ".join(words)
    if not arguments:
        return text
    told = " ".join(f"{name}={value}" for name, value in arguments.items())
    return f"|{len(arguments)} {told} {text}"
