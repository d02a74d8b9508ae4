"""``berth __complete WORDS...``: what could stand in place of the last word; one candidate a line.

A line is the candidate, a tab, and what it is. Names of containers, images, networks and volumes are asked
from the daemon; when it does not answer there are none.
"""

from berth.base.errors import BerthError
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import FlagError, parse
from berth.cli.table import COMMANDS, COMMON, GROUPS

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from berth.cli.cli import Cli
    from berth.cli.dispatch import Verb
    from berth.cli.flags import Flag, Options

COMMAND = Command("", min_args=1, max_args=UNLIMITED, raw=True)


def run(cli: "Cli", options: "Options") -> int:
    """Print the candidates for the last argument."""
    *words, current = options.args
    for candidate, note in candidates(cli, words, current):
        if candidate.startswith(current):
            cli.out.line(f"{candidate}\t{note}")
    return 0


def candidates(cli: "Cli", words: "list[str]", current: str) -> "list[tuple[str, str]]":
    """Everything that may follow ``words``; ``current`` is what was typed of it so far."""
    from berth.cli.globals import global_flags

    flags = global_flags("~/.docker")
    try:
        found, _, _ = parse(flags, words, interspersed=False)
    except FlagError:
        return []
    if not found.args:
        return _flags(flags) if current.startswith("-") else _commands()
    if len(found.args) < len(words):
        cli.globals = found
    return _for_verb(cli, found.args, current)


def _commands() -> "list[tuple[str, str]]":
    listed = [(name, short) for name, (_, short) in (*COMMON.items(), *COMMANDS.items())]
    return listed + [(name, short) for name, (short, _) in GROUPS.items()]


def _for_verb(cli: "Cli", words: "list[str]", current: str) -> "list[tuple[str, str]]":
    from berth.cli.dispatch import find

    group = words[0] in GROUPS
    if group and len(words) == 1:
        return [(name, short) for name, (_, short) in GROUPS[words[0]][1].items()]
    depth = 2 if group else 1
    verb = find(cli, words[:depth])
    if verb is None:
        return []
    if current.startswith("-"):
        return _flags(verb.command.flags)
    return _arguments(cli, verb, words[depth:])


def _flags(flags: "Sequence[Flag]") -> "list[tuple[str, str]]":
    shown = [flag for flag in flags if not flag.hidden]
    lines = [(f"--{flag.name}", flag.help.partition("\n")[0]) for flag in shown]
    return [*lines, ("--help", "Print usage")]


def _arguments(cli: "Cli", verb: "Verb", words: "list[str]") -> "list[tuple[str, str]]":
    """Names that fit the place of the next argument, by the usage line."""
    try:
        options, _, _ = parse(verb.command.flags, words, interspersed=verb.command.interspersed)
    except FlagError:
        return []  # a flag waits for its value
    places = [word.strip("[].") for word in verb.command.usage.split() if word != "[OPTIONS]"]
    if not places:
        return []
    place = places[min(len(options.args), len(places) - 1)]
    if len(options.args) >= len(places) and not verb.command.usage.endswith("...]"):
        return []
    for word, names in _SOURCES.items():
        if place.startswith(word):
            try:
                return [(name, word.lower()) for name in names(cli, options)]
            except (BerthError, OSError):
                return []
    return []


def _containers(cli: "Cli", _options: "Options") -> "list[str]":
    listed = cli.client.get("/containers/json", {"all": True})
    return [name.removeprefix("/") for item in listed for name in item["Names"] if name.count("/") == 1]


def _images(cli: "Cli", _options: "Options") -> "list[str]":
    return [tag for item in cli.client.get("/images/json") for tag in item.get("RepoTags") or ()]


def _networks(cli: "Cli", _options: "Options") -> "list[str]":
    return [item["Name"] for item in cli.client.get("/networks")]


def _volumes(cli: "Cli", _options: "Options") -> "list[str]":
    return [item["Name"] for item in cli.client.get("/volumes")["Volumes"] or ()]


_SOURCES: "dict[str, Callable[[Cli, Options], list[str]]]" = {
    "CONTAINER": _containers,
    "NAME|ID": _containers,
    "IMAGE": _images,
    "SOURCE_IMAGE": _images,
    "REPOSITORY": _images,
    "NETWORK": _networks,
    "VOLUME": _volumes,
}
