"""``POST /containers/{id}/update``."""

from msgspec.structs import replace

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.versions import Version
from berth.engine.container.update import update
from berth.engine.spec.host import RestartPolicy
from berth.engine.spec.resources import Resources
from berth.server.message import Answer


class UpdateConfig(Resources, frozen=True, kw_only=True):
    """The body: limits, and beside them the restart policy."""

    restart_policy: RestartPolicy | None = None


async def handle(call: Call) -> Answer:
    """Change limits and restart policy of a container."""
    wanted = _known(await call.json(UpdateConfig), call.version)
    warnings = await update(call.engine, call.name, wanted, wanted.restart_policy)
    return json_answer({"Warnings": list(warnings) or None})


def _known(wanted: UpdateConfig, version: Version) -> UpdateConfig:
    """Without what the version of the client did not know; every pids limit below 1 means unlimited."""
    if version < (1, 40):
        wanted = replace(wanted, pids_limit=None)
    elif wanted.pids_limit is not None and wanted.pids_limit <= 0:
        wanted = replace(wanted, pids_limit=-1)
    if version < (1, 55):
        wanted = replace(
            wanted,
            blkio_weight_device=(),
            blkio_device_read_bps=(),
            blkio_device_write_bps=(),
            blkio_device_read_iops=(),
            blkio_device_write_iops=(),
        )
    return wanted
