"""nftables twice: whole rulesets as text through libnftables, single map elements as raw messages.

Text is readable, checked and atomic, and needs a fraction of a millisecond in-process; it makes tables and
rules, which change with networks. Elements come and go with every published port: a raw batch takes 0.04 ms.
"""

import ctypes
import os
import struct
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from berth.kernel.netlink import (
    NETLINK_NETFILTER,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_REQUEST,
    NetlinkSocket,
    Request,
    attribute,
    attributes,
    encode,
    nested,
    string,
)

NFPROTO_INET = 1
NFPROTO_IPV4 = 2
NFPROTO_IPV6 = 10

_NFNL_MSG_BATCH_BEGIN = 0x10
_NFNL_MSG_BATCH_END = 0x11
_NFNL_SUBSYS_NFTABLES = 10
_NFT_MSG_GETCHAIN = 4
_NFT_MSG_NEWSETELEM = 12
_NFT_MSG_DELSETELEM = 14
_NFTA_SET_ELEM_LIST_TABLE = 1
_NFTA_SET_ELEM_LIST_SET = 2
_NFTA_SET_ELEM_LIST_ELEMENTS = 3
_NFTA_LIST_ELEM = 1
_NFTA_SET_ELEM_KEY = 1
_NFTA_SET_ELEM_DATA = 2
_NFTA_DATA_VALUE = 1
_NFTA_CHAIN_TABLE = 1
_NFTA_CHAIN_HANDLE = 2
_NFTA_CHAIN_NAME = 3
_NFTA_CHAIN_POLICY = 5
_NF_DROP = 0

_OUTPUT_NONE = 0
_LIBRARY = "libnftables.so.1"


class Element(NamedTuple):
    """One element of a map: ``key`` and ``value`` as the kernel keeps them, concatenated parts padded to
    four bytes each (see ``concat``)."""

    set_name: str
    key: bytes
    value: bytes = b""


def concat(*parts: bytes) -> bytes:
    """Join the parts of a concatenated key or value, each padded to four bytes."""
    return b"".join(part + b"\0" * (-len(part) % 4) for part in parts)


def _nfgenmsg(family: int, resource: int) -> bytes:
    return struct.pack("=BB", family, 0) + struct.pack(">H", resource)


def element_body(family: int, table: str, element: Element, *, with_value: bool) -> bytes:
    """The body of a message that adds or removes one element."""
    parts = [nested(_NFTA_SET_ELEM_KEY, attribute(_NFTA_DATA_VALUE, element.key))]
    if with_value:
        parts.append(nested(_NFTA_SET_ELEM_DATA, attribute(_NFTA_DATA_VALUE, element.value)))
    return (
        _nfgenmsg(family, 0)
        + string(_NFTA_SET_ELEM_LIST_TABLE, table)
        + string(_NFTA_SET_ELEM_LIST_SET, element.set_name)
        + nested(_NFTA_SET_ELEM_LIST_ELEMENTS, nested(_NFTA_LIST_ELEM, *parts))
    )


def _batch(kind: int, flags: int, bodies: Sequence[bytes], first: int) -> bytes:
    """All messages of one transaction; message i has sequence number ``first + i``."""
    begin = Request(_NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, _nfgenmsg(0, _NFNL_SUBSYS_NFTABLES))
    end = begin._replace(kind=_NFNL_MSG_BATCH_END)
    middle = [Request(_NFNL_SUBSYS_NFTABLES << 8 | kind, flags, body) for body in bodies]
    return b"".join(encode(r, first + i) for i, r in enumerate([begin, *middle, end]))


def add_elements(sock: NetlinkSocket, family: int, table: str, elements: Sequence[Element]) -> None:
    """Add all elements or none. An element that is there with the same value is no error; EEXIST or EBUSY
    for another value."""
    _change(sock, _NFT_MSG_NEWSETELEM, NLM_F_CREATE, family, table, elements)


def remove_elements(sock: NetlinkSocket, family: int, table: str, elements: Sequence[Element]) -> None:
    """Remove all elements or none; ENOENT when one is missing."""
    _change(sock, _NFT_MSG_DELSETELEM, 0, family, table, elements)


