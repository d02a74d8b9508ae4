"""RUN --mount=type=ssh: the agent of whoever asked for the build, behind a socket of the step's own.

The step never sees the agent's socket. Each connection is made anew and checked: the process that answers
must belong to the caller, so that nobody can reach through the daemon what they cannot reach themselves.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from berth.base.caller import Caller
from berth.base.errors import Forbidden, InvalidArgument
from berth.base.tasks import TaskTree
from berth.kernel.peercred import peer_credentials

_log = logging.getLogger(__name__)
_PIECE = 64 << 10


@contextlib.asynccontextmanager
async def agent_socket(
    path: Path, agent: str, caller: Caller, *, mode: int, uid: int, gid: int
) -> AsyncIterator[None]:
    """Serve at ``path`` what ``agent`` answers, while the block runs. ``path`` belongs to ``uid``:``gid``.

    InvalidArgument when the agent does not answer, Forbidden when it is somebody else's.
    """
    (await asyncio.to_thread(_connect, agent, caller)).close()
    clients = TaskTree(lambda name, error: _log.warning("%s: %s", name, error))

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.spawn("SSH agent of a build", _serve(reader, writer, agent, caller))

    listener = _listen(path)
    os.chown(path, uid, gid)
    path.chmod(mode)
    server = await asyncio.start_unix_server(accepted, sock=listener)
    try:
        yield
    finally:
        server.close()
        await clients.close()
        path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    """A listening socket at a path of any length: the kernel takes 107 bytes, so the directory is named by a
    descriptor."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(f"/proc/self/fd/{directory}/{path.name}")
        listener.listen()
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(directory)
    listener.settimeout(0)
    return listener


def _connect(agent: str, caller: Caller) -> socket.socket:
    """A connection to the agent, which is the caller's own."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(5)
        if caller.uid != 0 and os.stat(agent).st_uid != caller.uid:
            raise Forbidden(f"the SSH agent socket {agent} does not belong to you")
        sock.connect(agent)
        if caller.uid != 0 and peer_credentials(sock).uid != caller.uid:
            raise Forbidden(f"the SSH agent behind {agent} does not belong to you")
    except OSError as error:
        sock.close()
        raise InvalidArgument(f"cannot reach the SSH agent at {agent}: {error.strerror}") from None
    except BaseException:
        sock.close()
        raise
    sock.settimeout(0)
    return sock


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, agent: str, caller: Caller
) -> None:
    with contextlib.closing(writer):
        try:
            sock = await asyncio.to_thread(_connect, agent, caller)
            agent_reader, agent_writer = await asyncio.open_unix_connection(sock=sock)
        except (OSError, InvalidArgument, Forbidden) as error:
            _log.warning("the SSH agent of a build: %s", error)
            return
        with contextlib.closing(agent_writer):
            await asyncio.gather(_copy(reader, agent_writer), _copy(agent_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
