"""``update``: change the limits and the restart policy of a container, running or not."""

import msgspec

from berth.base.errors import Conflict, InvalidArgument
from berth.engine.container.change import event, save_record
from berth.engine.container.record import Status
from berth.engine.container.resources import runtime_limits
from berth.engine.container.runtime import runtime_of
from berth.engine.container.verify import check_policy, verify_resources
from berth.engine.engine import Engine
from berth.engine.spec.host import HostConfig, RestartPolicy
from berth.engine.spec.resources import Resources
from berth.engine.verbs import change
from berth.runtime.spec.resources import limit_section

_CHANGEABLE = (
    "cpu_shares", "memory", "nano_cpus", "blkio_weight", "cpu_period", "cpu_quota", "cpu_realtime_period",
    "cpu_realtime_runtime", "cpuset_cpus", "cpuset_mems", "memory_reservation", "memory_swap", "pids_limit",
)  # fmt: skip


@change
async def update(
    engine: Engine, ref: str, resources: Resources, policy: RestartPolicy | None
) -> tuple[str, ...]:
    """Apply what is set in ``resources`` and ``policy``; returns warnings. Zero means "leave as it is"."""
    cell = engine.containers.resolve(ref)
    async with cell.lock:
        record = cell.record
        if record.state.status in (Status.REMOVING, Status.DEAD):
            raise Conflict(
                f'Cannot update container {cell.id}: Container is marked for removal and cannot be "update".'
            )
        host = _merged(record.host, resources, cell.id)
        if policy is not None and policy.name:
            check_policy(policy.name, policy.maximum_retry_count)
            if host.auto_remove and policy.name != "no":
                raise InvalidArgument("Restart policy cannot be updated because AutoRemove is enabled")
            host = msgspec.structs.replace(host, restart_policy=policy)
        warnings = verify_resources(host)
        if record.state.running:
            await runtime_of(engine, record).update(cell.id, limit_section(runtime_limits(host)))
        record = msgspec.structs.replace(record, host=host)
        happened = event(record, "update")
        await save_record(engine, record, happened)
        cell.replace(record)
        return tuple(warnings)


def _merged(host: HostConfig, given: Resources, container_id: str) -> HostConfig:
    changes = {name: value for name in _CHANGEABLE if (value := getattr(given, name))}
    if "memory" in changes and "memory_swap" not in changes and 0 < host.memory_swap < given.memory:
        raise InvalidArgument(
            f"Cannot update container {container_id}: Memory limit should be smaller than already set "
            "memoryswap limit, update the memoryswap at the same time"
        )
    return msgspec.structs.replace(host, **changes)
