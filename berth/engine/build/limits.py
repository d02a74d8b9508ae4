"""What the containers of RUN may use, from the request of a build."""

from berth.build.request import BuildRequest
from berth.engine.spec.host import HostConfig, LogConfig
from berth.engine.spec.resources import Ulimit


def host_config(request: BuildRequest, *, network: str, insecure: bool) -> HostConfig:
    """The host's side of a container of the build. Its output is told, not logged."""
    limits = request.limits
    return HostConfig(
        log_config=LogConfig(type="none"),
        network_mode=network,
        extra_hosts=request.extra_hosts,
        memory=limits.memory,
        memory_swap=limits.memory_swap,
        cpu_shares=limits.cpu_shares,
        cpu_period=limits.cpu_period,
        cpu_quota=limits.cpu_quota,
        cpuset_cpus=limits.cpuset_cpus,
        cpuset_mems=limits.cpuset_mems,
        cgroup_parent=limits.cgroup_parent,
        shm_size=limits.shm_size,
        ulimits=tuple(Ulimit(name=u.name, soft=u.soft, hard=u.hard) for u in limits.ulimits),
        security_opt=request.security_opt,
        privileged=insecure,
    )
