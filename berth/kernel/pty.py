"""Pseudo-terminals and their size."""

import os
import termios


def open_pty(rows: int = 0, columns: int = 0) -> tuple[int, int]:
    """A new pair (controller, terminal), both CLOEXEC, with the size set before anybody can ask for it."""
    controller, terminal = os.openpty()
    if rows or columns:
        set_size(controller, rows, columns)
    return controller, terminal


def set_size(fd: int, rows: int, columns: int) -> None:
    """Set the size; the foreground process group of the terminal gets SIGWINCH when it changed."""
    termios.tcsetwinsize(fd, (rows, columns))


def get_size(fd: int) -> tuple[int, int]:
    """(rows, columns)."""
    rows, columns = termios.tcgetwinsize(fd)
    return rows, columns


def disable_newline_translation(fd: int) -> None:
    """Turn ONLCR off, as runc does with a new console: output bytes reach the client unchanged."""
    attributes = termios.tcgetattr(fd)
    attributes[1] &= ~termios.ONLCR
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
