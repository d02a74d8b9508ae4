"""``wait``: block until a container ends, is gone, or is not running."""

import asyncio

from berth.base.errors import InvalidArgument
from berth.engine.container.cell import ExitStatus
from berth.engine.container.record import Status
from berth.engine.engine import Engine


class Waiter:
    """An armed wait: whatever happens from now on is not missed."""

    def __init__(self, outcome: asyncio.Future[ExitStatus]) -> None:
        self._outcome = outcome

    async def result(self) -> ExitStatus:
        """The exit status, once the condition holds."""
        return await self._outcome


async def wait(engine: Engine, ref: str, condition: str = "not-running") -> Waiter:
    """Arm a wait for ``not-running``, ``next-exit`` or ``removed``."""
    cell = engine.containers.resolve(ref)
    if condition in ("", "not-running"):
        if cell.state.running or cell.state.status is Status.RESTARTING:
            return Waiter(cell.next_exit())
        done: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        done.set_result(ExitStatus(cell.state.exit_code, cell.state.error))
        return Waiter(done)
    if condition == "next-exit":
        return Waiter(cell.next_exit())
    if condition == "removed":
        return Waiter(cell.removal())
    raise InvalidArgument(f'invalid condition: "{condition}"')
