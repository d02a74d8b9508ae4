"""A container's control group: ``/<parent>/<id>`` in every hierarchy."""

from berth.engine.container.record import ContainerRecord
from berth.engine.engine import Engine
from berth.kernel.cgroup import Cgroup


def cgroup_path(engine: Engine, record: ContainerRecord) -> str:
    """The group's path from the root of each hierarchy, with a leading slash."""
    parent = (record.host.cgroup_parent or engine.settings.cgroup_parent).strip("/")
    return f"/{parent}/{record.id}"


def cgroup_of(engine: Engine, record: ContainerRecord) -> Cgroup:
    """The group itself; it exists while the container runs."""
    return engine.cgroups.group(cgroup_path(engine, record).lstrip("/"))
