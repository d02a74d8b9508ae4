"""Heredocs: which words announce one, what is its body, and what a RUN with them runs."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.heredoc import HeredocMark, inline_script, parse_mark, shell_text
from berth.dockerfile.instructions import Heredoc
from berth.dockerfile.parser import parse, parse_instruction

# word -> name, expand, strip_tabs, fd
MARKS = {
    "<<EOF": ("EOF", True, False, 0),
    "<<-EOF": ("EOF", True, True, 0),
    "3<<EOF": ("EOF", True, False, 3),
    "<< EOF": ("EOF", True, False, 0),
    "<<- EOF": ("EOF", True, True, 0),
    "<< -EOF": ("-EOF", True, False, 0),
    "<<'EOF'": ("EOF", False, False, 0),
    '<<-"EOF"': ("EOF", False, True, 0),
    "<<E'O'F": ("EOF", False, False, 0),
    r"<<E\'F": ("E'F", True, False, 0),
    r"<<'E'\'F": ("E'F", False, False, 0),
    "<<'a b'": ("a b", False, False, 0),
    "<<$EOF": ("$EOF", True, False, 0),
    "<<a.txt": ("a.txt", True, False, 0),
}


def test_marks():
    assert {word: parse_mark(word) for word in MARKS} == {w: HeredocMark(*m) for w, m in MARKS.items()}


@pytest.mark.parametrize("word", ["", "EOF", "<EOF", "<<", "<<-", "<<<EOF", "<<EOF sh", "x<<EOF", "<<''"])
def test_words_that_are_none(word):
    assert parse_mark(word) is None


@pytest.mark.parametrize("word", ["<<'EOF", '<<EOF"'])
def test_words_with_an_open_quote(word):
    with pytest.raises(DockerfileError):
        parse_mark(word)


# The text behind FROM, and the heredocs of its first instruction.
BODIES = {
    "RUN <<E\na\n b\nE": [Heredoc("E", "a\n b\n", expand=True)],
    "RUN <<E\nE": [Heredoc("E", "", expand=True)],
    "RUN <<E\n# a\n\nb \\\nE": [Heredoc("E", "# a\n\nb \\\n", expand=True)],
    "RUN <<E\n\ta\n\tE\nE": [Heredoc("E", "\ta\n\tE\n", expand=True)],
    "RUN <<-E\n\t\ta\n\t b\n\tE": [Heredoc("E", "a\n b\n", expand=True)],
    "RUN <<E\r\na\r\nE\r\n": [Heredoc("E", "a\n", expand=True)],
    "RUN 4<<E sh\na\nE": [Heredoc("E", "a\n", expand=True, fd=4)],
    "RUN <<E | tee <<'F'\na\nE\nb\nF": [Heredoc("E", "a\n", expand=True), Heredoc("F", "b\n", expand=False)],
    "RUN <<X <<Y\nY\nX\nX\nY": [Heredoc("X", "Y\n", expand=True), Heredoc("Y", "X\n", expand=True)],
    "RUN --mount=target=/x <<E\na\nE": [Heredoc("E", "a\n", expand=True)],
    "RUN a \\\n <<E\nb\nE": [Heredoc("E", "b\n", expand=True)],
    "COPY <<a.txt /\nx\na.txt": [Heredoc("a.txt", "x\n", expand=True)],
    "ADD <<'E' /\n$x\nE": [Heredoc("E", "$x\n", expand=False)],
    'RUN "<<E"': [],
    "RUN '<<E'": [],
    "RUN echo it's <<E": [],
    "RUN cat <<<E": [],
    'RUN ["<<E"]': [],
    'COPY ["<<E", "/"]': [],
}


@pytest.mark.parametrize("text", BODIES)
def test_bodies(text):
    file = parse(f"FROM a\n{text}\nUSER end".encode())
    first, last = file.stages[0].instructions
    assert list(first.heredocs) == BODIES[text]
    assert last.user == "end"


def test_other_instructions_have_none():
    assert len(parse(b"FROM a\nUSER <<E\nUSER E\n").stages[0].instructions) == 2


def test_sources_of_a_copy():
    copy = parse_instruction("COPY <<a b <<'c' /to\n1\na\n2\nc")
    assert copy.sources == ("b",)
    assert copy.destination == "/to"
    assert [(doc.name, doc.body) for doc in copy.heredocs] == [("a", "1\n"), ("c", "2\n")]


def test_a_trigger_carries_its_bodies():
    file = parse(b"FROM a\nONBUILD RUN <<E\nb\nE\n")
    trigger = file.stages[0].instructions[0].trigger
    assert trigger == "RUN <<E\nb\nE"
    assert parse_instruction(trigger).heredocs == (Heredoc("E", "b\n", expand=True),)


def test_what_a_run_runs():
    script = parse_instruction("RUN <<E\na\nb\nE")
    assert inline_script(script) == Heredoc("E", "a\nb\n", expand=True)
    assert shell_text(script) == "a\nb\n"
    piped = parse_instruction("RUN <<E python3 <<-F\na\nE\n\tb\nF")
    assert inline_script(piped) is None
    assert shell_text(piped) == "<<E python3 <<-F\na\nE\nb\nF"
    assert inline_script(parse_instruction("RUN a")) is None
    assert shell_text(parse_instruction("RUN a")) == "a"


def test_long_lines_in_bodies_are_fine():
    body = "x" * 200_000
    assert (
        parse(f"FROM a\nRUN <<E\n{body}\nE\n".encode()).stages[0].instructions[0].heredocs[0].body
        == body + "\n"
    )
