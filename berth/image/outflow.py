"""Pieces made by blocking code, handed out on the loop in chunks that are worth a step."""

import asyncio
from collections.abc import AsyncIterator, Iterator

_CHUNK = 1 << 20


def gather(pieces: Iterator[bytes]) -> bytes:
    """The next pieces joined to about one chunk; empty at the end."""
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def stream(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Run ``pieces`` in a thread, one chunk ahead of nobody: the reader's pace is the pace."""
    try:
        while chunk := await asyncio.to_thread(gather, pieces):
            yield chunk
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            await asyncio.shield(asyncio.to_thread(close))
