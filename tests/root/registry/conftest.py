"""The image and registry rooms joined as the engine joins them, against a registry of the tests' own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from berth.base.caller import LOCAL_ROOT
from berth.base.reference import parse_reference
from berth.base.tasks import TaskTree
from berth.image import knowledge
from berth.image.knowledge import Knowledge
from berth.image.limits import DEFAULT_LIMITS, Limits
from berth.image.manifest import Platform
from berth.image.partial import Partials
from berth.image.pull import Pulled, Puller, PullRequest, pull
from berth.image.push import Pushed, Pusher, mount_sources, push
from berth.image.store import SCHEMA, ImageStore
from berth.image.transfers import Transfers
from berth.kernel.mount import mounts_below, umount_if_mounted
from berth.registry.credentials import ANONYMOUS, Credentials
from berth.registry.registries import Registries
from berth.registry.retry import Patience
from berth.registry.settings import RegistrySettings, Timeouts
from berth.registry.upload import Pusher as RegistryPusher
from berth.state.database import Database
from tests.contract.snapshotter_stage import missing
from tests.support.registry import FakeRegistry

QUICK = Patience(attempts=4, first_s=0.01, longest_s=0.02)


@dataclass
class Heard:
    """What a transfer told."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def update(self, item: str, action: str, current: int = 0, total: int = 0) -> None:
        self.lines.append((item, action))

    def say(self, text: str, item: str = "") -> None:
        self.said.append(f"{item}: {text}" if item else text)

    def actions(self, item: str) -> list[str]:
        """The actions of one layer, each once, in order."""
        return list(dict.fromkeys(action for name, action in self.lines if name == item))


@dataclass
class House:
    """The parts of an engine that images travel through."""

    store: ImageStore
    registries: Registries
    puller: Puller
    pusher: Pusher
    heard: Heard = field(default_factory=Heard)

    async def pull(
        self, name: str, *, platform: Platform | None = None, credentials: Credentials = ANONYMOUS
    ) -> Pulled:
        ref = parse_reference(name).with_default_tag()
        source = (await self.registries.source(ref, credentials))[-1]
        return await pull(self.puller, source, PullRequest(ref, platform, LOCAL_ROOT), self.heard)

    async def push(self, name: str, *, credentials: Credentials = ANONYMOUS) -> Pushed:
        ref = parse_reference(name).with_default_tag()
        image = self.store.resolve(str(ref))
        repository = await self.registries.target(ref, credentials)
        sources = mount_sources(self.puller.knowledge, [image], ref)
        return await push(self.pusher, RegistryPusher(repository, sources), image, ref, self.heard)


Opener = Callable[..., contextlib.AbstractAsyncContextManager[House]]


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Opener]:
    """A function that opens the parts on the test's directory, again and again if need be."""
    if reason := missing("directory", tmp_path):
        pytest.skip(reason)

    @contextlib.asynccontextmanager
    async def opened(
        *,
        settings: RegistrySettings | None = None,
        downloads: int = 3,
        form: str = "directory",
        limits: Limits = DEFAULT_LIMITS,
    ) -> AsyncIterator[House]:
        chosen = settings or RegistrySettings(timeouts=Timeouts(connect=5, head=5, idle=5))
        database = Database.open(tmp_path / "state.db", [SCHEMA, knowledge.SCHEMA])
        store = await ImageStore.open(tmp_path / "image", tmp_path / "run", database, layer_form=form)
        tasks = TaskTree(lambda name, error: None)
        partials = Partials(tmp_path / "image")
        transfers = Transfers(partial(store.open_staging, limits), partials, tasks, downloads)
        known = Knowledge(database)
        registries = Registries(chosen, QUICK)
        puller = Puller(store, transfers, partials, known)
        pusher = Pusher(store, known, asyncio.Semaphore(5))
        try:
            yield House(store, registries, puller, pusher)
        finally:
            await tasks.close()
            transfers.close()
            registries.close()
            await store.close()
            database.close()

    yield opened
    for mounted in mounts_below(tmp_path):
        umount_if_mounted(mounted, detach=True)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry().serve() as serving:
        yield serving
