"""What is refused, on which line, in Docker's words."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.parser import parse


def failure(text):
    with pytest.raises(DockerfileError) as caught:
        parse(text.encode())
    return caught.value


# The instruction stands on line 2.
INSTRUCTIONS = {
    "FOR x": "unknown instruction: FOR (did you mean FROM?)",
    "form x": "unknown instruction: form (did you mean from?)",
    "Copi a b": "unknown instruction: Copi (did you mean COPY?)",
    "WHATEVER": "unknown instruction: WHATEVER",
    "FROM": "FROM requires either one or three arguments",
    "FROM a b": "FROM requires either one or three arguments",
    "FROM a be b": "FROM requires either one or three arguments",
    "FROM a AS 1b": (
        'invalid name for build stage: "1b", name can\'t start with a number or contain symbols'
    ),
    "FROM a AS b$": (
        'invalid name for build stage: "b$", name can\'t start with a number or contain symbols'
    ),
    "FROM --os=x a": "unknown flag: os",
    "ARG": "ARG requires at least one argument",
    "ARG =a": "ARG names can not be blank",
    "ENV": "ENV requires at least one argument",
    "ENV =a": "ENV names can not be blank",
    "LABEL": "LABEL requires at least one argument",
    "LABEL a=b =c": "LABEL names can not be blank",
    "COPY": "COPY requires at least two arguments, but only one was provided. "
    "Destination could not be determined",
    'COPY ["a"]': "COPY requires at least two arguments, but only one was provided. "
    "Destination could not be determined",
    "ADD a": "ADD requires at least two arguments, but only one was provided. "
    "Destination could not be determined",
    "ADD --from=x a b": "unknown flag: from",
    "COPY --frm=x a b": "unknown flag: frm (did you mean from?)",
    "COPY --from a b": "missing a value on flag: from",
    "COPY --from=a --from=b c d": "duplicate flag specified: from",
    "COPY --link= a b": "missing a value on flag: link",
    "COPY --link=1 a b": "expecting boolean value for flag link, not: 1",
    "COPY --keep-git-dir a b": "unknown flag: keep-git-dir",
    "RUN --foo=bar x": "unknown flag: foo",
    "RUN --network=bridge x": 'invalid network mode "bridge"',
    "RUN --security=none x": 'security "none" is not valid',
    "CMD --x a": "unknown flag: x",
    "MAINTAINER --boo a": "unknown flag: boo",
    "MAINTAINER": "MAINTAINER requires exactly one argument",
    "USER": "USER requires exactly one argument",
    "WORKDIR": "WORKDIR requires exactly one argument",
    "STOPSIGNAL": "STOPSIGNAL requires exactly one argument",
    "EXPOSE": "EXPOSE requires at least one argument",
    "VOLUME": "VOLUME requires at least one argument",
    "VOLUME []": "VOLUME requires at least one argument",
    'VOLUME ["a", " "]': "VOLUME specified can not be an empty string",
    "SHELL": "SHELL requires at least one argument",
    "SHELL []": "SHELL requires at least one argument",
    "SHELL bash -c": "SHELL requires the arguments to be in JSON form",
    "ONBUILD": "ONBUILD requires at least one argument",
    "ONBUILD ONBUILD RUN a": "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    "ONBUILD from a": "FROM isn't allowed as an ONBUILD trigger",
    "ONBUILD MAINTAINER a": "MAINTAINER isn't allowed as an ONBUILD trigger",
    "ONBUILD RUM a": "unknown instruction: RUM (did you mean RUN?)",
    "ONBUILD COPY a": "COPY requires at least two arguments, but only one was provided. "
    "Destination could not be determined",
    "HEALTHCHECK": "HEALTHCHECK requires at least one argument",
    "HEALTHCHECK TCP 80": 'Unknown type "TCP" in HEALTHCHECK (try CMD)',
    "HEALTHCHECK NONE a": "HEALTHCHECK NONE takes no arguments",
    "HEALTHCHECK CMD": "Missing command after HEALTHCHECK CMD",
    "HEALTHCHECK CMD []": "Missing command after HEALTHCHECK CMD",
    "HEALTHCHECK --interval=5 CMD a": 'time: missing unit in duration "5"',
    "HEALTHCHECK --timeout=5ns CMD a": 'Interval "timeout" cannot be less than 1ms',
    "HEALTHCHECK --retries=x CMD a": 'strconv.ParseInt: parsing "x": invalid syntax',
    "HEALTHCHECK --retries=-1 CMD a": "--retries cannot be negative (-1)",
    "HEALTHCHECK --retries=99999999999 CMD a": 'strconv.ParseInt: parsing "99999999999": value out of range',
    "HEALTHCHECK --intervall=5s CMD a": "unknown flag: intervall (did you mean interval?)",
    "COPY a <<EOF\nEOF": "COPY cannot accept a heredoc as a destination",
}


@pytest.mark.parametrize("text", INSTRUCTIONS)
def test_instructions(text):
    error = failure(f"FROM scratch\n{text}\n")
    assert error.message == f"dockerfile parse error on line 2: {INSTRUCTIONS[text]}"
    assert error.line == 2


MOUNTS = {
    "type=disk": 'unsupported mount type "disk"',
    "type=cach": 'unsupported mount type "cach" (did you mean cache?)',
    "taget=/x": "unexpected key 'taget' in 'taget=/x' (did you mean target?)",
    "target": "invalid field 'target' must be a key=value pair",
    "from=$x": "'from' doesn't support variable expansion, define alias stage instead",
    "ro=maybe": "invalid value for readonly: maybe",
    "required": "unexpected key 'required' for mount type 'bind'",
    "type=cache,size=1m": "unexpected key 'size' for mount type 'cache'",
    "type=tmpfs,size=big": "invalid value for size: big",
    "type=tmpfs,uid=0": 'uid not allowed for "tmpfs" type mounts',
    "mode=755": 'mode not allowed for "bind" type mounts',
    "type=cache,mode=9": "invalid value 9 for mode",
    "type=cache,uid=-1": "invalid value -1 for uid",
    "type=cache,gid=4294967296": "invalid value 4294967296 for gid",
    "type=cache,sharing=locke": 'unsupported sharing value "locke" (did you mean locked?)',
    "type=bind,sharing=locked": "invalid cache sharing set for bind mount",
    "type=secret": "invalid secret mount. one of source, target required",
    "type=secret,from=x,id=y": "secret mount should not have a from",
    "type=secret,id=x,source=y": "both source and id can't be set",
}


@pytest.mark.parametrize("text", MOUNTS)
def test_mounts(text):
    error = failure(f"FROM scratch\nRUN --mount={text} make\n")
    assert error.message == f"dockerfile parse error on line 2: {MOUNTS[text]}"


FILES = {
    "": (0, "failed to parse Dockerfile: file with no instructions"),
    "# a\n\n": (0, "failed to parse Dockerfile: file with no instructions"),
    "ARG a\n": (0, "dockerfile contains no stages to build"),
    "ARG a\nRUN b\nFROM c\n": (2, "no build stage in current context"),
    "# escape=x\nFROM a": (1, "failed to parse Dockerfile: invalid escape token 'x' does not match ` or \\"),
    "# escape=`\n# Escape=`\nFROM a": (
        2, "failed to parse Dockerfile: only one escape parser directive can be used",
    ),
    "# check=skipp=A\nFROM a": (1, 'failed to parse Dockerfile: invalid check option "skipp"'),
    "# check=error=yes\nFROM a": (1, 'failed to parse Dockerfile: failed to parse check option "error=yes"'),
    "FROM a\nENV b\n": (2, "failed to parse Dockerfile: ENV must have two arguments"),
    "FROM a\nLABEL b=c d\n": (
        2,
        'failed to parse Dockerfile: Syntax error - can\'t find = in "d". Must be of the form: name=value',
    ),
    "FROM a\n\nCMD [1]\n": (
        3,
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    'FROM a\nCMD ["b", ["c"]]\n': (
        2,
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    "FROM a\nRUN <<X\nb\n": (2, "failed to parse Dockerfile: unterminated heredoc"),
    "FROM a\nRUN " + "b" * 65_535 + "\n": (
        2, "failed to parse Dockerfile: dockerfile line greater than max allowed size of 65535",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", FILES)
def test_files(text):
    error = failure(text)
    assert (error.line, error.message) == FILES[text]


def test_the_hint_shows_the_line():
    assert failure("FROM a\nENV b\n").hint == "line 2: ENV b"
    shown = failure("FROM a\nCOPY " + "b" * 100).hint
    assert shown == "line 2: COPY " + "b" * 72 + "..."


def test_json_of_any_depth_and_length_is_only_text():
    deep = "[" * 60_000
    assert parse(f"FROM a\nCMD {deep}\n".encode()).stages[0].instructions[0].command.shell
    assert failure(f"FROM a\nCMD [{'9' * 60_000}]\n").line == 2
    assert parse(b"FROM a\nCMD [NaN]\n").stages[0].instructions[0].command.shell
    assert parse(b'FROM a\nCMD ["\\ud800"]\n').stages[0].instructions[0].command.words == ("\ufffd",)
