"""What the daemon and its layer processes tell each other: one message a packet, by turns.

The daemon sends an errand. While there is something to read that the process has not been allowed to read,
it asks, and the daemon answers when more has come. The process's last word is a result or a failure.
"""

import msgspec

from berth.image.assembly import Assembled

PACKET = 64 << 10


class Errand(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Assemble the blob of ``size`` bytes behind ``offset`` of the file ``blob`` into the directory
    ``target``; see ``assemble`` for ``landed``. ``limits`` are those of ``Limits``, in order."""

    blob: str
    offset: int
    size: int
    landed: bool
    target: str
    form: str
    limits: tuple[int, ...]


class Question(msgspec.Struct, frozen=True, tag=True):
    """Everything up to ``position`` has been read: may more be?"""

    position: int


class Permission(msgspec.Struct, frozen=True, tag=True):
    """What lies before ``until`` is there."""

    until: int


class Result(msgspec.Struct, frozen=True, tag=True):
    """Done."""

    assembled: Assembled


class Failure(msgspec.Struct, frozen=True, tag=True):
    """A BerthError: the name of its class, and what it says."""

    kind: str
    message: str
    hint: str | None


_Message = Errand | Question | Permission | Result | Failure
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[_Message] = msgspec.msgpack.Decoder(_Message)


def encode(message: _Message) -> bytes:
    """A packet."""
    return _ENCODER.encode(message)


def decode(packet: bytes) -> _Message:
    """What a packet says."""
    return _DECODER.decode(packet)
