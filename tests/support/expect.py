"""Say once, in one way, where the two engines are meant to differ."""

from typing import TypeVar

from tests.support.engines import Engine

T = TypeVar("T")


def expect(engine: Engine, *, dockerd: T, berthd: T) -> T:
    """The answer that this engine must give.

    For texts and codes in which Debian's dockerd 20.10 differs from the Docker that berth follows, and for
    what dockerd cannot do on a machine that withholds a capability. Each side is asserted in full.
    """
    return dockerd if engine.is_dockerd else berthd
