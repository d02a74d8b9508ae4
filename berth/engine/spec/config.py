"""The part of a container that could move to another host (``container.Config`` of Docker's API)."""

from msgspec import field

from berth.engine.spec.health import HealthConfig
from berth.engine.spec.naming import Empty, Record, Words


class ContainerConfig(Record, frozen=True, kw_only=True):
    """What runs and how it is presented.

    ``entrypoint`` tells nil (None: take the image's) from empty (run ``cmd`` alone); for every other list
    nil and empty mean the same. ``exposed_ports`` has keys like ``80/tcp``; ``volumes`` has container paths.
    ``stop_timeout`` is seconds, None for the engine's default, -1 to wait without end.
    """

    hostname: str = ""
    domainname: str = ""
    user: str = ""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: dict[str, Empty] = field(default_factory=dict)
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    env: tuple[str, ...] = ()
    cmd: Words = ()
    healthcheck: HealthConfig | None = None
    args_escaped: bool = False
    image: str = ""
    volumes: dict[str, Empty] = field(default_factory=dict)
    working_dir: str = ""
    entrypoint: Words | None = None
    network_disabled: bool = False
    on_build: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    stop_timeout: int | None = None
    shell: Words = ()
    mac_address: str = ""  # clients before API 1.44 put it here instead of the endpoint
