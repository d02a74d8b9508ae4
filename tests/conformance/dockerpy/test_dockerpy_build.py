"""Builds by the Python client of Docker, which knows the classic endpoint only (C1, E15, F20)."""

import gc
import io
from collections.abc import Iterator
from pathlib import Path

import docker as dockerpy
import pytest

from tests.support.engines import Engine

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)


@pytest.fixture
def client(engine: Engine) -> Iterator[dockerpy.DockerClient]:
    connected = dockerpy.DockerClient(base_url=engine.host)
    yield connected
    connected.close()
    gc.collect()  # what the library has left open is closed now, where the warning is expected


def test_build(client: dockerpy.DockerClient, tmp_path: Path, name: str) -> None:
    """A4.1: from a directory; the image and what was told."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\nARG A\nRUN echo $A >/a\nCOPY f /f\n")
    (tmp_path / "f").write_text("F")
    image, told = client.images.build(path=str(tmp_path), tag=f"{name}:1", buildargs={"A": "b"}, rm=True)
    assert image.tags == [f"{name}:1"]
    assert any("Successfully tagged" in line.get("stream", "") for line in told)
    assert client.containers.run(image.id, "cat /a /f", remove=True) == b"b\nF"


def test_file_object(client: dockerpy.DockerClient) -> None:
    """A4.1: a Dockerfile without a context."""
    image, _ = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nENV X=1\n"), rm=True)
    assert "X=1" in image.attrs["Config"]["Env"]


def test_failure(client: dockerpy.DockerClient) -> None:
    """A4.5: an exception with what was told."""
    with pytest.raises(dockerpy.errors.BuildError) as caught:
        client.images.build(
            fileobj=io.BytesIO(b"FROM busybox\nRUN echo why; exit 3\n"), rm=True, forcerm=True
        )
    assert "returned a non-zero code: 3" in caught.value.msg
    assert any("why" in line.get("stream", "") for line in caught.value.build_log)


def test_modern_syntax(engine: Engine, client: dockerpy.DockerClient, tmp_path: Path, name: str) -> None:
    """E15: RUN --mount=type=cache, a heredoc and COPY --chmod, which Docker's own endpoint refuses."""
    (tmp_path / "Dockerfile").write_text(
        "# syntax=docker/dockerfile:1\nFROM busybox\n"
        "RUN --mount=type=cache,target=/root/.cache echo x >>/root/.cache/n"
        " && wc -l </root/.cache/n >/count\n"
        "RUN <<EOF\necho here >/doc\necho again >>/doc\nEOF\n"
        "COPY --chmod=755 tool /usr/local/bin/tool\n"
    )
    (tmp_path / "tool").write_text("#!/bin/sh\necho tool runs\n")
    if engine.is_dockerd:
        with pytest.raises((dockerpy.errors.BuildError, dockerpy.errors.APIError)):
            client.images.build(path=str(tmp_path), rm=True)
        return
    image, _ = client.images.build(path=str(tmp_path), tag=f"{name}:1", rm=True)
    script = "cat /doc; /usr/local/bin/tool"
    assert client.containers.run(image.id, ["sh", "-c", script], remove=True) == b"here\nagain\ntool runs\n"


def test_prune(client: dockerpy.DockerClient) -> None:
    """The shape of the answer."""
    report = client.api.prune_builds()
    assert set(report) == {"CachesDeleted", "SpaceReclaimed"}
