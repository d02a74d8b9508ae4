"""Records like those of the containers, images and networks that the facts were recorded from."""

from berth.base.digest import Digest, sha256
from berth.base.ids import ContainerId
from berth.base.reference import parse_reference
from berth.engine.container.inspect import Inspected
from berth.engine.container.record import (
    ContainerRecord,
    ContainerState,
    EndpointState,
    Health,
    MountPoint,
    Owner,
    ProbeResult,
    Status,
)
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.health import HealthConfig
from berth.engine.spec.host import HostConfig, LogConfig, RestartPolicy
from berth.engine.spec.naming import Empty
from berth.engine.spec.network import EndpointSettings, PortBinding
from berth.image.config import HistoryItem, ImageConfig, ImageSettings, RootFs
from berth.image.model import Image
from berth.network.records import PublishedPort

NOW = 1_795_261_345_123_456_789
IMAGE_ID = sha256(b"image")
CONTAINER_ID = ContainerId("d4" * 32)
NETWORK_ID = "52" * 32

MOUNTS = (
    MountPoint(
        kind="bind", source="/tmp", destination="/host", mode="ro", writable=False, propagation="rslave"
    ),
    MountPoint(
        kind="volume", name="vol", source="/v/vol/_data", destination="/data", driver="local", mode="z"
    ),
)
ENDPOINT = EndpointState(
    network_id=NETWORK_ID,
    endpoint_id="fe" * 32,
    ipv4="172.17.0.2",
    prefix_length=16,
    gateway="172.17.0.1",
    mac="56:86:ab:4a:82:67",
)
STATE = ContainerState(
    status=Status.RUNNING,
    pid=30325,
    started_at=NOW,
    health=Health(status="healthy", log=(ProbeResult(started_at=NOW, ended_at=NOW, exit_code=0, output=""),)),
    endpoints={"bridge": ENDPOINT},
    ports=(PublishedPort(container_port=80, protocol="tcp", host_ip="127.0.0.1", host_port=8080),),
)
RECORD = ContainerRecord(
    id=CONTAINER_ID,
    name="facts",
    created_at=NOW,
    owner=Owner(uid=1000, gid=1000, user="ann"),
    image_id=IMAGE_ID,
    config=ContainerConfig(
        hostname="d4c1c40404ef",
        exposed_ports={"80/tcp": Empty()},
        env=("X=y", "PATH=/bin"),
        cmd=("sleep", "6000"),
        healthcheck=HealthConfig(test=("CMD-SHELL", "true"), interval=10**9),
        image="busybox",
        labels={"a": "b", "l": "1"},
    ),
    host=HostConfig(
        binds=("/tmp:/host:ro", "vol:/data"),
        log_config=LogConfig(type="json-file"),
        network_mode="bridge",
        port_bindings={"80/tcp": (PortBinding(host_ip="127.0.0.1", host_port="8080"),)},
        restart_policy=RestartPolicy(name="no"),
        cgroupns_mode="host",
        ipc_mode="private",
        shm_size=64 << 20,
        runtime="runc",
        oom_kill_disable=False,
        masked_paths=("/proc/kcore",),
        readonly_paths=("/proc/sys",),
    ),
    endpoints={"bridge": EndpointSettings()},
    mounts=MOUNTS,
    path="sleep",
    args=("6000",),
    hostname_path="/c/hostname",
    hosts_path="/c/hosts",
    resolv_conf_path="/c/resolv.conf",
    log_path="/c/log",
    state=STATE,
)
INSPECTED = Inspected(
    RECORD,
    (),
    {"LowerDir": "/l", "MergedDir": "/m", "UpperDir": "/u", "WorkDir": "/w"},
    None,
    None,
)
IMAGE = Image(
    id=IMAGE_ID,
    config=ImageConfig(
        architecture="amd64",
        os="linux",
        created="2026-11-21T11:41:55.834406278Z",
        comment="Imported from -",
        docker_version="0.1.0",
        config=ImageSettings(cmd=("sh",), env=("PATH=/bin",), labels={"l": "1"}),
        rootfs=RootFs(diff_ids=(sha256(b"layer"),)),
        history=(HistoryItem(created="2026-11-21T11:41:55Z", comment="Imported from -"),),
    ),
    size=1_982_331,
    tagged_ns=NOW,
)
TAG = parse_reference("busybox:latest")
MISSING = Digest("sha256:" + "0" * 64)
