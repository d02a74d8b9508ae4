"""``POST /containers/{id}/exec``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.engine.exec.create import create
from berth.engine.exec.registry import ExecOptions
from berth.engine.spec.naming import Record, Uint64, Words
from berth.server.message import Answer


class ExecCreateRequest(Record, frozen=True, kw_only=True):
    """The body."""

    user: str = ""
    privileged: bool = False
    tty: bool = False
    console_size: tuple[Uint64, Uint64] | None = None
    attach_stdin: bool = False
    attach_stderr: bool = False
    attach_stdout: bool = False
    detach_keys: str = ""
    env: tuple[str, ...] = ()
    working_dir: str = ""
    cmd: Words = ()


async def handle(call: Call) -> Answer:
    """Note what is to be run; the answer has the session's id."""
    wanted = await call.json(ExecCreateRequest)
    if not wanted.cmd:
        raise InvalidArgument("No exec command specified")
    exec_id = await create(
        call.engine,
        call.name,
        ExecOptions(
            command=wanted.cmd,
            env=wanted.env,
            user=wanted.user,
            working_dir=wanted.working_dir,
            tty=wanted.tty,
            stdin=wanted.attach_stdin,
            stdout=wanted.attach_stdout,
            stderr=wanted.attach_stderr,
            privileged=wanted.privileged,
            detach_keys=wanted.detach_keys,
            console_size=wanted.console_size if call.version >= (1, 42) else None,
        ),
    )
    return json_answer({"Id": exec_id}, 201)
