"""``/containers/{id}/archive``: files into a container and out of it."""

import base64
import stat

import msgspec

from berth.api.answers import TAR, begun
from berth.api.call import Call
from berth.api.shape.times import rfc3339
from berth.engine.container.archive import PathStat, PutOptions, get_archive, put_archive, stat_path
from berth.server.message import Answer, HeaderList, Response, StreamResponse

# Go's bits for what is not among the nine of permission (os.FileMode).
_KINDS = {
    stat.S_IFDIR: 1 << 31, stat.S_IFLNK: 1 << 27, stat.S_IFBLK: 1 << 26, stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24, stat.S_IFCHR: 1 << 26 | 1 << 21,
}  # fmt: skip
_EXTRA = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}


async def head(call: Call) -> Answer:
    """What lies at ``path``, in a header."""
    return Response(200, _described(await stat_path(call.engine, call.name, call.text("path"))))


async def get(call: Call) -> Answer:
    """What lies at ``path``, as a tar."""
    path = call.text("path")
    headers = _described(await stat_path(call.engine, call.name, path))
    chunks = await begun(get_archive(call.engine, call.name, path))
    return StreamResponse(200, [*headers, ("Content-Type", TAR)], chunks)


async def put(call: Call) -> Answer:
    """Unpack the tar in the body into the directory ``path``."""
    options = PutOptions(keep_kinds=call.flag("noOverwriteDirNonDir"), as_user=call.flag("copyUIDGID"))
    await put_archive(call.engine, call.name, call.text("path"), call.request.body, options)
    return Response(200)


def _described(found: PathStat) -> HeaderList:
    mode = found.status.st_mode
    bits = sum(bit for flag, bit in _EXTRA.items() if mode & flag)
    shaped = {
        "name": found.name,
        "size": found.status.st_size,
        "mode": mode & 0o777 | bits | _KINDS.get(stat.S_IFMT(mode), 0),
        "mtime": rfc3339(found.status.st_mtime_ns),
        "linkTarget": found.link_target,
    }
    return [("X-Docker-Container-Path-Stat", base64.b64encode(msgspec.json.encode(shaped)).decode())]
