"""Laws of the Dockerfile language that hold for any text."""

import fnmatch
import re

from hypothesis import given
from hypothesis import strategies as st

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.expand import expand_body, expand_word, expand_words
from berth.dockerfile.globs import replace, without_prefix, without_suffix
from berth.dockerfile.grammar import KEYWORDS
from berth.dockerfile.ignore import IgnoreFile
from berth.dockerfile.lint import CheckRequest, check
from berth.dockerfile.parser import parse, parse_instruction

PLAIN = st.text(st.characters(exclude_characters="$\\'\"", exclude_categories=["Cs"]))
LANGUAGE = st.text(st.sampled_from("$\\{}:-+?#%/'\"<*`= \taAB1_é"), max_size=40)
FITTING = st.one_of(
    st.sampled_from(
        [
            "FROM scratch AS one",
            "FROM one",
            "ARG A=1 B",
            "ENV C=$A D='x y'",
            "ENV E two words",
            "LABEL a=$B",
            "COPY a b",
            "COPY --from=one $A b",
            "ADD --link x y",
            "EXPOSE 80 $A/udp",
            "USER $A",
            "WORKDIR rel",
            "VOLUME /a",
            'CMD ["a"]',
            "CMD a",
            "ENTRYPOINT b",
            'SHELL ["c"]',
            "STOPSIGNAL 9",
            "MAINTAINER d",
            "HEALTHCHECK --interval=1s CMD e",
            "ONBUILD RUN f",
            "RUN a \\\n  # gone\n\n  b",
            "RUN <<E\nx\nE",
            "COPY <<-E <<'F' /\n\t$A\nE\n$B\nF",
            "# check=skip=all",
            "# words",
            "",
            "  \t",
            "RUN --mount=type=cache,target=$A x",
        ]
    ),
    st.builds("RUN x{}".format, LANGUAGE.filter(lambda text: "<<" not in text)),
    st.builds("WORKDIR x{}".format, LANGUAGE),
)
ODD = st.one_of(
    st.sampled_from(["# escape=`", "\\", "E", "<<E", "  b \\"]),
    st.builds(
        lambda keyword, flag, rest: f"{keyword} {flag}{rest}",
        st.sampled_from([*KEYWORDS, "run", "WHAT"]),
        st.sampled_from(["", "--from=x ", "--mount=type=cache,target=/x ", "--interval=1s ", "-- ", "--x "]),
        st.one_of(LANGUAGE, st.sampled_from(["a b", "a=b", '["a", "b"]', "<<E /x", "CMD a", "RUN a", "80"])),
    ),
)
LINES = st.one_of(st.lists(FITTING, max_size=12), st.lists(st.one_of(FITTING, ODD), max_size=6))
VALUES = {"A": "1", "B": "two words", "a": ""}


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(data):
    try:
        parse(b"FROM a\n" + data)
    except DockerfileError:
        pass


@given(LINES)
def test_any_file_parses_or_is_refused_with_its_line(lines):
    text = "\n".join(["FROM scratch", *lines])
    try:
        file = parse(text.encode())
    except DockerfileError as error:
        assert 0 <= error.line <= text.count("\n") + 1
        return
    found = [i for stage in file.stages for i in (stage.from_, *stage.instructions)]
    # They stand in their order, do not overlap, and stay within the file.
    ends = [0, *(i.end_line for i in found)]
    assert all(end < i.line <= i.end_line for end, i in zip(ends, found, strict=False))
    assert ends[-1] <= len(file.lines)
    check(file, CheckRequest(ignore=IgnoreFile.parse(b"a*")))


@given(LINES)
def test_an_instruction_alone_reads_as_in_its_file(lines):
    try:
        file = parse("\n".join(["FROM scratch", *lines]).encode())
    except DockerfileError:
        return
    if file.directives.escape != "\\":
        return
    for instruction in file.stages[0].instructions:
        bodies = getattr(instruction, "heredocs", ())
        if bodies or "<<" in instruction.original:
            continue
        alone = parse_instruction(instruction.original)
        assert alone == instruction._replace(line=0, end_line=0)


