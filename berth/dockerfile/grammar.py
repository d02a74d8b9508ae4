"""What each instruction accepts. Checks, texts and their order are those of Docker.

Texts in errors stay without their line, which the caller knows.
"""

from collections.abc import Callable
from typing import NamedTuple, NoReturn

from berth.dockerfile.errors import DockerfileError, SyntaxProblem
from berth.dockerfile.flags import SWITCH, VALUE, VALUES, Flags
from berth.dockerfile.health import parse_healthcheck
from berth.dockerfile.heredoc import HeredocMark, parse_mark
from berth.dockerfile.instructions import (
    Add,
    Arg,
    Cmd,
    Command,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Heredoc,
    Instruction,
    Label,
    Maintainer,
    Run,
    Shell,
    StopSignal,
    User,
    Volume,
    Workdir,
)  # fmt: skip
from berth.dockerfile.mounts import parse_mount
from berth.dockerfile.text import blank_separated, quoted
from berth.dockerfile.words import json_words, quoted_words

_NAME_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789-_."
_NETWORKS = ("default", "none", "host")
_SECURITY = ("sandbox", "insecure")


class Source(NamedTuple):
    """One instruction as text, split: what the parsers below get."""

    keyword: str  # upper case
    flags: list[str]
    rest: str
    heredocs: tuple[Heredoc, ...]
    escape: str


def parse_source(source: Source) -> Instruction:
    """The typed instruction, without its place. The keyword must be one of ``KEYWORDS``."""
    return _PARSERS[source.keyword](source)


def _no_flags(source: Source) -> None:
    Flags(source.flags, {})


def _no_arguments(source: Source) -> NoReturn:
    raise DockerfileError(f"{source.keyword} requires at least one argument")


def _list(source: Source) -> tuple[str, ...]:
    words = json_words(source.rest)
    return words if words is not None else tuple(blank_separated(source.rest))


def _command(source: Source) -> Command:
    words = json_words(source.rest)
    return Command((source.rest,), shell=True) if words is None else Command(words, shell=False)


def _single(source: Source) -> str:
    if not source.rest:
        raise DockerfileError(f"{source.keyword} requires exactly one argument")
    _no_flags(source)
    return source.rest


def key_values(keyword: str, rest: str, escape: str) -> tuple[tuple[str, str], ...]:
    """The pairs of ENV and LABEL: ``name=value ...``, or the old ``name value``, told by its first word."""
    words = quoted_words(rest, escape)
    if words and "=" not in words[0]:
        parts = blank_separated(rest, 1)
        if len(parts) < 2:
            raise SyntaxProblem(f"{keyword} must have two arguments")
        return ((parts[0], parts[1]),)
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise SyntaxProblem(
                f"Syntax error - can't find = in {quoted(word)}. Must be of the form: name=value"
            )
        pairs.append((name, value))
    return tuple(pairs)


def _pairs(source: Source) -> tuple[tuple[str, str], ...]:
    pairs = key_values(source.keyword, source.rest, source.escape)
    _no_flags(source)
    if not pairs:
        _no_arguments(source)
    if not all(name for name, _ in pairs):
        raise DockerfileError(f"{source.keyword} names can not be blank")
    return pairs


def _from(source: Source) -> From:
    words = blank_separated(source.rest)
    name = None
    if len(words) == 3 and words[1].lower() == "as":
        name = words[2].lower()
        if not ("a" <= name[0] <= "z") or name.strip(_NAME_CHARS):
            raise DockerfileError(
                f"invalid name for build stage: {quoted(words[2])}, "
                "name can't start with a number or contain symbols"
            )
    elif len(words) != 1:
        raise DockerfileError("FROM requires either one or three arguments")
    flags = Flags(source.flags, {"platform": VALUE})
    return From(words[0], flags.value("platform"), name)


def _arg(source: Source) -> Arg:
    words = quoted_words(source.rest, source.escape)
    _no_flags(source)
    if not words:
        _no_arguments(source)
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not name:
            raise DockerfileError("ARG names can not be blank")
        pairs.append((name, value if equals else None))
    return Arg(tuple(pairs))


