"""``GET /exec/{id}/json``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.wire import Json
from berth.engine.exec.inspect import inspect
from berth.engine.exec.registry import ExecSession
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Describe an exec session."""
    return json_answer(_shape(await inspect(call.engine, call.name)))


def _shape(session: ExecSession) -> Json:
    options = session.options
    process: Json = {
        "tty": options.tty,
        "entrypoint": options.command[0],
        "arguments": list(options.command[1:]),
        "privileged": options.privileged,
    }
    if options.user:
        process["user"] = options.user
    return {
        "ID": session.id,
        "Running": session.running,
        "ExitCode": session.exit_code,
        "ProcessConfig": process,
        "OpenStdin": options.stdin,
        "OpenStderr": options.stderr,
        "OpenStdout": options.stdout,
        "CanRemove": session.exit_code is not None,
        "ContainerID": session.container_id,
        "DetachKeys": options.detach_keys,
        "Pid": session.pid,
    }
