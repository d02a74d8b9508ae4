"""A stored layer as the gzip blob that registries want: the same layer always gives the same bytes.

That makes a push repeatable: a broken upload is taken up by compressing again and leaving out what the
registry has, and a layer pushed twice has one digest. The bytes are not kept anywhere.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterator

from isal import isal_zlib

from berth.base.digest import Digest
from berth.image.layers import LayerStore
from berth.image.outflow import gather

_LEVEL = 1
_GZIP = 31


class OutgoingLayer:
    """One layer on its way out. ``digest`` and ``size`` hold once ``chunks`` has been read to its end.

    ``seen`` is told how much of the archive has been read, in a thread.
    """

    def __init__(self, layers: LayerStore, diff_id: Digest, seen: Callable[[int], None]) -> None:
        self._layers = layers
        self._diff_id = diff_id
        self._seen = seen
        self.digest = Digest("")
        self.size = 0

    async def chunks(self, offset: int) -> AsyncGenerator[bytes, None]:
        """The compressed bytes from ``offset`` on. The next chunk is made while one is being sent."""
        loop = asyncio.get_running_loop()
        pieces = self._pieces(offset)
        ahead = loop.run_in_executor(None, gather, pieces)
        try:
            while chunk := await asyncio.shield(ahead):
                ahead = loop.run_in_executor(None, gather, pieces)
                yield chunk
        finally:
            while not ahead.done():
                await asyncio.wait([ahead])
            ahead.exception()
            await asyncio.shield(loop.run_in_executor(None, pieces.close))

    def _pieces(self, offset: int) -> Generator[bytes, None, None]:
        engine = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
        digest = hashlib.sha256()
        plain = size = 0
        for piece in self._layers.archive(self._diff_id):
            out = engine.compress(piece)
            plain += len(piece)
            self._seen(plain)
            if out:
                digest.update(out)
                size += len(out)
                yield from _after(out, size, offset)
        out = engine.flush()
        digest.update(out)
        size += len(out)
        self.digest, self.size = Digest("sha256:" + digest.hexdigest()), size
        yield from _after(out, size, offset)


def _after(out: bytes, size: int, offset: int) -> Iterator[bytes]:
    """The part of ``out``, which ends at ``size``, that lies behind ``offset``."""
    if size > offset:
        yield out[-(size - offset) :] if size - offset < len(out) else out
