"""Variables, quotes and escapes: one table of facts for each, in the words of the shell."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.expand import expand, expand_body, expand_word, expand_words

SET = {
    "HOME": "/root",
    "TAG": "v1.2.3",
    "EMPTY": "",
    "CITY": "Zürich",
    "GAPS": " a  b ",
    "PATHS": "/usr/lib/x.tar.gz",
}


def word(text, escape="\\"):
    return expand_word(text, SET.get, escape)


def failure(text):
    with pytest.raises(DockerfileError) as caught:
        word(text)
    return caught.value.message


# text -> what becomes of it
QUOTES = {
    "plain": "plain",
    "two  words": "two  words",
    "a'b'c": "abc",
    'a"b"c': "abc",
    "'it is \"so\"'": 'it is "so"',
    '"it\'s"': "it's",
    r"it\'s": "it's",
    r"a\tb": "atb",
    r'"a\tb"': r"a\tb",
    r"'a\tb'": r"a\tb",
    r'"a\\b"': r"a\b",
    r"'a\\b'": r"a\\b",
    r'"say \"hi\""': 'say "hi"',
    "end\\": "end",
    r"end\\": "end\\",
    r"'end\'": "end\\",
    "Zü'ri'ch": "Zürich",
    "a < b << c": "a < b << c",
}
NAMES = {
    "$HOME": "/root",
    "${HOME}": "/root",
    "a$HOME/b": "a/root/b",
    "a${HOME}b": "a/rootb",
    "$HOMEb": "",
    "$NONE.": ".",
    "$CITY": "Zürich",
    "'$HOME'": "$HOME",
    "\"'$HOME'\"": "'/root'",
    r"\$HOME": "$HOME",
    r"\\$HOME": r"\/root",
    r'"\$HOME"': "$HOME",
    r"\${HOME}": "${HOME}",
    r"\${}": "${}",
    "$.": "$.",
    "cost: $": "cost: $",
    "$1x": "x",
    "$12x": "x",
    "${1}": "",
    "$@x": "x",
    "$$$": "$",
    "$?$!$-$#$*$0": "",
    "${?}${@}": "",
    "${HOME}}": "/root}",
}
CHOICES = {
    "${NONE:-x}": "x",
    "${NONE-x}": "x",
    "${EMPTY:-x}": "x",
    "${EMPTY-x}": "",
    "${HOME:-x}": "/root",
    "${NONE:+x}": "",
    "${NONE+x}": "",
    "${EMPTY:+x}": "",
    "${EMPTY+x}": "x",
    "${HOME:+x}": "x",
    "${NONE:-}": "",
    "${NONE:-$TAG}": "v1.2.3",
    "${NONE:-${NIL:-${TAG}}}": "v1.2.3",
    "${NONE:-a b}": "a b",
    "${NONE:-'}'}": "}",
    r"${NONE:-\}}": "}",
    r"${NONE:-\$HOME}": "$HOME",
    "${NONE:-{x}": "{x",
    "${HOME:+${TAG}:}z": "v1.2.3:z",
    "${1:-x}": "x",
    "${@:-x}y": "xy",
    "${HOME?no}": "/root",
    "${HOME:?no}": "/root",
    "${EMPTY?no}": "",
}
TRIMS = {
    "${PATHS#/usr}": "/lib/x.tar.gz",
    "${PATHS#usr}": "/usr/lib/x.tar.gz",
    "${PATHS#*/}": "usr/lib/x.tar.gz",
    "${PATHS##*/}": "x.tar.gz",
    "${PATHS%.*}": "/usr/lib/x.tar",
    "${PATHS%%.*}": "/usr/lib/x",
    "${PATHS%/*}": "/usr/lib",
    "${PATHS#*}": "/usr/lib/x.tar.gz",
    "${PATHS##*}": "",
    "${PATHS%%*}": "",
    "${PATHS#}": "/usr/lib/x.tar.gz",
    "${PATHS%}": "/usr/lib/x.tar.gz",
    "${TAG#v?.}": "2.3",
    "${TAG#?}": "1.2.3",
    "${TAG##v*.}": "3",
    "${TAG#$EMPTY}": "v1.2.3",
    "${TAG#${NONE:-v}}": "1.2.3",
    "${NONE#x}": "",
    "${TAG%%.*}-${TAG##*.}": "v1-3",
}
REPLACEMENTS = {
    "${TAG/./-}": "v1-2.3",
    "${TAG//./-}": "v1-2-3",
    "${TAG//./}": "v123",
    "${TAG/?./X}": "vX2.3",
    "${TAG//?./X}": "vXX3",
    "${TAG/.*/}": "v1",
    "${TAG/*/all}": "all",
    "${TAG//*/all}": "all",
    "${TAG/nothing/x}": "v1.2.3",
    r"${PATHS/\/usr/}": "/lib/x.tar.gz",
    r"${PATHS//\//:}": ":usr:lib:x.tar.gz",
    "${TAG/$EMPTY/x}": "xv1.2.3",
    "${TAG/v/$HOME}": "/root1.2.3",
    "${NONE/a/b}": "",
    "${EMPTY///x}": "x",
}


@pytest.mark.parametrize("table", [QUOTES, NAMES, CHOICES, TRIMS, REPLACEMENTS])
def test_words(table):
    assert {text: word(text) for text in table} == table


def test_patterns_protect_their_characters():
    values = {"GLOB": "a*b?c", "ODD": "()[]{}^$.|x"}
    assert expand_word(r"${GLOB#a\*}", values.get) == "b?c"
    assert expand_word(r"${GLOB%\?c}", values.get) == "a*b"
    assert expand_word(r"${ODD#()[]{\}^$.|}", values.get) == "x"
    assert expand_word(r"${GLOB//\*/\\}", values.get) == "a\\\\b?c"


FAILURES = {
    "it's": "unexpected end of statement while looking for matching single-quote",
    'say "hi': "unexpected end of statement while looking for matching double-quote",
    r'"hi\"': "unexpected end of statement while looking for matching double-quote",
    r"\\'x": "unexpected end of statement while looking for matching single-quote",
    "${": "syntax error: missing '}'",
    "${HOME": "syntax error: missing '}'",
    "${HOME:-x": "syntax error: missing '}'",
    "${NONE:-${HOME}": "syntax error: missing '}'",
    "${}": "syntax error: bad substitution",
    "${:-x}": "syntax error: bad substitution",
    "${{HOME}": "syntax error: bad substitution",
    "${.}": "unsupported modifier (.) in substitution",
    "${HOME=x}": "unsupported modifier (=) in substitution",
    "${HOME:=x}": "unsupported modifier (:=) in substitution",
    "${HOME:x}": "unsupported modifier (:x) in substitution",
    "${HOME:#x}": "unsupported modifier (:#) in substitution",
    "${HOME:%x}": "unsupported modifier (:%) in substitution",
    "${NONE?}": "NONE: is not allowed to be unset",
    "${NONE:?}": "NONE: is not allowed to be unset",
    "${EMPTY:?}": "EMPTY: is not allowed to be empty",
    "${NONE:?set it, $HOME}": "NONE: set it, /root",
    "${TAG//x}": "syntax error: missing '/' in ${}",
    "${TAG/x/y": "syntax error: missing '}'",
    r"${TAG#\x}": r"invalid pattern (\x) in substitution: invalid escape '\x'",
}


@pytest.mark.parametrize("text", FAILURES)
def test_failures(text):
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert failure(text) == f'failed to process "{quoted}": {FAILURES[text]}'


WORDS = {
    "one two": ["one", "two"],
    "  one\ttwo\n": ["one", "two"],
    "'one two' three": ["one two", "three"],
    r"one\ two": ["one two"],
    "$GAPS": ["a", "b"],
    "x${GAPS}y": ["x", "a", "b", "y"],
    'x"$GAPS"y': ["x a  b y"],
    "$EMPTY $NONE": [],
    "''": [],
    "x${NONE:-1 2}y": ["x1", "2y"],
    "": [],
    "<< EOF": ["<< EOF"],
}


def test_splitting():
    assert {text: expand_words(text, SET.get) for text in WORDS} == WORDS


def test_another_escape():
    assert word(r"C:\a`$HOME", "`") == r"C:\a$HOME"
    assert word('"a`"b"', "`") == 'a"b'


def test_names_that_were_asked_for():
    seen = expand("${HOME:+$NIL}$TAG'$QUOTED'", SET.get)
    assert seen.found == {"HOME", "TAG"}
    assert seen.missing == {"NIL"}


BODIES = {
    'it\'s "$TAG"\n': 'it\'s "v1.2.3"\n',
    "no variables\n": "no variables\n",
    "\\$TAG ${NONE:-x}\n": "$TAG x\n",
}


def test_bodies_of_heredocs_keep_their_quotes():
    assert {text: expand_body(text, SET.get) for text in BODIES} == BODIES


def test_nesting_is_limited():
    deep = 40
    assert word("${a:-" * deep + "x" + "}" * deep) == "x"
    assert "nested too deep" in failure("${a:-" * 100_000 + "x" + "}" * 100_000)


def test_results_are_limited():
    values = {"A": "x" * 300_000}
    with pytest.raises(DockerfileError, match="too long"):
        expand_word("$A$A$A$A", values.get)
    with pytest.raises(DockerfileError, match="too long"):
        expand_word("${A//x/" + "y" * 60_000 + "}", values.get)


def test_hostile_patterns_take_no_time_to_speak_of():
    values = {"A": "a" * 50_000}
    assert expand_word("${A##" + "*a" * 60 + "*b}", values.get) == values["A"]
    assert expand_word("${A//" + "*?a" * 20 + "b/}", values.get) == values["A"]
    with pytest.raises(DockerfileError, match="too long for its value"):
        expand_word("${A#" + "?" * 60_000 + "}", values.get)
