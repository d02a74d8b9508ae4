"""Writing EROFS metadata behind a tar archive, so that the archive's own blocks are the contents of files.

The on-disk format is Linux's (fs/erofs/erofs_fs.h, Documentation/filesystems/erofs.rst)::

    0       4 KiB     superblock at 1024
    4096    archive   as it is; a file's content starts at a multiple of 512 there, which is the block size
    ...     copies    contents of sparse files, laid out as chunks
    ...     metadata  inodes with attributes and short links, each at a multiple of 32 bytes: the "nid"
    ...     names     blocks of directories, and of links that did not fit behind their inode

Every inode is of the extended kind (times and 32-bit ids), every file but the sparse ones is one flat extent.
"""

import os
import stat
import struct
from collections.abc import Iterable

from berth.image.layer.tree import Node, Tree
from berth.image.tar.entry import TarError

ARCHIVE_START = 4096
BLOCK_BITS = 9
BLOCK = 1 << BLOCK_BITS

_MAGIC = 0xE0F5E1E2
_SUPERBLOCK_AT = 1024
_SUPERBLOCK = struct.Struct("<IIIBBHQQIIII16s16sIHHHBBIQB23x")
_COMPAT_MTIME = 0x2
_INCOMPAT_CHUNKED = 0x4

_INODE = struct.Struct("<HHHHQIIIIqII16x")
_INODE_SIZE = 64
_SLOT = 32
_EXTENDED = 1
_FLAT_PLAIN, _FLAT_INLINE, _CHUNKED = 0 << 1, 2 << 1, 4 << 1
_HOLE = 0xFFFFFFFF
_MOST_CHUNKS = 1 << 16
_MOST_BLOCKS = (1 << 32) - 2

_DIRENT = struct.Struct("<QHBB")
_FILE_TYPES = {
    stat.S_IFREG: 1, stat.S_IFDIR: 2, stat.S_IFCHR: 3, stat.S_IFBLK: 4, stat.S_IFIFO: 5, stat.S_IFLNK: 7,
}  # fmt: skip

_XATTR_HEADER = 12
_XATTR_LIMIT = 0xFFFF
_XATTR_NAMES = (
    ("user.", 1), ("system.posix_acl_access", 2), ("system.posix_acl_default", 3), ("trusted.", 4),
    ("security.", 6),
)  # fmt: skip
_COPY = 1 << 20


