"""From the words of a command line to the one module that answers them."""

import sys

from berth.cli.cli import Cli, Exit
from berth.cli.command import Command, arguments_problem
from berth.cli.flags import FlagError, Options, parse
from berth.cli.table import COMMANDS, COMMON, GROUP_ALIASES, GROUPS, HIDDEN

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from berth.cli.flags import Flag
    from berth.client.client import Client

USAGE_ERROR = 125
_STARTING = ("exec", "run")


class Verb:
    """A verb that was found: its canonical path, what it declares, its line in help, and its act."""

    __slots__ = ("act", "command", "path", "short")

    def __init__(self, path: str, module: str, short: str) -> None:
        loaded = load(module)
        self.path = path
        self.short = short
        self.command: Command = loaded.COMMAND  # type: ignore[attr-defined]
        self.act: Callable[[Cli, Options], int] = loaded.run  # type: ignore[attr-defined]


def load(module: str) -> object:
    """Import a verb's module by its name below ``berth.cli``."""
    name = f"berth.cli.{module}"
    __import__(name)
    return sys.modules[name]


def dispatch(program: str, words: "Sequence[str]", env: "Mapping[str, str]") -> int:
    """Carry out one command line; the exit code. Errors that a person should see are raised."""
    cli = Cli(program, env)
    return execute(cli, list(words))


def execute(cli: Cli, words: "list[str]") -> int:
    """As ``dispatch``, for a Cli that exists."""
    real, cli.connect = cli.connect is None, cli.connect or _connect
    wants_help = False
    if not words or words[0][:1] == "-":
        words, wants_help = _take_globals(cli, words)
        if cli.globals is not None and cli.globals.version:
            from berth.cli.about import version_line

            cli.out.line(version_line(cli.program))
            return 0
    if not words:
        return _show_root(cli, wanted=wants_help)
    if words[0] == "help":
        return _help_topic(cli, words[1:])
    if words[0] in GROUPS:
        verb, rest = _find_in_group(cli, words)
        if verb is None:
            return 0
    else:
        found = top_level(words[0])
        if found is None:
            from berth.cli.hints import unknown_command

            raise unknown_command(cli, words)
        if real and words[0] in _STARTING and len(words) > 2:
            from berth.cli.context import connect_ahead

            cli.hasten(connect_ahead)
        verb, rest = Verb(f"{cli.program} {words[0]}", *found), words[1:]
    if wants_help:
        return _show_verb(cli, verb)
    return _call(cli, verb, rest)


def _connect(cli: Cli) -> "Client":
    """The client of the chosen daemon; imported only by commands that talk to one."""
    from berth.cli.context import connect

    return connect(cli)


def top_level(name: str) -> "tuple[str, str] | None":
    """(module, line in help) of a command without a group."""
    return COMMON.get(name) or COMMANDS.get(name) or HIDDEN.get(name)


def _call(cli: Cli, verb: Verb, words: "list[str]") -> int:
    command = verb.command
    cli.path = verb.path
    if cli.nvidia:
        from berth.cli.nvidia import rewrite

        words = rewrite(cli, verb.path.rpartition(" ")[2], words)
    if command.raw:
        words = ["--", *words]
    try:
        options, notes, wants_help = parse(command.flags, words, interspersed=command.interspersed)
    except FlagError as error:
        raise usage_error(verb.path, command, str(error)) from None
    for note in notes:
        cli.out.line(note)
    if wants_help:
        return _show_verb(cli, verb)
    problem = arguments_problem(command, len(options.args))
    if problem is not None:
        from berth.cli.hints import missing_argument

        text, pointer = problem
        raise Exit(
            1,
            f"{cli.program}: '{verb.path}' {text}\n\nUsage:  {verb.path} {command.usage}\n\n"
            f"{pointer} '{verb.path} --help' for more information",
            hint=missing_argument(verb.path, options),
        )
    for flag in command.flags:
        if flag.api and options.changed(flag.dest):
            _require(cli, flag)
    return verb.act(cli, options)


def _require(cli: Cli, flag: "Flag") -> None:
    client = cli.client
    if not client.at_least(flag.api):
        problem = f"requires API version {flag.api}, but the Docker daemon API version is {client.version}"
        raise Exit(1, f'"--{flag.name}" {problem}')


def usage_error(path: str, command: Command, text: str) -> Exit:
    """A mistake in the flags of a verb, in Docker's form."""
    usage = f"{path} {command.usage}" if command.usage else path
    return Exit(USAGE_ERROR, f"{text}\n\nUsage:  {usage}\n\nRun '{path} --help' for more information")


def _take_globals(cli: Cli, words: "list[str]") -> "tuple[list[str], bool]":
    from berth.cli.config import config_dir
    from berth.cli.globals import LOG_LEVELS, global_flags

    try:
        options, notes, wants_help = parse(global_flags(config_dir(cli.env, None)), words, interspersed=False)
    except FlagError as error:
        usage = Command("[OPTIONS] COMMAND [ARG...]")
        raise usage_error(cli.program, usage, str(error)) from None
    for note in notes:
        cli.out.line(note)
    if options.log_level not in LOG_LEVELS:
        raise Exit(1, f"Unable to parse logging level: {options.log_level}")
    cli.globals = options
    return options.args, wants_help


def _find_in_group(cli: Cli, words: "list[str]") -> "tuple[Verb | None, list[str]]":
    group = words[0]
    path = f"{cli.program} {group}"
    try:
        options, notes, wants_help = parse((), words[1:], interspersed=False)
    except FlagError as error:
        raise usage_error(path, Command(""), str(error)) from None
    for note in notes:
        cli.out.line(note)
    if not options.args or wants_help:
        from berth.cli.help import group_help

        (cli.out if wants_help else cli.err).write(group_help(cli.program, group))
        return None, []
    name = GROUP_ALIASES.get(group, {}).get(options.args[0], options.args[0])
    found = GROUPS[group][1].get(name)
    if found is None:
        from berth.cli.hints import unknown_in_group

        raise unknown_in_group(cli, group, options.args)
    return Verb(f"{path} {name}", *found), options.args[1:]


def find(cli: Cli, words: "list[str]") -> "Verb | None":
    """The verb that ``words`` name exactly, or None."""
    if len(words) == 1:
        found = top_level(words[0])
        return Verb(f"{cli.program} {words[0]}", *found) if found else None
    if len(words) == 2 and words[0] in GROUPS:
        name = GROUP_ALIASES.get(words[0], {}).get(words[1], words[1])
        found = GROUPS[words[0]][1].get(name)
        return Verb(f"{cli.program} {words[0]} {name}", *found) if found else None
    return None


def _show_verb(cli: Cli, verb: Verb) -> int:
    from berth.cli.help import verb_help

    cli.out.write(verb_help(cli.program, verb.path, verb.command, verb.short))
    return 0


def _show_root(cli: Cli, *, wanted: bool) -> int:
    from berth.cli.config import config_dir
    from berth.cli.globals import global_flags
    from berth.cli.help import root_help

    text = root_help(cli.program, global_flags(config_dir(cli.env, None)))
    (cli.out if wanted else cli.err).write(text)
    return 0


def _help_topic(cli: Cli, words: "list[str]") -> int:
    if not words or words[0][:1] == "-":
        return _show_root(cli, wanted=True)
    if len(words) == 1 and words[0] in GROUPS:
        from berth.cli.help import group_help

        cli.out.write(group_help(cli.program, words[0]))
        return 0
    verb = find(cli, words)
    if verb is None:
        raise Exit(1, f"unknown help topic: {' '.join(words)}")
    return _show_verb(cli, verb)
