"""From text to instructions: lines, directives, forms, and where everything stands."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.instructions import (
    Add,
    Arg,
    Cmd,
    Command,
    Copy,
    Directives,
    Entrypoint,
    Env,
    Expose,
    From,
    HealthCheck,
    Label,
    Maintainer,
    Mount,
    OnBuild,
    Run,
    Shell,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from berth.dockerfile.parser import parse, parse_instruction


def shell(text):
    return Command((text,), shell=True)


def words(*texts):
    return Command(texts, shell=False)


def instructions(text):
    """What follows ``FROM scratch`` in a file, without places."""
    stage = parse(b"FROM scratch\n" + text.encode()).stages[0]
    return [i._replace(line=0, end_line=0, original="") for i in stage.instructions]


# One instruction each.
FORMS = {
    "RUN make  all": Run(shell("make  all")),
    "run make": Run(shell("make")),
    "RuN make": Run(shell("make")),
    "\t RUN make \t": Run(shell("make")),
    "RUN": Run(shell("")),
    'RUN ["make", "all"]': Run(words("make", "all")),
    'RUN\t[ "make" ,\t"all" ]\t': Run(words("make", "all")),
    "RUN ['make']": Run(shell("['make']")),
    'RUN ["make"': Run(shell('["make"')),
    'RUN ["make", "all]': Run(shell('["make", "all]')),
    'RUN ["make"] all': Run(shell('["make"] all')),
    'RUN [ -f x ] && echo "]"': Run(shell('[ -f x ] && echo "]"')),
    "RUN '[\"make\"]'": Run(shell("'[\"make\"]'")),
    "RUN []": Run(words()),
    'RUN ["é", "\\u2603", "\\" \\\\ \\/ \\n", ""]': Run(words("é", "☃", '" \\ / \n', "")),
    "RUN --network=none --security=sandbox make": Run(shell("make"), network="none", security="sandbox"),
    "RUN --device=vendor.com/gpu=0 --device=x,required make": Run(
        shell("make"), devices=("vendor.com/gpu=0", "x,required")
    ),
    'RUN --mount=type=cache,target="/a b" make': Run(shell("make"), (Mount("cache", (("target", "/a b"),)),)),
    "RUN -- --mount=x": Run(shell("--mount=x")),
    "RUN apt --yes install": Run(shell("apt --yes install")),
    "CMD a b": Cmd(shell("a b")),
    "CMD []": Cmd(words()),
    'CMD [""]': Cmd(words("")),
    "ENTRYPOINT a": Entrypoint(shell("a")),
    'ENTRYPOINT ["a"]': Entrypoint(words("a")),
    "ENV a b  c": Env((("a", "b  c"),)),
    "ENV a b=c": Env((("a", "b=c"),)),
    "ENV a=b c='d e' f=\"g h\" i=j\\ k": Env((("a", "b"), ("c", "'d e'"), ("f", '"g h"'), ("i", "j\\ k"))),
    "ENV a=b=c d=": Env((("a", "b=c"), ("d", ""))),
    "ENV a=b \\": Env((("a", "b"),)),
    "LABEL a.b=c": Label((("a.b", "c"),)),
    'LABEL "a b"=c': Label((('"a b"', "c"),)),
    "LABEL maintainer Jo <jo@example.com>": Label((("maintainer", "Jo <jo@example.com>"),)),
    "ARG a": Arg((("a", None),)),
    "ARG a= b=c d='e f' g": Arg((("a", ""), ("b", "c"), ("d", "'e f'"), ("g", None))),
    "COPY a b c/": Copy(("a", "b"), "c/"),
    "COPY\ta\t \tb": Copy(("a",), "b"),
    'COPY ["a b", "c"]': Copy(("a b",), "c"),
    "COPY -- --a b": Copy(("--a",), "b"),
    "COPY --from=x --chown=1:$G --chmod=u+x --link --parents=true --exclude=*.o --exclude=b a c": Copy(
        ("a",), "c", "x", "1:$G", "u+x", link=True, parents=True, excludes=("*.o", "b")
    ),
    "COPY --link=false a b": Copy(("a",), "b"),
    "ADD a b": Add(("a",), "b"),
    "ADD --checksum=sha256:1 --keep-git-dir --unpack=FALSE --link=TRUE a b": Add(
        ("a",), "b", link=True, checksum="sha256:1", keep_git_dir=True, unpack=False
    ),
    "EXPOSE 80 81/udp  $PORTS": Expose(("80", "81/udp", "$PORTS")),
    "USER jo  smith": User("jo  smith"),
    "WORKDIR /a b": Workdir("/a b"),
    "VOLUME /a  /b": Volume(("/a", "/b")),
    'VOLUME ["/a", " /b "]': Volume(("/a", "/b")),
    'SHELL ["bash", "-c"]': Shell(("bash", "-c")),
    "STOPSIGNAL 9": StopSignal("9"),
    "MAINTAINER Jo  <x>": Maintainer("Jo  <x>"),
    "HEALTHCHECK NONE": HealthCheck(none=True),
    "healthcheck cmd a  b": HealthCheck(none=False, command=shell("a  b")),
    'HEALTHCHECK --interval=90s --timeout=0s --start-period=1ms --start-interval=2s --retries=3 cmd ["a"]': (
        HealthCheck(
            none=False,
            options=(
                ("interval", 90_000_000_000),
                ("timeout", 0),
                ("start_period", 1_000_000),
                ("start_interval", 2_000_000_000),
                ("retries", 3),
            ),
            command=words("a"),
        )
    ),
    "ONBUILD RUN  make all": OnBuild("RUN  make all"),
    'onbuild copy ["a", "b"]': OnBuild('copy ["a", "b"]'),
}


@pytest.mark.parametrize("text", FORMS)
def test_forms(text):
    assert instructions(text) == [FORMS[text]]


def test_from():
    file = parse(b"FROM a:1@sha256:0 \nFROM --platform=$P b AS Tools\nfrom c as c.1_x-y\n")
    assert [stage.from_._replace(line=0, end_line=0, original="") for stage in file.stages] == [
        From("a:1@sha256:0"),
        From("b", "$P", "tools"),
        From("c", None, "c.1_x-y"),
    ]


def test_arguments_before_the_first_stage():
    file = parse(b"ARG a=1\nARG b\nFROM $a\nARG c\n")
    assert [arg.pairs for arg in file.preamble] == [(("a", "1"),), (("b", None),)]
    assert [type(i) for i in file.stages[0].instructions] == [Arg]


# What follows RUN and what the shell gets.
JOINED = {
    "a \\\n  b": "a   b",
    "a\\\nb": "ab",
    "a \\  \t\nb": "a b",
    "a \\\n# gone\n  # gone too\nb": "a b",
    "a \\\n\n   \nb": "a b",
    "a \\\n \\\n b": "a   b",
    "a \\\n\\\nb": "a b",
    "a \\\nb \\": "a b",
    "a \\\nb # stays \\\nc": "a b # stays c",
    "a\\\\\nRUN b": "a\\\\",
    "a \\\r\n b\r": "a  b",
    "\\\na": "a",
    "a \\\n  --b": "a   --b",
}


@pytest.mark.parametrize("text", JOINED)
def test_continuations(text):
    first = instructions(f"RUN {text}\n")[0]
    assert first.command == shell(JOINED[text])


def test_places():
    file = parse(
        b"\n# one\n\nFROM \\\n  a\n\n\nRUN b \\\n\n# c\n  d\n# e\nCOPY <<X <<Y /\n1\nX\n2\nY\nENV f=g"
    )
    first = file.stages[0]
    places = [(i.line, i.end_line, i.original) for i in (first.from_, *first.instructions)]
    assert places == [
        (4, 5, "FROM   a"),
        (8, 11, "RUN b   d"),
        (13, 17, "COPY <<X <<Y /"),
        (18, 18, "ENV f=g"),
    ]
    assert len(file.lines) == 18
    assert file.lines[3] == "FROM \\"


def test_empty_continuations_warn():
    file = parse(b"FROM a\nRUN b \\\n\n  c\nRUN d \\\n# no\n  e\n")
    assert [(w.rule, w.line, w.text) for w in file.warnings] == [
        ("NoEmptyContinuation", 4, "Empty continuation line found in:\n    RUN b   c")
    ]


def test_comments_right_above():
    file = parse(b"# syntax=x\n# a\nFROM a\n# b\n# c\n\nRUN b\n# d\n#\nRUN c\n")
    assert file.comments == ((3, ("a",)), (7, ("b", "c")))


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_byte_order_mark_and_line_ends(start, end):
    file = parse(start + end.join((b"# escape=`", b"FROM a", b"ENV b `", b"  \\c", b"")))
    assert file.stages[0].instructions[0].pairs == (("b", "\\c"),)
    assert file.lines == ("# escape=`", "FROM a", "ENV b `", "  \\c")


def test_bytes_that_are_no_text():
    assert parse(b"FROM a\nENV b=\xff\n").stages[0].instructions[0].pairs == (("b", "\ufffd"),)


DIRECTIVES = {
    "": Directives(),
    "# syntax=docker/dockerfile:1": Directives(syntax="docker/dockerfile:1"),
    "#syntax = a b c": Directives(syntax="a"),
    "  # EsCaPe = `": Directives(escape="`"),
    "# escape=\\": Directives(),
    "# syntax=a\n# escape=`\n# check=skip=all": Directives(
        syntax="a", escape="`", check_skip=frozenset(), check_all=True
    ),
    "# check=skip=A, B;error=true": Directives(check_skip=frozenset("AB"), check_error=True),
    "# check=error=0;experimental=all // why": Directives(check_experimental=frozenset(["all"])),
    "#!/usr/bin/env x\n# escape=`": Directives(escape="`"),
    "# words\n# escape=`": Directives(),
    "\n# escape=`": Directives(),
    "# unknown=1\n# escape=`": Directives(),
    "#\n# escape=`": Directives(),
    "# escape=": Directives(),
}


@pytest.mark.parametrize("text", DIRECTIVES)
def test_directives(text):
    assert parse(f"{text}\nFROM a\n".encode()).directives == DIRECTIVES[text]


def test_triggers_and_changes():
    assert parse_instruction("COPY --from=x a b").from_ == "x"
    assert parse_instruction("run a \\\n b").command == shell("a  b")
    assert parse_instruction("RUN <<EOF\na\nEOF").heredocs[0].body == "a\n"
    assert parse_instruction("ENV a=b") == Env((("a", "b"),), original="ENV a=b")
    for text in ("", "# a", "USER a\nUSER b"):
        with pytest.raises(DockerfileError, match="instruction in a text for one"):
            parse_instruction(text)


def test_very_many_continuation_lines():
    lines = 200_000
    file = parse(b"FROM a\nRUN x" + b" \\\n y" * lines)
    run = file.stages[0].instructions[0]
    assert run.end_line == lines + 2
    assert run.command.words[0].count("y") == lines


def test_very_many_comments_and_instructions():
    many = 20_000
    file = parse(b"FROM a\n" + b"# x\n" * many + b"RUN b\n" * many)
    assert len(file.stages[0].instructions) == many
