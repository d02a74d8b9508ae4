"""Whether anybody listens at a unix socket."""

import _socket


def answers(path: str) -> bool:
    """One connect: false when there is no socket or nobody behind it.

    Any other obstacle counts as an answer; the request that follows will tell what is wrong.
    """
    probe = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        probe.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    except OSError:
        return True
    finally:
        probe.close()
    return True