def _run(source: Source) -> Run:
    flags = Flags(source.flags, {"mount": VALUES, "network": VALUE, "security": VALUE, "device": VALUES})
    network, security = flags.value("network"), flags.value("security")
    if network is not None and network not in _NETWORKS:
        raise DockerfileError(f"invalid network mode {quoted(network)}")
    if security is not None and security not in _SECURITY:
        raise DockerfileError(f"security {quoted(security)} is not valid")
    mounts = tuple(parse_mount(text) for text in flags.values("mount"))
    return Run(_command(source), mounts, network, security, flags.values("device"), source.heredocs)


def _cmd(source: Source) -> Cmd:
    _no_flags(source)
    return Cmd(_command(source))


def _entrypoint(source: Source) -> Entrypoint:
    _no_flags(source)
    return Entrypoint(_command(source))


def _paths(source: Source) -> tuple[tuple[str, ...], str, tuple[Heredoc, ...]]:
    """Sources that are paths, destination, and sources that are heredocs."""
    *words, destination = _list(source)
    marks = json_words(source.rest) is None
    if marks and _mark(destination) is not None:
        raise DockerfileError(f"{source.keyword} cannot accept a heredoc as a destination")
    bodies = {doc.name: doc for doc in source.heredocs}
    paths: list[str] = []
    inline: list[Heredoc] = []
    for word in words:
        mark = _mark(word) if marks else None
        if mark is not None and mark.name in bodies:
            inline.append(bodies[mark.name])
        else:
            paths.append(word)
    return tuple(paths), destination, tuple(inline)


def _mark(word: str) -> HeredocMark | None:
    try:
        return parse_mark(word)
    except DockerfileError:  # quotes that do not match: a strange path, and no heredoc
        return None


def _check_destination(source: Source) -> None:
    if len(_list(source)) < 2:
        raise DockerfileError(
            f"{source.keyword} requires at least two arguments, but only one was provided. "
            "Destination could not be determined"
        )


def _copy(source: Source) -> Copy:
    _check_destination(source)
    flags = Flags(
        source.flags,
        {"from": VALUE, "chown": VALUE, "chmod": VALUE, "link": SWITCH, "parents": SWITCH, "exclude": VALUES},
    )
    sources, destination, heredocs = _paths(source)
    return Copy(
        sources, destination, flags.value("from"), flags.value("chown"), flags.value("chmod"),
        link=flags.switch("link") is True, parents=flags.switch("parents") is True,
        excludes=flags.values("exclude"), heredocs=heredocs,
    )  # fmt: skip


def _add(source: Source) -> Add:
    _check_destination(source)
    flags = Flags(
        source.flags,
        {"chown": VALUE, "chmod": VALUE, "link": SWITCH, "keep-git-dir": SWITCH, "checksum": VALUE,
         "unpack": SWITCH, "exclude": VALUES},
    )  # fmt: skip
    sources, destination, heredocs = _paths(source)
    return Add(
        sources, destination, flags.value("chown"), flags.value("chmod"), link=flags.switch("link") is True,
        checksum=flags.value("checksum"), keep_git_dir=flags.switch("keep-git-dir"),
        unpack=flags.switch("unpack"), excludes=flags.values("exclude"), heredocs=heredocs,
    )  # fmt: skip


def _expose(source: Source) -> Expose:
    ports = tuple(blank_separated(source.rest))
    if not ports:
        _no_arguments(source)
    _no_flags(source)
    return Expose(ports)


def _volume(source: Source) -> Volume:
    paths = tuple(path.strip() for path in _list(source))
    if not paths:
        _no_arguments(source)
    _no_flags(source)
    if not all(paths):
        raise DockerfileError("VOLUME specified can not be an empty string")
    return Volume(paths)


def _shell(source: Source) -> Shell:
    _no_flags(source)
    words = json_words(source.rest)
    if words == () or not source.rest:
        _no_arguments(source)
    if words is None:
        raise DockerfileError("SHELL requires the arguments to be in JSON form")
    return Shell(words)


_PARSERS: dict[str, Callable[[Source], Instruction]] = {
    "ADD": _add,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": lambda source: Env(_pairs(source)),
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": lambda source: parse_healthcheck(source.flags, source.rest),
    "LABEL": lambda source: Label(_pairs(source)),
    "MAINTAINER": lambda source: Maintainer(_single(source)),
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": lambda source: StopSignal(_single(source)),
    "USER": lambda source: User(_single(source)),
    "VOLUME": _volume,
    "WORKDIR": lambda source: Workdir(_single(source)),
}
KEYWORDS = (*_PARSERS, "ONBUILD")
