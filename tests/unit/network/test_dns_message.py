"""DNS messages as bytes: what is answered, what is refused, and that nothing hurts."""

import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.network.dns.message import A, Unanswerable, answer, answers, failure, parse
from tests.support.names import Answer, answer_of

QUESTION = dns.message.make_query("web.example", "A").to_wire()


def read(data):
    return answer_of(dns.message.from_wire(data))


def test_a_question_in_any_case():
    query = parse(dns.message.make_query("Web.EXAMPLE.", "A").to_wire())
    assert (query.name, query.kind, query.size) == ("web.example", A, 512)
    reply = dns.message.from_wire(answer(query, ["10.0.0.1"]))
    assert reply.question[0].name.to_text() == "Web.EXAMPLE."
    assert answer_of(reply) == Answer("NOERROR", ("10.0.0.1",))


def test_nothing_of_the_kind_is_no_error():
    assert read(answer(parse(QUESTION), [])) == Answer("NOERROR", ())


def test_failure():
    assert read(failure(parse(QUESTION))).code == "SERVFAIL"


@pytest.mark.parametrize(("payload", "most"), [(None, 512), (1232, 1232), (100, 512), (60000, 4096)])
def test_an_answer_fits_where_it_goes(payload, most):
    options = {} if payload is None else {"use_edns": 0, "payload": payload}
    query = parse(dns.message.make_query("svc", "A", **options).to_wire())
    data = answer(query, [f"10.0.{n // 250}.{n % 250}" for n in range(2000)])
    assert len(data) <= most
    assert read(data).truncated


def test_by_tcp_everything_fits():
    query = parse(QUESTION, stream=True)
    assert len(read(answer(query, [f"10.0.{n // 250}.{n % 250}" for n in range(2000)])).values) == 2000


def test_a_network_whose_name_is_no_dns_name():
    query = parse(dns.message.make_query("1.0.0.10.in-addr.arpa", "PTR").to_wire())
    for name in (f"web.{'x' * 64}.", "web.a..b.", "web." + "y." * 200):
        assert read(answer(query, [name])) == Answer("NOERROR", ())


def _with(**fields):
    message = dns.message.from_wire(QUESTION)
    for name, value in fields.items():
        setattr(message, name, value)
    return message.to_wire()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", None),
        (QUESTION[:11], None),
        (_with(flags=0x8000), None),
        (QUESTION[:12], dns.rcode.FORMERR),
        (QUESTION[:-1], dns.rcode.FORMERR),
        (QUESTION + b"\0", dns.rcode.FORMERR),
        (QUESTION + b"\0" * 5000, dns.rcode.FORMERR),
        (QUESTION[:5] + b"\2" + QUESTION[6:], dns.rcode.FORMERR),
        (QUESTION[:6] + b"\xff\xff" * 3 + QUESTION[12:], dns.rcode.FORMERR),
        (QUESTION[:12] + b"\xc0\x0c\0\1\0\1", dns.rcode.FORMERR),
        (_with(flags=0x2800), dns.rcode.NOTIMP),
        (dns.message.make_query("web", "AXFR").to_wire(), dns.rcode.REFUSED),
    ],
)
def test_what_is_no_question(data, code):
    with pytest.raises(Unanswerable) as caught:
        parse(data)
    reply = caught.value.reply
    if code is None:
        assert reply is None
    else:
        assert reply[:2] == data[:2]
        assert dns.message.from_wire(reply).rcode() == code


def test_what_answers_a_question():
    query = parse(QUESTION)
    reply = dns.message.make_response(query.message)
    assert answers(query, reply.to_wire()) == 0
    reply.set_rcode(dns.rcode.NXDOMAIN)
    assert answers(query, reply.to_wire()) == dns.rcode.NXDOMAIN
    other = dns.message.make_response(dns.message.make_query("evil.example", "A"))
    for wrong in (b"", b"\0" * 12, QUESTION, other.to_wire()):
        assert answers(query, wrong) is None


@given(st.binary(max_size=600))
def test_garbage_is_refused_or_answered(data):
    try:
        query = parse(data)
    except Unanswerable:
        return
    for values in ([], ["10.0.0.1"]):
        dns.message.from_wire(answer(query, values))


@given(st.data())
def test_damaged_questions_too(data):
    whole = bytearray(dns.message.make_query("web.example", "A", use_edns=0, want_dnssec=True).to_wire())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(2, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        query = parse(bytes(whole))
    except Unanswerable:
        return
    answers(query, bytes(whole))
    failure(query)
    answer(query, ["10.0.0.1"])
