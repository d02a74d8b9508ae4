"""Small adapters between bytes and asynchronous iterators of them."""

from collections.abc import AsyncGenerator


async def one_chunk(data: bytes) -> AsyncGenerator[bytes, None]:
    """``data`` as a stream of one piece."""
    yield data
