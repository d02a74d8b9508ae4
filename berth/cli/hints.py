"""The extra line behind an error that names the likely cause.

Never changes an exit code and never acts on a guess: berth says what was probably meant and leaves it there.
"""

from berth.cli.cli import Exit
from berth.cli.table import COMMANDS, COMMON, GROUP_ALIASES, GROUPS

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_SLIPS = {"purge": "prune", "delete": "rm", "remove": "rm", "list": "ls", "clean": "prune"}
_GONE = {
    "deploy": "'deploy' was removed from Docker in 2021; 'compose up' and 'stack deploy' took its place",
    "swarm": "berth has no swarm: it runs containers on one machine",
    "stack": "berth has no swarm: it runs containers on one machine",
    "node": "berth has no swarm: it runs containers on one machine",
    "service": "berth has no swarm: it runs containers on one machine",
    "trust": "'trust' was removed from Docker in version 29",
}
# Docker's other commands: a mistyped one is still recognised as what it was meant to be.
_NOT_HERE = [
    "bake",
    "checkpoint",
    "compose",
    "config",
    "context",
    "diff",
    "export",
    "plugin",
    "secret",
    "update",
]


def unknown_command(cli: "Cli", words: "list[str]") -> Exit:
    """The error for a first word that is no command."""
    text = (
        f"{cli.program}: unknown command: {cli.program} {words[0]}\n\n"
        f"Run '{cli.program} --help' for more information"
    )
    known = (*COMMON, *COMMANDS, *GROUPS, *_NOT_HERE)
    missing = f"this berth has no '{words[0]}'" if words[0] in _NOT_HERE else None
    return Exit(1, text, hint=_GONE.get(words[0]) or missing or suggestion(words[0], known))


def unknown_in_group(cli: "Cli", group: str, words: "list[str]") -> Exit:
    """The error for a second word that is no command of its group."""
    path = f"{cli.program} {group}"
    text = (
        f"{cli.program}: unknown command: {path} {words[0]}\n\n"
        f"Usage:  {path}\n\nRun '{path} --help' for more information"
    )
    return Exit(1, text, hint=suggestion(words[0], (*GROUPS[group][1], *GROUP_ALIASES.get(group, {}))))


def suggestion(word: str, known: "Iterable[str]") -> str | None:
    """``did you mean X?`` for a word near to a known one."""
    names = list(dict.fromkeys(known))
    if _SLIPS.get(word) in names:
        return f"did you mean {_SLIPS[word]}?"
    nearest = min(names, key=lambda name: (distance(word, name), name))
    limit = 1 if len(word) < 5 else 2
    return f"did you mean {nearest}?" if distance(word, nearest) <= limit else None


def distance(one: str, other: str) -> int:
    """Edits (insert, delete, replace, swap neighbours) between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before_last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]


def missing_argument(path: str, options: "Options") -> str | None:
    """What is probably missing when a verb got too few arguments."""
    verb = path.rpartition(" ")[2]
    if verb in ("run", "create") and not options.args:
        return "the image is missing: its name comes after the flags, before the command to run in it"
    if verb == "build" and not options.args:
        return "add the context directory, for example ."
    return None


def bad_image(name: str) -> str | None:
    """Why an image's name is not one."""
    if not name.strip():
        return "empty image name: is there a blank after a backslash?"
    path = name.partition("@")[0]
    if path != path.lower() and ":" not in path.rpartition("/")[2]:
        return f"image names are lower case; did you mean {path.lower()}?"
    if path != path.lower():
        repository, _, tag = path.rpartition(":")
        return f"image names are lower case (tags need not be); did you mean {repository.lower()}:{tag}?"
    return None
