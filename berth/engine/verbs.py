"""The kinds of verb, declared where the verb is written.

A *view* (list, logs, stats, events) is a plain function: it dies with the client that asked. A *change*
(create, start, rm, tag) is marked ``@change``: it runs to its end in the engine's task tree, and only the
waiting dies with the client.
"""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from berth.engine.engine import Engine

P = ParamSpec("P")
T = TypeVar("T")


def change(
    verb: Callable[Concatenate[Engine, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Engine, P], Awaitable[T]]:
    """Make ``verb`` survive the disconnect of its client."""

    @functools.wraps(verb)
    async def whole(engine: Engine, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await engine.tasks.finish(verb.__qualname__, verb(engine, *args, **kwargs))

    return whole
