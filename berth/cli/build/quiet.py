"""Output that is shown only when the build fails (``-q``)."""

import posix

from berth.cli.streams import Writer


class Kept:
    """A writer into memory, for as long as the block lasts."""

    def __enter__(self) -> "Kept":
        self._fd = posix.memfd_create("build", posix.MFD_CLOEXEC)
        self.out = Writer(self._fd)
        return self

    def __exit__(self, *_: object) -> None:
        posix.close(self._fd)

    def content(self) -> bytes:
        """Everything written so far."""
        self.out.flush()
        posix.lseek(self._fd, 0, 0)
        pieces = []
        while piece := posix.read(self._fd, 64 * 1024):
            pieces.append(piece)
        return b"".join(pieces)
