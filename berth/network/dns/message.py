"""DNS messages, by dnspython. Import it when the first question comes: it takes 40 ms that no start pays.

What cannot be answered raises ``Unanswerable``, with the answer that says so where one is due.
"""

import contextlib
import struct
from collections.abc import Sequence
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

A, AAAA, PTR = int(dns.rdatatype.A), int(dns.rdatatype.AAAA), int(dns.rdatatype.PTR)
HELPLESS = frozenset((int(dns.rcode.SERVFAIL), int(dns.rcode.REFUSED)))
"""Codes of a server that does not know: perhaps another one does."""
_TTL_S = 600
"""As Docker's."""
_UDP_SIZE = 512
_UDP_MOST = 4096
_TCP_SIZE = 65535
_MOST = 4096
_MOST_EXTRAS = 2
"""EDNS and a signature. More would only cost time: every record is taken apart."""
_HEADER = struct.Struct(">HHHHHH")
_TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)


class Unanswerable(Exception):
    """No question that we understand. ``reply`` is what to send, None to keep silent."""

    def __init__(self, reply: bytes | None) -> None:
        super().__init__("not a question")
        self.reply = reply


class Query(NamedTuple):
    """One question. ``name`` is in lower case without the final dot; ``size`` what the answer may take;
    ``asked`` the question's own bytes, in lower case."""

    name: str
    kind: int
    size: int
    asked: bytes
    message: dns.message.QueryMessage


def parse(data: bytes, *, stream: bool = False) -> Query:
    """The question in ``data``; ``stream`` says that it came by TCP."""
    if len(data) < _HEADER.size:
        raise Unanswerable(None)
    flags, questions, *records = _HEADER.unpack_from(data)[1:]
    if flags & dns.flags.QR:
        raise Unanswerable(None)
    if dns.opcode.from_flags(flags) != dns.opcode.QUERY:
        raise Unanswerable(_bare(data, dns.rcode.NOTIMP))
    if len(data) > _MOST or questions != 1 or records[0] or records[1] or records[2] > _MOST_EXTRAS:
        raise Unanswerable(_bare(data, dns.rcode.FORMERR))
    try:
        message = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError) as error:
        raise Unanswerable(_bare(data, dns.rcode.FORMERR)) from error
    if not isinstance(message, dns.message.QueryMessage) or len(message.question) != 1:
        raise Unanswerable(_bare(data, dns.rcode.FORMERR))
    question = message.question[0]
    if question.rdtype in _TRANSFERS:
        raise Unanswerable(_bare(data, dns.rcode.REFUSED))
    size = _TCP_SIZE if stream else min(max(message.payload, _UDP_SIZE), _UDP_MOST)
    name = question.name.to_text(omit_final_dot=True).lower()
    length = sum(len(label) + 1 for label in question.name.labels) + 4
    return Query(
        name=name if question.rdclass == dns.rdataclass.IN else "",
        kind=int(question.rdtype),
        size=size,
        asked=data[_HEADER.size : _HEADER.size + length].lower(),
        message=message,
    )


def _bare(data: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """A header that says why, for messages of which nothing else is understood."""
    number, flags = _HEADER.unpack_from(data)[:2]
    kept = flags & (0x7800 | dns.flags.RD)
    return _HEADER.pack(number, dns.flags.QR | dns.flags.RA | kept | rcode, 0, 0, 0, 0)


def answer(query: Query, values: Sequence[str]) -> bytes:
    """An answer with ``values`` of the kind that was asked for: addresses, or names with their final dot.
    None of them means that the name exists and has nothing of this kind."""
    reply = dns.message.make_response(query.message, recursion_available=True)
    if values:
        kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(query.kind))
        # A network may have a name that no DNS name can be: then there is nothing to say.
        with contextlib.suppress(dns.exception.DNSException, ValueError):
            rows = dns.rrset.from_text_list(query.message.question[0].name, _TTL_S, "IN", kind, values)
            reply.answer.append(rows)
    return reply.to_wire(max_size=query.size, prefer_truncation=True)


def failure(query: Query) -> bytes:
    """SERVFAIL: nobody could be asked."""
    reply = dns.message.make_response(query.message, recursion_available=True)
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply.to_wire(max_size=query.size)


def answers(query: Query, data: bytes) -> int | None:
    """The code of an answer (0 is success) if ``data`` answers ``query``, whatever its id; None if not."""
    if len(data) < _HEADER.size:
        return None
    flags, questions = _HEADER.unpack_from(data)[1:3]
    code = flags & 0xF
    if not flags & dns.flags.QR:
        return None
    if questions == 0:  # what cannot even repeat a question
        return code or None
    begin = _HEADER.size
    return code if data[begin : begin + len(query.asked)].lower() == query.asked else None
