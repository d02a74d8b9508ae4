"""The Python client of Docker, unchanged, against the engine (C1, F20)."""

import gc
import io
from collections.abc import Iterator

import docker as dockerpy
import pytest

from tests.support.engines import Engine
from tests.support.images import busybox

# the library leaves connections of streamed answers to the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)


@pytest.fixture
def client(engine: Engine) -> Iterator[dockerpy.DockerClient]:
    connected = dockerpy.DockerClient(base_url=engine.host)
    yield connected
    connected.close()
    gc.collect()  # what the library has left open is closed now, where the warning is expected


def test_version_and_ping(client: dockerpy.DockerClient) -> None:
    """C1: it takes the version from the server."""
    assert client.ping() is True
    assert client.api.api_version == client.version()["ApiVersion"]


def test_run(client: dockerpy.DockerClient) -> None:
    """A1.17: output as bytes."""
    assert client.containers.run("busybox", "echo hello", remove=True) == b"hello\n"


def test_run_fails(client: dockerpy.DockerClient) -> None:
    """A1.24: the exit code is in the exception."""
    with pytest.raises(dockerpy.errors.ContainerError) as caught:
        client.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 7"], remove=True)
    assert caught.value.exit_status == 7
    assert caught.value.stderr == b"why\n"


def test_no_such_image(client: dockerpy.DockerClient) -> None:
    """A4.12: told by its own exception class."""
    with pytest.raises(dockerpy.errors.ImageNotFound):
        client.images.get("no-such-image")


def test_life(client: dockerpy.DockerClient, name: str) -> None:
    """A2, A3: start, exec, logs, stats, top, pause, stop, remove."""
    container = client.containers.run(
        "busybox", "sleep 300", name=name, detach=True, labels={"a": "b"}, environment={"K": "v"}
    )
    assert container.status in ("created", "running")
    assert container.exec_run("sh -c 'echo $K; exit 3'") == (3, b"v\n")
    assert container.exec_run("sh -c 'echo out; echo err >&2'", demux=True).output == (b"out\n", b"err\n")
    assert b"".join(container.exec_run("echo streamed", stream=True).output) == b"streamed\n"
    assert container.top()["Processes"][0][-1] == "sleep 300"
    assert container.stats(stream=False)["pids_stats"]["current"] == 1
    container.pause()
    container.reload()
    assert container.status == "paused"
    container.unpause()
    container.rename(f"{name}-new")
    container.stop(timeout=0)
    assert container.wait()["StatusCode"] == 137
    container.remove()
    with pytest.raises(dockerpy.errors.NotFound):
        client.containers.get(name)


def test_logs(client: dockerpy.DockerClient, name: str) -> None:
    """A3.4: whole, by stream, followed, with time stamps."""
    container = client.containers.run(
        "busybox", ["sh", "-c", "echo out; echo err >&2"], name=name, detach=True
    )
    assert list(container.logs(stream=True, follow=True, stderr=False)) == [b"out\n"]
    assert sorted(container.logs().splitlines()) == [b"err", b"out"]
    assert container.logs(stdout=False) == b"err\n"
    assert container.logs(timestamps=True, stderr=False).split()[1] == b"out"


def test_attach_socket(client: dockerpy.DockerClient, name: str) -> None:
    """C2: the hijacked connection as a socket."""
    container = client.containers.create("busybox", "cat", name=name, stdin_open=True, tty=True)
    sock = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    container.start()
    sock._sock.sendall(b"typed\n")
    data = b""
    while data.count(b"typed") < 2:
        data += sock._sock.recv(1000)
    sock.close()


def test_ports_volumes_limits(client: dockerpy.DockerClient, name: str, tmp_path) -> None:
    """A1: the keyword arguments that people use most."""
    container = client.containers.run(
        "busybox",
        "sleep 300",
        name=name,
        detach=True,
        ports={"80/tcp": ("127.0.0.1", 18080)},
        mem_limit="64m",
        volumes={str(tmp_path): {"bind": "/data", "mode": "rw"}, name: {"bind": "/named"}},
        shm_size="128m",
        tmpfs={"/t": "size=1m"},
        ulimits=[dockerpy.types.Ulimit(name="nofile", soft=100, hard=200)],
        cap_add=["NET_ADMIN"],
        user="demo",
        hostname="box",
    )
    container.reload()
    assert container.ports == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]}
    assert container.exec_run(
        "sh -c 'hostname; id -un; ulimit -n; df -k /dev/shm | tail -1 | cut -c1-40'"
    ).output.split()[:4] == [
        b"box",
        b"demo",
        b"100",
        b"shm",
    ]
    assert {mount["Destination"] for mount in container.attrs["Mounts"]} >= {"/data", "/named"}


def test_list_and_filters(client: dockerpy.DockerClient, name: str) -> None:
    """A3.1."""
    client.containers.create("busybox", name=name, labels={"test": name})
    assert [c.name for c in client.containers.list(all=True, filters={"label": f"test={name}"})] == [name]
    assert client.containers.list(filters={"label": f"test={name}"}) == []


def test_images(client: dockerpy.DockerClient, name: str) -> None:
    """A3.3, A7: load, tag, save, history, remove, import."""
    (loaded,) = client.images.load(busybox(f"{name}:1").docker())
    assert f"{name}:1" in loaded.tags
    assert loaded.tag(name, "2") is True
    saved = b"".join(client.images.get(f"{name}:2").save(named=True))
    assert b"manifest.json" in saved
    assert client.images.get(f"{name}:1").history()[0]["Tags"]
    client.images.remove(f"{name}:1")
    client.images.remove(f"{name}:2")
    assert not list(client.images.list(name=name))


def test_events(client: dockerpy.DockerClient, name: str) -> None:
    """A7 events: decoded while they come."""
    events = client.events(decode=True, filters={"container": name}, since=1)
    client.containers.create("busybox", name=name)
    first = next(events)
    assert (first["Action"], first["Actor"]["Attributes"]["name"]) == ("create", name)
    events.close()


def test_export_and_volumes(client: dockerpy.DockerClient, name: str) -> None:
    """A7 export; volumes."""
    container = client.containers.create("busybox", name=name)
    assert io.BytesIO(b"".join(container.export())).read(3)
    volume = client.volumes.create(name, labels={"k": "v"})
    assert client.volumes.get(name).attrs["Labels"] == {"k": "v"}
    volume.remove()
    with pytest.raises(dockerpy.errors.NotFound):
        client.volumes.get(name)


@pytest.mark.parametrize("version", ["1.24", "1.32", "1.41"])
def test_fixed_versions(engine: Engine, version: str) -> None:
    """F20: clients that ask for an old version get answers that they can read."""
    old = dockerpy.DockerClient(base_url=engine.host, version=version)
    try:
        assert old.containers.run("busybox", "echo old", remove=True) == b"old\n"
        assert old.images.get("busybox").tags == ["busybox:latest"]
    finally:
        old.close()


def test_system(client: dockerpy.DockerClient) -> None:
    """A7 info, version, df."""
    assert client.info()["OSType"] == "linux"
    assert client.version()["Os"] == "linux"
