"""``exec``, second half: run the command, its streams joined to the client or to nothing."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from berth.base.errors import Conflict
from berth.engine.container.cell import Cell
from berth.engine.container.change import announce
from berth.engine.container.console import Session
from berth.engine.container.detach import parse_detach_keys
from berth.engine.container.record import ContainerRecord
from berth.engine.container.runtime import runtime_of
from berth.engine.container.specify import hostname_of, wanted_capabilities, wanted_rlimits
from berth.engine.engine import Engine
from berth.engine.exec.create import check_running
from berth.engine.exec.registry import ExecOptions, ExecSession
from berth.runtime.errors import CANNOT_INVOKE, LaunchError
from berth.runtime.execs import ExecProcess, ExecSpec
from berth.runtime.spec.capabilities import resolve as resolve_capabilities
from berth.runtime.spec.environment import container_environment, override
from berth.runtime.spec.security import parse_security_opts
from berth.runtime.users import lookup_user


async def start(
    engine: Engine,
    exec_id: str,
    *,
    detach: bool = False,
    tty: bool = False,
    console_size: tuple[int, int] | None = None,
) -> Session:
    """Run the session's command; the result carries its streams (none of them when detached).

    Conflict when it has been started before or the container does not run; LaunchError, with the session's
    exit code set, when the command cannot be run.
    """
    session = engine.execs.resolve(exec_id)
    cell = engine.containers.resolve(session.container_id)
    check_running(cell, cell.id)
    if session.started:
        raise Conflict(f"exec command {session.id} has already run")
    session.started = True
    options = session.options
    if console_size is not None:
        options = options._replace(console_size=console_size)
    try:
        process = _process(engine, cell, session, options)
        streams = _streams(engine, cell, session, detach=detach, tty=tty or options.tty)
        streams.join(process.io)
        await _run_process(engine, cell, session, process)
    except BaseException as error:
        session.finish(error.exit_code if isinstance(error, LaunchError) else CANNOT_INVOKE)
        raise
    return streams


def _streams(engine: Engine, cell: Cell, session: ExecSession, *, detach: bool, tty: bool) -> Session:
    options = session.options
    wanted = (options.stdin, options.stdout, options.stderr)
    return Session(
        tty=tty,
        streams=(False, False, False) if detach else wanted,
        keys=parse_detach_keys(options.detach_keys or cell.detach_keys),
        on_detach=lambda: _detached(engine, cell, session),
        settled=session.wait_finished,
    )


def _detached(engine: Engine, cell: Cell, session: ExecSession) -> None:
    announce(engine, cell, "exec_detach", {"execID": session.id})


async def _run_process(engine: Engine, cell: Cell, session: ExecSession, process: ExecProcess) -> None:
    """Start the command and, in the background, wait for its end."""
    command = " ".join(session.options.command)
    announce(engine, cell, f"exec_start: {command}", {"execID": session.id})
    session.process = process
    await process.start()
    engine.tasks.spawn(f"exec {session.id}", _until_exit(engine, cell, session, process))


async def _until_exit(engine: Engine, cell: Cell, session: ExecSession, process: ExecProcess) -> None:
    code = await process.wait()
    session.finish(code)
    announce(engine, cell, "exec_die", {"execID": session.id, "exitCode": str(code)})


def _process(engine: Engine, cell: Cell, session: ExecSession, options: ExecOptions) -> ExecProcess:
    directory = engine.settings.exec_root / "execs" / session.id
    spec = _spec(engine, cell.record, options)
    return ExecProcess(cell.id, runtime_of(engine, cell.record), spec, Path(directory))


def _spec(engine: Engine, record: ContainerRecord, options: ExecOptions) -> ExecSpec:
    host, config = record.host, record.config
    groups = host.group_add if not options.user else ()
    user = lookup_user(engine.images.rootfs(record.id), options.user or config.user, groups)
    if options.privileged:
        capabilities, _ = resolve_capabilities((), (), privileged=True, available=engine.host.capabilities)
    else:
        capabilities, _ = wanted_capabilities(engine, record)
    security = parse_security_opts(host.security_opt, no_new_privileges=engine.settings.no_new_privileges)
    return ExecSpec(
        args=options.command,
        env=container_environment(
            override(config.env, options.env),
            hostname=hostname_of(engine, record),
            terminal=options.tty,
            home=user.home,
        ),
        cwd=options.working_dir or config.working_dir or "/",
        user=user,
        capabilities=capabilities,
        no_new_privileges=security.no_new_privileges,
        rlimits=wanted_rlimits(record)[0],
        terminal=options.tty,
        stdin=options.stdin,
        console_size=options.console_size,
    )


async def run_probe(
    engine: Engine, cell: Cell, session: ExecSession, timeout_s: float, output_limit: int
) -> tuple[int, str]:
    """Run a health check's command: its exit code and the beginning of its output.

    TimeoutError when it takes longer; the command is killed then.
    """
    process = _process(engine, cell, session, session.options)
    session.process = process
    output = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            attachment = process.io.attach()
            await process.start()
            async for chunk in attachment:
                output += chunk.data[: max(0, output_limit - len(output))]
            code = await process.wait()
    except TimeoutError:
        if process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        raise
    return code, output.decode("utf-8", "replace")