@given(PLAIN)
def test_plain_text_is_itself(text):
    assert expand_word(text, VALUES.get) == text
    assert expand_body(text, VALUES.get) == text
    assert "".join(expand_words(text, VALUES.get)) == "".join(text.split()) or "<<" in text


@given(LANGUAGE)
def test_expansion_is_text_or_refused(text):
    try:
        whole = expand_word(text, VALUES.get)
        words = expand_words(text, VALUES.get)
    except DockerfileError:
        return
    assert all(words)
    assert all(word in whole for word in words)


@given(PLAIN)
def test_quoted_text_is_itself(text):
    assert expand_word(f"'{text}'", VALUES.get) == text
    assert expand_word(f'"{text}"', VALUES.get) == text


@given(PLAIN, st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_is_not_expanded_again(before, value):
    assert expand_word(f'{before}"${{V}}"', {"V": value}.get) == before + value


GLOB = st.text(st.sampled_from("ab*?"), max_size=6)
SUBJECT = st.text(st.sampled_from("ab"), max_size=12)


@given(GLOB, SUBJECT)
def test_trimming_takes_the_shortest_and_the_longest(pattern, text):
    def matches(part):
        return fnmatch.fnmatchcase(part, pattern)

    starts = [end for end in range(len(text) + 1) if matches(text[:end])]
    ends = [start for start in range(len(text) + 1) if matches(text[start:])]
    assert without_prefix(text, pattern, longest=False) == text[min(starts, default=0) :]
    assert without_prefix(text, pattern, longest=True) == text[max(starts, default=0) :]
    assert without_suffix(text, pattern, longest=False) == text[: max(ends, default=len(text))]
    assert without_suffix(text, pattern, longest=True) == text[: min(ends, default=len(text))]


@given(GLOB, SUBJECT)
def test_replacing_is_leftmost_and_longest(pattern, text):
    expression = re.compile(pattern.replace("*", ".*").replace("?", "."))
    assert replace(text, pattern, "X", everywhere=False) == expression.sub("X", text, count=1)


PATH = st.lists(st.text(st.sampled_from("ab.*"), min_size=1, max_size=3), min_size=1, max_size=4).map(
    "/".join
)
RULE = st.lists(st.sampled_from(["a", "b", "*", "**", "a*", "?", "[ab]", "a**"]), min_size=1, max_size=4).map(
    "/".join
)


def simple_match(rule, path):
    """The same meaning by brute force: component by component, ``**`` anything."""
    if not rule:
        return not path
    if rule[0] == "**":
        if len(rule) == 1:
            return bool(path)
        return any(simple_match(rule[1:], path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and fnmatch.fnmatchcase(path[0], rule[0]) and simple_match(rule[1:], path[1:])


@given(RULE.filter(lambda rule: "a**" not in rule), PATH.filter(lambda path: "." not in path.split("/")))
def test_ignore_rules_mean_what_they_say(rule, path):
    if ".." in path.split("/"):
        return
    parts = path.split("/")
    expected = any(simple_match(rule.split("/"), parts[:end]) for end in range(1, len(parts) + 1))
    assert IgnoreFile.parse(rule.encode()).excludes(path) == expected


@given(st.lists(st.tuples(st.sampled_from(["", "!"]), RULE), max_size=4), PATH)
def test_a_walk_misses_nothing(rules, path):
    try:
        file = IgnoreFile.parse("\n".join(mark + rule for mark, rule in rules).encode())
    except DockerfileError:
        return
    if not file.excludes(path):
        parts = path.split("/")
        assert all(file.may_descend("/".join(parts[:end])) for end in range(1, len(parts)))


@given(st.binary(max_size=60))
def test_any_ignore_file_is_read_or_refused(data):
    try:
        IgnoreFile.parse(data).excludes("a/b")
    except DockerfileError:
        pass
