"""``POST /berth/images/bootstrap``: a base image from the distribution's packages; our own endpoint."""

from berth.api.answers import stream
from berth.api.call import Call
from berth.api.progress import told
from berth.engine.image.bootstrap import BootstrapOptions, bootstrap
from berth.engine.spec.naming import Record
from berth.server.message import Answer


class BootstrapRequest(Record, frozen=True, kw_only=True):
    """The body. ``suite`` is a release of Debian or Ubuntu, or ``busybox``; empty for this machine's own."""

    name: str = ""
    suite: str = ""
    include: tuple[str, ...] = ()


async def handle(call: Call) -> Answer:
    """Make the image; progress line by line, the id last."""
    wanted = await call.json(BootstrapRequest)
    options = BootstrapOptions(wanted.name, wanted.suite, wanted.include, call.request.caller)
    return stream(
        told(
            call.engine,
            "bootstrap",
            lambda progress: bootstrap(call.engine, options, progress),
            lambda image_id: [{"status": image_id}],
        )
    )
