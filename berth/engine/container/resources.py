"""Limits and devices of a request in the runtime room's terms; paths of devices are looked up here."""

from berth.engine.spec.resources import Resources, ThrottleDevice
from berth.runtime.errors import UNKNOWN_FAILURE, RuntimeFailure
from berth.runtime.spec.devices import block_limit, devices_from_path, host_devices, parse_device_rule
from berth.runtime.spec.options import BlockLimit, DeviceNode, DeviceRule, Limits


def runtime_limits(given: Resources) -> Limits:
    """The cgroup limits of a request."""
    return Limits(
        memory=given.memory,
        memory_reservation=given.memory_reservation,
        memory_swap=given.memory_swap,
        memory_swappiness=given.memory_swappiness,
        oom_kill_disable=given.oom_kill_disable,
        cpu_shares=given.cpu_shares,
        nano_cpus=given.nano_cpus,
        cpu_period=given.cpu_period,
        cpu_quota=given.cpu_quota,
        cpu_realtime_period=given.cpu_realtime_period,
        cpu_realtime_runtime=given.cpu_realtime_runtime,
        cpuset_cpus=given.cpuset_cpus,
        cpuset_mems=given.cpuset_mems,
        pids=given.pids_limit,
        blkio_weight=given.blkio_weight,
        blkio_weight_devices=tuple(block_limit(d.path, d.weight) for d in given.blkio_weight_device),
        read_bps=_throttles(given.blkio_device_read_bps),
        write_bps=_throttles(given.blkio_device_write_bps),
        read_iops=_throttles(given.blkio_device_read_iops),
        write_iops=_throttles(given.blkio_device_write_iops),
    )


def refuse_device_requests(given: Resources) -> None:
    """No driver for requested devices (``--gpus``) exists yet: say so at the start as dockerd does."""
    for request in given.device_requests:
        wanted = " ".join("[" + " ".join(group) + "]" for group in request.capabilities)
        raise RuntimeFailure(
            f'could not select device driver "{request.driver}" with capabilities: [{wanted}]',
            UNKNOWN_FAILURE,
            hint="this engine cannot hand out GPUs yet; --device gives a container single devices",
        )


def _throttles(devices: tuple[ThrottleDevice, ...]) -> tuple[BlockLimit, ...]:
    return tuple(block_limit(device.path, device.rate) for device in devices)


def runtime_devices(
    given: Resources, *, privileged: bool
) -> tuple[tuple[DeviceNode, ...], tuple[DeviceRule, ...]]:
    """The device nodes to make, and the lines that the device cgroup gets besides Docker's defaults."""
    nodes: dict[str, DeviceNode] = {node.path: node for node in host_devices()} if privileged else {}
    rules: list[DeviceRule] = []
    for mapping in given.devices:
        inside = mapping.path_in_container or mapping.path_on_host
        found, allowed = devices_from_path(mapping.path_on_host, inside, mapping.cgroup_permissions)
        nodes.update((node.path, node) for node in found)
        rules += allowed
    rules += [parse_device_rule(text) for text in given.device_cgroup_rules]
    return tuple(nodes.values()), tuple(rules)