def _change(
    sock: NetlinkSocket, kind: int, flags: int, family: int, table: str, elements: Sequence[Element]
) -> None:
    if not elements:
        return
    with_value = kind == _NFT_MSG_NEWSETELEM
    bodies = [element_body(family, table, element, with_value=with_value) for element in elements]
    first = sock.next_sequence(len(bodies) + 2)
    data = _batch(kind, flags | NLM_F_REQUEST | NLM_F_ACK, bodies, first)
    sock.send_batch(data, range(first + 1, first + 1 + len(bodies)), table)


class ChainState(NamedTuple):
    """What tells one life of a base chain from the next, and whether it drops what nobody accepted."""

    handle: int
    drops: bool


def chain_state(sock: NetlinkSocket, family: int, table: str, chain: str) -> ChainState | None:
    """Look at one chain of anybody's table; None when there is none."""
    body = _nfgenmsg(family, 0) + string(_NFTA_CHAIN_TABLE, table) + string(_NFTA_CHAIN_NAME, chain)
    try:
        reply = sock.get(Request(_NFNL_SUBSYS_NFTABLES << 8 | _NFT_MSG_GETCHAIN, 0, body), f"{table} {chain}")
    except FileNotFoundError:
        return None
    found = attributes(reply.body[4:])
    policy = found.get(_NFTA_CHAIN_POLICY)
    (handle,) = struct.unpack(">Q", found[_NFTA_CHAIN_HANDLE])
    return ChainState(handle, policy is not None and struct.unpack(">I", policy)[0] == _NF_DROP)


def open_nfnetlink() -> NetlinkSocket:
    """A netfilter socket in the calling thread's network namespace."""
    return NetlinkSocket(NETLINK_NETFILTER)


class NftError(Exception):
    """nftables refused a ruleset; the text is its own explanation."""


class Nft:
    """Runs nft commands in the network namespace of the thread that made it.

    Uses libnftables in-process; without the library, the ``nft`` program. Not for two threads at once.
    """

    def __init__(self) -> None:
        try:
            self._library: ctypes.CDLL | None = ctypes.CDLL(_LIBRARY)
        except OSError:
            self._library = None
            return
        for name, result, arguments in (
            ("nft_ctx_new", ctypes.c_void_p, (ctypes.c_uint32,)),
            ("nft_ctx_free", None, (ctypes.c_void_p,)),
            ("nft_ctx_buffer_output", ctypes.c_int, (ctypes.c_void_p,)),
            ("nft_ctx_buffer_error", ctypes.c_int, (ctypes.c_void_p,)),
            ("nft_ctx_get_output_buffer", ctypes.c_char_p, (ctypes.c_void_p,)),
            ("nft_ctx_get_error_buffer", ctypes.c_char_p, (ctypes.c_void_p,)),
            ("nft_run_cmd_from_buffer", ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)),
        ):
            function = getattr(self._library, name)
            function.restype = result
            function.argtypes = arguments
        self._context = self._library.nft_ctx_new(_OUTPUT_NONE)
        if not self._context:
            raise OSError("cannot make an nftables context")
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)

    def run(self, commands: str) -> str:
        """Apply ``commands`` (nft(8) text) as one transaction and return what they print; NftError when
        refused, and then nothing has changed."""
        if self._library is None:
            return _run_program(commands)
        result = self._library.nft_run_cmd_from_buffer(self._context, commands.encode())
        errors = self._library.nft_ctx_get_error_buffer(self._context) or b""
        output = self._library.nft_ctx_get_output_buffer(self._context) or b""
        if result != 0:
            raise NftError(errors.decode(errors="replace").strip())
        return output.decode(errors="replace")

    def close(self) -> None:
        """Free the library's context; harmless when called twice."""
        if self._library is not None and self._context:
            self._library.nft_ctx_free(self._context)
            self._context = None


def _run_program(commands: str) -> str:
    try:
        done = subprocess.run(
            ["nft", "-f", "-"],
            input=commands,
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
        )
    except FileNotFoundError:
        raise NftError("neither libnftables.so.1 nor the nft program is installed") from None
    if done.returncode != 0:
        raise NftError(done.stderr.strip())
    return done.stdout


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath + ":/usr/sbin:/sbin", "LC_ALL": "C"}
