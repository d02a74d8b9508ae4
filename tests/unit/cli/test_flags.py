"""pflag's rules: clusters, values, where flags end, and its words for what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.cli.flags import Flag, FlagError, Options, parse

TABLE = (
    Flag("all", "a", "bool", "Show all"),
    Flag("quiet", "q", "bool", "Quiet"),
    Flag("init", "", "bool", "Init"),
    Flag("proxy", "", "bool", "Proxy", default=True),
    Flag("last", "n", "int", "Last", default=-1),
    Flag("name", "", "string", "Name"),
    Flag("env", "e", "list", "Env"),
    Flag("environment", "", "list", "Env", dest="env", hidden=True),
    Flag("filter", "f", "filter", "Filter"),
    Flag("small", "", "uint16", "Small"),
    Flag("platforms", "", "stringSlice", "Platforms"),
    Flag("wait", "", "duration", "Wait"),
    Flag("time", "t", "int", "Time", deprecated="use --last instead"),
)


def options(*words: str, interspersed: bool = True) -> Options:
    return parse(TABLE, words, interspersed=interspersed)[0]


def test_absent() -> None:
    found = options()
    assert (found.all, found.proxy, found.last, found.name, found.env, found.args) == (
        False, True, -1, "", [], [],
    )  # fmt: skip
    assert not found.changed("all")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("-aq", "quiet", True),
        ("-aqn5", "last", 5),
        ("-aqn=5", "last", 5),
        ("-aqn 5", "last", 5),
        ("-n -5", "last", -5),
        ("--last=0x10", "last", 16),
        ("--last 010", "last", 8),
        ("--all=false", "all", False),
        ("-a=T", "all", True),
        ("--proxy=0", "proxy", False),
        ("--name=", "name", ""),
        ("--name --all", "name", "--all"),
        ("--name=a=b", "name", "a=b"),
        ("-e A -eB --env=C --environment D", "env", ["A", "B", "C", "D"]),
        ("-f Status=up -f label=a=b", "filter", [("status", "up"), ("label", "a=b")]),
        ("--platforms a,b --platforms c", "platforms", ["a", "b", "c"]),
        ("--wait 1m30s", "wait", 90_000_000_000),
        ("-- --all", "args", ["--all"]),
        ("x - --all y", "args", ["x", "-", "y"]),
    ],
)
def test_values(words: str, name: str, value: object) -> None:
    assert getattr(options(*words.split()), name) == value


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("--nope", "unknown flag: --nope"),
        ("--nope=1", "unknown flag: --nope"),
        ("-az", "unknown shorthand flag: 'z' in -z"),
        ("-itd", "unknown shorthand flag: 'i' in -itd"),
        ("--=x", "bad flag syntax: --=x"),
        ("---x", "bad flag syntax: ---x"),
        ("--name", "flag needs an argument: --name"),
        ("-an", "flag needs an argument: 'n' in -n"),
        ("-n x", 'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (
            "--small 65536",
            'invalid argument "65536" for "--small" flag: strconv.ParseUint: '
            'parsing "65536": value out of range',
        ),
        (
            "--all=maybe",
            'invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: '
            'parsing "maybe": invalid syntax',
        ),
        ("-f x", 'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)'),
        ("--wait 5", 'invalid argument "5" for "--wait" flag: time: missing unit in duration "5"'),
    ],
)
def test_errors(words: str, text: str) -> None:
    with pytest.raises(FlagError) as caught:
        options(*words.split())
    assert str(caught.value) == text


def test_arguments_may_end_the_flags() -> None:
    found = options("-a", "image", "-q", "--nope", interspersed=False)
    assert (found.all, found.quiet, found.args) == (True, False, ["image", "-q", "--nope"])


def test_deprecated() -> None:
    found, notes, _ = parse(TABLE, ["-t", "5"])
    assert found.time == 5
    assert notes == ["Flag --time has been deprecated, use --last instead"]


def test_help() -> None:
    assert parse(TABLE, ["--help"])[2]
    assert not parse(TABLE, ["--help=false"])[2]
    _, notes, wanted = parse(TABLE, ["-ah"])
    assert wanted
    assert notes == ["Flag shorthand -h has been deprecated, use --help"]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(
    st.lists(WORDS, max_size=5), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.lists(WORDS, max_size=4)
)
def test_what_is_written_is_read(env: list[str], quiet: bool, last: int, args: list[str]) -> None:
    words = [f"--env={value}" for value in env] + ["-q"] * quiet + ["--last", str(last), "--", *args]
    found = options(*words)
    assert (found.env, found.quiet, found.last, found.args) == (env, quiet, last, args)


@given(st.lists(WORDS, max_size=6))
def test_any_words_are_parsed_or_refused(words: list[str]) -> None:
    for interspersed in (True, False):
        try:
            found = options(*words, interspersed=interspersed)
        except FlagError as error:
            assert str(error)
        else:
            assert len(found.args) <= len(words)
