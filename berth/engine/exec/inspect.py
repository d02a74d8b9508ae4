"""``exec`` sessions described."""

from berth.engine.engine import Engine
from berth.engine.exec.registry import ExecSession


async def inspect(engine: Engine, exec_id: str) -> ExecSession:
    """The session; NotFound when there is none, or its container is gone."""
    return engine.execs.resolve(exec_id)
