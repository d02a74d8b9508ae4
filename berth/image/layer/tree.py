"""A layer's tree in memory, built from the headers alone: what unpacking would make, without the contents.

It follows the same rules as ``extract``, decision by decision; the contract suite compares the two.
"""

import stat
from collections.abc import Iterator

from berth.image.layer.member import (
    OPAQUE_XATTR,
    WHITEOUTS_XATTR,
    Kind,
    Member,
    Parts,
    allowed_xattrs,
    classify,
)
from berth.image.tar.entry import BLOCK_DEVICE, CHARACTER, TarEntry, TarError

_LINK_LIMIT = 40


class Node:
    """One inode. ``offset`` is where its content starts in the archive, ``sparse`` how it is laid out."""

    __slots__ = (
        "children", "gid", "link", "links", "mode", "mtime_ns", "nid", "offset", "parent",
        "position", "rdev", "size", "sparse", "uid", "xattrs",
    )  # fmt: skip

    def __init__(self, mode: int, uid: int = 0, gid: int = 0, mtime_ns: int = 0) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime_ns = mtime_ns
        self.size = 0
        self.offset = 0
        self.sparse: tuple[tuple[int, int], ...] | None = None
        self.link = b""
        self.rdev = (0, 0)
        self.xattrs: dict[str, bytes] = {}
        self.children: dict[str, Node] | None = {} if stat.S_ISDIR(mode) else None
        self.parent: Node | None = None
        self.links = 0
        self.nid = 0
        """Number of the inode, given by the writer, as is ``position``."""
        self.position = 0


class Tree:
    """Takes members in the archive's order."""

    def __init__(self) -> None:
        self.root = Node(stat.S_IFDIR | 0o755)
        self.root.parent = self.root
        self.opaque_root = False
        self._known: dict[Parts, Node] = {}

    def add(self, entry: TarEntry) -> None:
        """Put one member in place."""
        member = classify(entry)
        if member.kind is Kind.NOTHING:
            return
        if member.kind is Kind.OPAQUE:
            if member.parts:
                self._parent(member.parts).xattrs[OPAQUE_XATTR] = b"y"
            else:
                self.opaque_root = True
            return
        parent = self._parent(member.parts[:-1])
        children = _children(parent, entry.name)
        name = member.parts[-1]
        present = children.get(name)
        if member.kind is Kind.DIRECTORY:
            if present is None or present.children is None:
                present = self._put(parent, name, Node(stat.S_IFDIR))
            _set_attributes(present, entry, stat.S_IFDIR)
            return
        if present is not None:
            del children[name]
            self._known.clear()
        if member.kind is Kind.WHITEOUT and parent is not self.root:
            parent.xattrs[WHITEOUTS_XATTR] = b""
        if member.kind is Kind.HARD_LINK:
            children[name] = self._link_target(entry, member)
        else:
            self._put(parent, name, _leaf(entry, member.kind))

    def _put(self, parent: Node, name: str, node: Node) -> Node:
        children = _children(parent, name)
        if name in children:
            self._known.clear()
        children[name] = node
        node.parent = parent
        return node

    def _parent(self, parts: Parts) -> Node:
        known = self._known.get(parts)
        if known is not None:
            return known
        node = self.root
        for depth, part in enumerate(parts):
            child = _children(node, part).get(part)
            if child is None:
                child = self._put(node, part, Node(stat.S_IFDIR | 0o755))
            elif child.children is None:
                child = self._follow(parts[: depth + 1], node, child)
            node = child
        self._known[parts] = node
        return node

    def _follow(self, parts: Parts, directory: Node, node: Node) -> Node:
        """Where a link among the parents leads, resolved as if the layer were the root."""
        pending: list[str] = []
        links = 0
        current = directory
        while True:
            if stat.S_ISLNK(node.mode):
                links += 1
                if links > _LINK_LIMIT:
                    raise _cannot(parts, "Too many levels of symbolic links")
                target = node.link.decode("utf-8", "surrogateescape")
                if target.startswith("/"):
                    current = self.root
                pending += [part for part in reversed(target.split("/")) if part not in ("", ".")]
            elif node.children is None:
                raise _cannot(parts, "Not a directory")
            else:
                current = node
            if not pending:
                return current
            part = pending.pop()
            if part == "..":
                node = current.parent or self.root
                continue
            found = (current.children or {}).get(part)
            if found is None:
                raise _cannot(parts, "No such file or directory")
            node = found

    def _link_target(self, entry: TarEntry, member: Member) -> Node:
        node = self.root
        for depth, part in enumerate(member.target):
            if node.children is None:
                raise _cannot(member.parts, "Not a directory")
            child = node.children.get(part)
            if child is None:
                raise _cannot(member.parts, "No such file or directory")
            last = depth == len(member.target) - 1
            if stat.S_ISLNK(child.mode) and not last:
                child = self._follow(member.target[: depth + 1], node, child)
            node = child
        if node.children is not None:
            raise _cannot(member.parts, "Operation not permitted")
        return node

    def inodes(self) -> Iterator[Node]:
        """Every inode once, a directory before what is in it; sets ``links``."""
        self.root.links = 2
        todo = [self.root]
        seen: set[int] = set()
        while todo:
            node = todo.pop()
            yield node
            for child in (node.children or {}).values():
                if child.children is not None:
                    child.links = 2
                    node.links += 1
                elif id(child) in seen:
                    child.links += 1
                    continue
                else:
                    child.links = 1
                    seen.add(id(child))
                todo.append(child)


def _children(node: Node, name: str) -> dict[str, Node]:
    if node.children is None:
        raise _cannot((name,), "Not a directory")
    return node.children


def _cannot(parts: Parts, reason: str) -> TarError:
    return TarError(f"cannot unpack {'/'.join(parts)!r}: {reason}")


def _set_attributes(node: Node, entry: TarEntry, kind: int) -> None:
    node.mode = kind | entry.mode
    node.uid, node.gid, node.mtime_ns = entry.uid, entry.gid, entry.mtime_ns
    node.xattrs.update(allowed_xattrs(entry))


def _leaf(entry: TarEntry, kind: Kind) -> Node:
    if kind is Kind.WHITEOUT:
        return Node(stat.S_IFCHR, entry.uid, entry.gid)
    types = {CHARACTER: stat.S_IFCHR, BLOCK_DEVICE: stat.S_IFBLK}
    node = Node(stat.S_IFREG)
    if kind is Kind.FILE:
        _set_attributes(node, entry, stat.S_IFREG)
        node.size, node.offset, node.sparse = entry.real_size, entry.offset, entry.sparse
    elif kind is Kind.SYMLINK:
        _set_attributes(node, entry, stat.S_IFLNK)
        node.mode = stat.S_IFLNK | 0o777
        node.link = entry.link.encode("utf-8", "surrogateescape")
        node.size = len(node.link)
    else:
        _set_attributes(node, entry, types.get(entry.kind, stat.S_IFIFO))
        node.rdev = (entry.major, entry.minor)
    return node
