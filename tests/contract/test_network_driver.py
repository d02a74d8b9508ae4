"""The contract of network drivers, on the memory twin and on the kernel."""

import asyncio
import os
import subprocess

import pytest

from berth.base.tasks import TaskTree
from berth.kernel.capabilities import effective_capabilities
from berth.kernel.namespace import call_in_new_netns
from berth.network.bridge import BridgeDriver
from berth.network.memory import MemoryDriver

from .network_driver import BLUE, CHECKS, RED

_by_name = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))


@_by_name
def test_memory_driver(check, tmp_path):
    check(MemoryDriver(), tmp_path)


@pytest.mark.root
@_by_name
def test_bridge_driver(check, tmp_path):
    if os.geteuid() != 0 or "CAP_NET_ADMIN" not in effective_capabilities():
        pytest.skip("needs root with CAP_NET_ADMIN")
    closed = check.__name__ == "check_close_removes_only_when_told"

    async def main() -> None:
        tasks = TaskTree(lambda name, error: None)
        driver = BridgeDriver("contract", tasks)
        try:
            check(driver, tmp_path)
        finally:
            if not closed:
                driver.close([RED, BLUE], remove=True)
            await tasks.close()
            for path in tmp_path.iterdir():
                driver.remove_sandbox(path)

    def body() -> None:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        asyncio.run(main())

    call_in_new_netns(body)
