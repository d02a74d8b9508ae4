"""``POST /build``: from a context in the body, from a remote one, or from one that was offered before.

Answered in the messages of Docker's classic builder (``classic``), or with ``events=1`` in the records of
``berth.build.records``, one JSON object a line. What is wrong with the request or the Dockerfile's text is
answered with a status of its own.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

from berth.api.answers import JSON, stream
from berth.api.build.classic import ClassicStream, encode_message
from berth.api.build.inputs import read_inputs
from berth.api.build.parameters import read_parameters
from berth.api.call import Call
from berth.api.errors import unexpected
from berth.base.errors import Unsupported
from berth.build.records import AnyRecord, Failed, StepLog, encode_record
from berth.engine.build.build import BuildOrder, build, order_build
from berth.engine.engine import Engine
from berth.server.message import Answer

_BUILDKIT = "2"
_HIGH_WATER = 4 << 20
_NDJSON = "application/x-ndjson"


async def handle(call: Call) -> Answer:
    """Build."""
    if call.text("version") == _BUILDKIT:
        raise Unsupported(
            "builds over a BuildKit session are not supported by this engine",
            hint="set DOCKER_BUILDKIT=0: the classic endpoint takes the whole Dockerfile syntax here",
        )
    inputs = await read_inputs(call)
    request = inputs.complete(read_parameters(call, inputs.dockerfile, inputs.dockerfile_name))
    order = order_build(request, inputs.given, inputs.context, inputs.named)
    records = _Records()
    if call.flag("events"):
        return stream(_told(call, order, records, encode_record), _NDJSON)
    shown = ClassicStream(quiet=call.flag("q"))
    return stream(_told(call, order, records, lambda record: _classic(shown, record)), JSON)


def _classic(shown: ClassicStream, record: AnyRecord) -> bytes:
    return b"".join(map(encode_message, shown.feed(record)))


class _Records:
    """Records on their way to the client. What prints is held back while too much waits to be taken.

    A record is there as soon as it was told, whatever thread told it: when the build has ended, all it told
    can be taken.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: list[AnyRecord] = []
        self._size = 0
        self._woken = asyncio.Event()
        self._taken = asyncio.Event()

    def __call__(self, record: AnyRecord) -> None:
        """See Report."""
        with self._lock:
            first = not self._waiting
            self._waiting.append(record)
            self._size += len(record.data) if isinstance(record, StepLog) else 0
        if first:
            self._loop.call_soon_threadsafe(self.wake)

    async def room(self) -> None:
        """See Report."""
        while self._size > _HIGH_WATER:
            self._taken.clear()
            await self._taken.wait()

    def wake(self, _: object = None) -> None:
        """There are records, or the build is over."""
        self._woken.set()

    async def wait_news(self) -> None:
        """Return when there may be more, or the end."""
        await self._woken.wait()
        self._woken.clear()

    def take(self) -> list[AnyRecord]:
        """All that have come since."""
        with self._lock:
            taken, self._waiting = self._waiting, []
            self._size = 0
        self._taken.set()
        return taken


async def _told(
    call: Call,
    order: BuildOrder,
    records: _Records,
    encode: Callable[[AnyRecord], bytes],
) -> AsyncIterator[bytes]:
    """Run the build and encode what it tells; it is cancelled when the client goes away."""
    engine = call.engine
    task = engine.tasks.spawn("build", _outcome(engine, order, records))
    task.add_done_callback(records.wake)
    name = call.text("buildid")
    if name:
        engine.builds.running.announce(name, task)
    try:
        while True:
            ended = task.done()
            data = b"".join(map(encode, records.take()))
            if data:
                yield data
            if ended:
                return
            await records.wait_news()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])


async def _outcome(engine: Engine, order: BuildOrder, records: _Records) -> None:
    try:
        await build(engine, order, records)
    except asyncio.CancelledError:
        records(Failed(message="context canceled"))
    except Exception as error:  # noqa: BLE001  # the head has been sent: the client is told in the stream
        records(Failed(message=unexpected(error, "build")))