class ErofsWriter:
    """Writes the metadata of ``tree`` into ``fd``, which holds the archive from ``ARCHIVE_START`` on."""

    def __init__(self, fd: int, archive_size: int, tree: Tree) -> None:
        self._fd = fd
        self._tree = tree
        self._nodes = list(tree.inodes())
        self._end = _align(ARCHIVE_START + archive_size, ARCHIVE_START)
        self._chunks: dict[int, tuple[int, bytes]] = {}
        self._xattrs: dict[int, bytes] = {}
        self._inline: set[int] = set()

    def write(self, uuid: bytes) -> None:
        """Write everything; the superblock last."""
        self._copy_sparse()
        meta = self._end
        names = _align(meta + self._place(), BLOCK)
        blocks, addresses = self._name_blocks(names)
        total = _align(names + len(blocks), ARCHIVE_START)
        if total >> BLOCK_BITS > _MOST_BLOCKS:
            raise TarError("the layer is too large for one file system: 2 TiB is the most")
        _write_at(self._fd, self._inodes(addresses), meta)
        _write_at(self._fd, blocks, names)
        os.ftruncate(self._fd, total)
        _write_at(self._fd, self._superblock(meta, total, uuid), _SUPERBLOCK_AT)

    # -- layout --------------------------------------------------------------------------------------

    def _place(self) -> int:
        """Give every inode its place; returns the length of the area. Nid 0 would be inode number 0."""
        position = 2 * _SLOT
        for node in self._nodes:
            xattrs = _encode_xattrs(node.xattrs) if node.xattrs else b""
            if xattrs:
                self._xattrs[id(node)] = xattrs
            fixed = _INODE_SIZE + len(xattrs)
            tail = 0
            if stat.S_ISLNK(node.mode) and node.size < BLOCK:
                # Inline data must not cross a block: move the inode up if that helps, else use a block.
                if (position + fixed) % BLOCK + node.size > BLOCK and fixed + node.size <= BLOCK:
                    position = _align(position, BLOCK)
                if (position + fixed) % BLOCK + node.size <= BLOCK:
                    self._inline.add(id(node))
                    tail = node.size
            elif id(node) in self._chunks:
                tail = len(self._chunks[id(node)][1])
            node.position, node.nid = position, position // _SLOT
            position = _align(position + fixed + tail, _SLOT)
        return position

    def _name_blocks(self, start: int) -> tuple[bytearray, dict[int, int]]:
        """Blocks of directories and long links, and for each node the number of its first one."""
        blocks = bytearray()
        addresses: dict[int, int] = {}
        for node in self._nodes:
            if node.children is not None:
                data = _encode_directory(node)
                node.size = len(data)
            elif stat.S_ISLNK(node.mode) and id(node) not in self._inline:
                data = node.link
            else:
                continue
            addresses[id(node)] = (start + len(blocks)) >> BLOCK_BITS
            blocks += data
            blocks += bytes(-len(blocks) % BLOCK)
        return blocks, addresses

    def _inodes(self, addresses: dict[int, int]) -> bytearray:
        last = self._nodes[-1]
        area = bytearray(last.position + _INODE_SIZE)
        for number, node in enumerate(self._nodes, 1):
            layout, union, tail = self._data(node, addresses)
            xattrs = self._xattrs.get(id(node), b"")
            seconds, nanoseconds = divmod(node.mtime_ns, 10**9)
            inode = _INODE.pack(
                layout | _EXTENDED, len(xattrs) // 4 - 2 if xattrs else 0, node.mode, 0, node.size, union,
                number & 0xFFFFFFFF, node.uid, node.gid, seconds, nanoseconds, node.links,
            )  # fmt: skip
            end = node.position + _INODE_SIZE + len(xattrs) + len(tail)
            if end > len(area):
                area += bytes(end - len(area))
            area[node.position : end] = inode + xattrs + tail
        return area

    def _data(self, node: Node, addresses: dict[int, int]) -> tuple[int, int, bytes]:
        """(layout, what the inode's union holds, what follows the inode)."""
        if node.children is not None:
            return _FLAT_PLAIN, addresses[id(node)], b""
        if stat.S_ISLNK(node.mode):
            if id(node) in self._inline:
                return _FLAT_INLINE, 0, node.link
            return _FLAT_PLAIN, addresses[id(node)], b""
        if stat.S_ISCHR(node.mode) or stat.S_ISBLK(node.mode):
            major, minor = node.rdev
            return _FLAT_PLAIN, (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12, b""
        if id(node) in self._chunks:
            bits, table = self._chunks[id(node)]
            return _CHUNKED, bits, table
        return _FLAT_PLAIN, (ARCHIVE_START + node.offset) >> BLOCK_BITS if node.size else 0, b""

    # -- sparse files --------------------------------------------------------------------------------

    def _copy_sparse(self) -> None:
        for node in self._nodes:
            if node.sparse is not None and node.size:
                self._chunks[id(node)] = self._copy_chunks(node, node.sparse)

    def _copy_chunks(self, node: Node, extents: Iterable[tuple[int, int]]) -> tuple[int, bytes]:
        """Copy the stored pieces to where they belong within chunks; what is between stays a hole."""
        bits = 0
        while node.size > _MOST_CHUNKS << (BLOCK_BITS + bits):
            bits += 1
        size = BLOCK << bits
        table = [_HOLE] * -(-node.size // size)
        source = ARCHIVE_START + node.offset
        for offset, length in extents:
            end = offset + length
            while offset < end:
                chunk = offset // size
                if table[chunk] == _HOLE:
                    table[chunk] = self._end >> BLOCK_BITS
                    self._end += size
                piece = min(end, (chunk + 1) * size) - offset
                self._copy(source, (table[chunk] << BLOCK_BITS) + offset % size, piece)
                offset += piece
                source += piece
        self._end = _align(self._end, ARCHIVE_START)
        return bits, struct.pack(f"<{len(table)}I", *table)

    def _copy(self, source: int, target: int, length: int) -> None:
        while length:
            data = os.pread(self._fd, min(length, _COPY), source)
            _write_at(self._fd, data, target)
            source, target, length = source + len(data), target + len(data), length - len(data)

    def _superblock(self, meta: int, total: int, uuid: bytes) -> bytes:
        return _SUPERBLOCK.pack(
            _MAGIC, 0, _COMPAT_MTIME, BLOCK_BITS, 0, self._tree.root.nid, len(self._nodes), 0, 0, total
            >> BLOCK_BITS, meta >> BLOCK_BITS, 0, uuid, b"berth", _INCOMPAT_CHUNKED if self._chunks else
            0, 0, 0, 0, 0, 0, 0, 0, 0,
        )  # fmt: skip


def _align(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _write_at(fd: int, data: bytes | bytearray, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def _encode_xattrs(xattrs: dict[str, bytes]) -> bytes:
    """The attribute area behind an inode. Names of kinds that the kernel does not know are dropped."""
    entries = bytearray()
    for name, value in sorted(xattrs.items()):
        for prefix, index in _XATTR_NAMES:
            if name.startswith(prefix) and (prefix.endswith(".") or name == prefix):
                short = name[len(prefix) :].encode("utf-8", "surrogateescape")
                if len(short) > 255 or len(value) > _XATTR_LIMIT:
                    raise TarError(f"extended attribute {name[:80]!r} is too large")
                entries += struct.pack("<BBH", len(short), index, len(value)) + short + value
                entries += bytes(-len(entries) % 4)
    if not entries:
        return b""
    if len(entries) // 4 + 1 > _XATTR_LIMIT:
        raise TarError("too many extended attributes")
    return bytes(_XATTR_HEADER) + bytes(entries)


def _encode_directory(node: Node) -> bytes:
    """Blocks of entries, sorted by the bytes of the name over the whole directory."""
    parent = node.parent or node
    names = [(b".", node), (b"..", parent)]
    names += [
        (name.encode("utf-8", "surrogateescape"), child) for name, child in (node.children or {}).items()
    ]
    names.sort(key=lambda item: item[0])
    out = bytearray()
    block: list[tuple[bytes, Node]] = []
    used = 0
    for item in names:
        need = _DIRENT.size + len(item[0])
        if used + need > BLOCK:
            out += _encode_block(block)
            out += bytes(-len(out) % BLOCK)
            block, used = [], 0
        block.append(item)
        used += need
    return bytes(out + _encode_block(block))


def _encode_block(block: list[tuple[bytes, Node]]) -> bytes:
    entries = bytearray()
    offset = _DIRENT.size * len(block)
    for name, node in block:
        entries += _DIRENT.pack(node.nid, offset, _FILE_TYPES[stat.S_IFMT(node.mode)], 0)
        offset += len(name)
    return bytes(entries) + b"".join(name for name, _ in block)
