"""The monitor contract on conmon with each runtime of this host, and on the twin."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from berth.runtime.programs import find_program
from tests.contract.monitor_stages import conmon_stage, memory_stage, missing
from tests.contract.monitor_suite import CHECKS, Stage

Check = Callable[[Stage], Awaitable[None]]
checks = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@checks
def test_memory(check: Check, tmp_path: Path) -> None:
    async def run() -> None:
        async with memory_stage(tmp_path) as stage:
            await check(stage)

    asyncio.run(run())


@pytest.mark.root
@pytest.mark.parametrize("kind", ["crun", "runc"])
@checks
def test_conmon(check: Check, kind: str) -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    if find_program(kind) is None:
        pytest.skip(f"{kind} is not installed")

    async def run() -> None:
        async with conmon_stage(kind) as stage:
            await check(stage)

    asyncio.run(run())
