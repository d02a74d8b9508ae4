"""Which files of the context a Dockerfile can read: the others need not be looked at, let alone sent.

When in doubt, everything: variables in a source, a base image whose triggers are not known, a file that is no
Dockerfile. What is left out here must never be what a step would have copied.
"""

from berth.client.context import Needs

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from berth.dockerfile.instructions import Dockerfile

    Triggers = Callable[[str], bool]

EVERYTHING = Needs(everything=True)
NOTHING = Needs()
_COPIES, _ALL = (b"COPY", b"ADD"), (b".", b"./", b"/")
_REMOTE = ("http://", "https://", "git://", "git@", "ssh://")


def needs_of(data: bytes, build_args: "Mapping[str, str | None]", has_triggers: "Triggers") -> Needs:
    """What a build of this Dockerfile may read.

    ``has_triggers`` tells of an image's name whether its ONBUILD instructions may read the context; it is
    asked only when the answer matters.
    """
    if _copies_all(data):
        return EVERYTHING
    # Loading the parser takes longer than looking at some hundred files.
    from berth.dockerfile.errors import DockerfileError
    from berth.dockerfile.parser import parse

    try:
        dockerfile = parse(data)
    except DockerfileError:
        return NOTHING  # the daemon says what is wrong, in its own words and for all its clients
    patterns: list[tuple[str, ...]] = []
    for source in _sources(dockerfile):
        if "$" in source:
            return EVERYTHING
        patterns.append(_pattern(source))
    found = Needs(patterns)
    if found.everything or _unknown_base(dockerfile, build_args, has_triggers):
        return EVERYTHING
    return found


def _copies_all(data: bytes) -> bool:
    """Whether a line says so plainly."""
    lines = [line.split(None, 2) for line in data.splitlines()]
    return any(len(words) == 3 and words[0].upper() in _COPIES and words[1] in _ALL for words in lines)


def _sources(dockerfile: "Dockerfile") -> "Iterator[str]":
    """The paths that COPY, ADD and bind mounts read from the main context."""
    from berth.dockerfile.instructions import Add, Copy, Run

    for stage in dockerfile.stages:
        for instruction in stage.instructions:
            if isinstance(instruction, Copy) and instruction.from_ is None:
                yield from instruction.sources
            elif isinstance(instruction, Add):
                yield from (text for text in instruction.sources if not text.startswith(_REMOTE))
            elif isinstance(instruction, Run):
                for mount in instruction.mounts:
                    options = dict(mount.options)
                    if mount.type == "bind" and "from" not in options:
                        yield options.get("source") or "."


def _pattern(source: str) -> tuple[str, ...]:
    """A source as components, up to the first one that is more than a plain wildcard."""
    parts: list[str] = []
    for part in source.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            del parts[-1:]  # above the context is the context
        elif "**" in part or "[" in part or "\\" in part:
            break
        else:
            parts.append(part)
    return tuple(parts)


def _unknown_base(
    dockerfile: "Dockerfile", build_args: "Mapping[str, str | None]", has_triggers: "Triggers"
) -> bool:
    """Whether a stage stands on an image whose triggers may read the context."""
    from berth.dockerfile.errors import DockerfileError
    from berth.dockerfile.expand import expand_word

    values: dict[str, str | None] = {}
    for arg in dockerfile.preamble:
        for name, default in arg.pairs:
            given = build_args.get(name)
            values[name] = given if given is not None else default
    stages: set[str] = set()
    for stage in dockerfile.stages:
        base = stage.from_.base
        try:
            base = expand_word(base, values.get)
        except DockerfileError:
            return True
        if base.lower() not in stages and base != "scratch" and (not base or has_triggers(base)):
            return True
        if stage.from_.name:
            stages.add(stage.from_.name)
    return False
