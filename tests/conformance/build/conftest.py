"""Fixtures of builds over the API."""

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from tests.support.building import Build, Files, build
from tests.support.cli import Client
from tests.support.engines import Engine


class Maker(Protocol):
    def __call__(self, dockerfile: str | None, files: Files | None = None, /, **query: Any) -> Build: ...


@pytest.fixture
def make(engine: Engine) -> Maker:
    """Build, successfully or not."""

    def call(dockerfile: str | None, files: Files | None = None, /, **query: Any) -> Build:
        return build(engine.api, dockerfile, files, **query)

    return call


@pytest.fixture
def look(docker: Client) -> Callable[[str, str], str]:
    """What a shell script prints in a container of an image."""

    def call(image: str, script: str) -> str:
        return docker.ok("run", "--rm", "--entrypoint", "sh", "--user", "0", image, "-c", script)

    return call


@pytest.fixture
def beyond(engine: Engine) -> None:
    """The test is about what the classic builder of dockerd cannot do."""
    if engine.is_dockerd:
        pytest.skip("the classic builder of dockerd has no such instruction or option")
