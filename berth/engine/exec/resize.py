"""The terminal size of an exec session."""

from berth.base.errors import InvalidArgument
from berth.engine.engine import Engine


async def resize(engine: Engine, exec_id: str, height: int, width: int) -> None:
    """Set rows and columns of the session's terminal. InvalidArgument before its start or without one."""
    session = engine.execs.resolve(exec_id)
    if session.process is None or not session.running:
        raise InvalidArgument(f"exec {exec_id} is not running: it cannot be resized")
    if session.options.tty:
        await session.process.io.resize(height, width)
