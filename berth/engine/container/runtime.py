"""Which OCI runtime a container was created for."""

from berth.engine.container.record import ContainerRecord
from berth.engine.engine import Engine
from berth.runtime.oci import OciRuntime


def runtime_of(engine: Engine, record: ContainerRecord) -> OciRuntime:
    """The runtime that the container named, or got, at create; it stays the same for its whole life."""
    return engine.runtimes.get(record.host.runtime)
