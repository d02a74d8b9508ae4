"""The answers that handlers give, in the forms that Docker's clients expect."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import msgspec

from berth.api.errors import unexpected
from berth.base.errors import BerthError
from berth.server.message import Response, StreamResponse

JSON = "application/json"
RAW_STREAM = "application/vnd.docker.raw-stream"
MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream"
TAR = "application/x-tar"

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


def json_answer(value: Any, status: int = 200) -> Response:
    """A value as JSON, with the newline that Go's encoder writes."""
    return Response(status, [("Content-Type", JSON)], _encode(value) + b"\n")


def encoded_answer(body: bytes) -> Response:
    """JSON that is already encoded."""
    return Response(200, [("Content-Type", JSON)], body)


def no_content() -> Response:
    """Done, and nothing to say."""
    return Response(204)


def stream(chunks: AsyncIterator[bytes], content_type: str = JSON) -> StreamResponse:
    """Chunks as they come."""
    return StreamResponse(200, [("Content-Type", content_type)], chunks)


async def begun(items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Wait for the first item and give back the whole sequence.

    A verb that streams checks its arguments when it is first asked for something; waiting for that before
    the head is sent lets its errors have a status of their own.
    """
    try:
        first = await anext(items)
    except StopAsyncIteration:
        return items  # it has ended and stays so
    return _again(first, items)


async def _again(first: T, rest: AsyncIterator[T]) -> AsyncIterator[T]:
    try:
        yield first
        async for item in rest:
            yield item
    finally:
        close = getattr(rest, "aclose", None)
        if close is not None:
            await close()


async def json_lines(items: AsyncIterator[T], shape: Callable[[T], Any]) -> AsyncIterator[bytes]:
    """One JSON document a line; the source is closed with the stream."""
    try:
        async for item in items:
            yield _encode(shape(item)) + b"\n"
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def error_line(error: BaseException, what: str) -> bytes:
    """A failure in the middle of a progress stream, whose head has long been sent."""
    message = error.message if isinstance(error, BerthError) else unexpected(error, what)
    return _encode({"errorDetail": {"message": message}, "error": message}) + b"\r\n"
