"""What every round of a crash test is: clients at work, the end of the daemon, quiet after the next one."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from tests.crash.daemon import MortalDaemon
from tests.support.waiting import wait_until


class Worker(Protocol):
    """A client thread that ends with its engine; ``failure`` is what else ended it."""

    name: str
    failure: BaseException | None

    def start(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...
    def is_alive(self) -> bool: ...


def kill_amid(
    daemon: MortalDaemon, clients: Sequence[Worker], refused: list[str], *, seconds: float, patience: float
) -> None:
    """Kill the daemon after ``seconds`` of the clients' work. ``refused`` has answers that none may give."""
    for client in clients:
        client.start()
    # The moment of the kill is the subject of the test: a wait for it, not for a state.
    threading.Event().wait(seconds)
    daemon.kill()
    for client in clients:
        client.join(patience)
        assert not client.is_alive(), f"{client.name} still waits for an engine that is gone"
        assert client.failure is None, client.failure
    assert not refused, "\n".join(refused)


def wait_settled(daemon: MortalDaemon, what: str, problems: Callable[[], list[str]]) -> None:
    """Wait until the daemon has nothing more to take away; what remains is an orphan."""
    try:
        wait_until(lambda: not problems(), what, timeout=20)
    except AssertionError:
        log = daemon.log.read_text(errors="replace")[-4000:]
        left = "\n".join(problems())
        raise AssertionError(f"{what}: after the restart there is\n{left}\n\n{log}") from None
