"""Help texts and usage lines, laid out as Docker's client does. Imported only when one is shown."""

from berth.cli.flags import Flag, quote, type_label
from berth.cli.table import COMMANDS, COMMON, GROUPS

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from berth.cli.command import Command

_NAME_WIDTH = 11
_SLOP = 5
_NARROWEST = 24
_DEFAULT_WIDTH = 80


def terminal_width() -> int:
    """Columns of the terminal on standard input, 80 without one (that is the stream Docker asks)."""
    import os

    try:
        return os.get_terminal_size(0).columns
    except OSError:
        return _DEFAULT_WIDTH


def flag_usages(flags: "Sequence[Flag]", width: int) -> str:
    """The table of flags, wrapped at ``width`` (pflag's algorithm); empty when every flag is hidden."""
    rows = [(_left(flag), _right(flag)) for flag in sorted(flags, key=_by_name) if not flag.hidden]
    if not rows:
        return ""
    left_width = max(len(left) for left, _ in rows)
    lines = [f"{left:<{left_width}}   {_wrap(left_width + 3, width, right)}" for left, right in rows]
    return "\n".join(line.rstrip(" ") for line in lines)


def _by_name(flag: Flag) -> str:
    return flag.name


def _left(flag: Flag) -> str:
    name = f"  -{flag.short}, --{flag.name}" if flag.short else f"      --{flag.name}"
    label = type_label(flag)
    return f"{name} {label}" if label else name


def _right(flag: Flag) -> str:
    if flag.shown:
        return f"{flag.help} (default {flag.shown})"
    if flag.kind == "string" and flag.default:
        return f"{flag.help} (default {quote(flag.default)})"
    if flag.kind in ("bool", "int", "uint") and flag.default:
        return f"{flag.help} (default {str(flag.default).lower()})"
    return flag.help


def _cut(limit: int, text: str) -> tuple[str, str]:
    if limit + _SLOP > len(text):
        return text, ""
    head = text[:limit]
    at = max(head.rfind(" "), head.rfind("\t"), head.rfind("\n"))
    if at <= 0:
        return text, ""
    newline = head.rfind("\n")
    if 0 < newline < at:
        at = newline
    return text[:at], text[at + 1 :]


def _wrap(indent: int, width: int, text: str) -> str:
    out = ""
    space = width - indent
    if space < _NARROWEST:
        indent = 16
        space = width - indent
        out = "\n" + " " * indent
    if space < _NARROWEST:
        return text.replace("\n", out)
    margin = "\n" + " " * indent
    line, text = _cut(space - _SLOP, text)
    out += line.replace("\n", margin)
    while text:
        line, text = _cut(space - _SLOP, text)
        out += margin + line.replace("\n", margin)
    return out


def use_line(path: str, command: "Command") -> str:
    """``docker ps [OPTIONS]``."""
    # A command with two forms has a line for each.
    usage = command.usage.replace("\n\t", f"\n\t{path} ")
    return f"{path} {usage}" if usage else path


def verb_help(program: str, path: str, command: "Command", short: str) -> str:
    """The help of one verb."""
    parts = [f"Usage:  {use_line(path, command)}", "", (command.long or short).strip()]
    if command.aliases:
        parts += ["", "Aliases:", "  " + ", ".join(f"{program} {alias}" for alias in command.aliases)]
    flags = command.flags
    if any(flag.name == "hostname" for flag in flags):
        # The verbs with -h for --hostname list --help, because -h cannot stand for it there.
        flags = [*flags, Flag("help", "", "bool", "Print usage")]
    usages = flag_usages(flags, terminal_width() - 1)
    if usages:
        parts += ["", "Options:", usages]
    return "\n".join(parts) + "\n"


def group_help(program: str, group: str) -> str:
    """The help of one group of verbs."""
    short, verbs = GROUPS[group]
    path = f"{program} {group}"
    parts = [f"Usage:  {path} COMMAND", "", short, "", "Commands:"]
    parts += _rows((name, verbs[name][1]) for name in sorted(verbs))
    parts += ["", f"Run '{path} COMMAND --help' for more information on a command."]
    return "\n".join(parts) + "\n"


def root_help(program: str, flags: "Sequence[Flag]") -> str:
    """The list of everything."""
    parts = [f"Usage:  {program} [OPTIONS] COMMAND", "", "A self-sufficient runtime for containers"]
    parts += ["", "Common Commands:"]
    parts += _rows((name, short) for name, (_, short) in COMMON.items())
    parts += ["", "Management Commands:"]
    parts += _rows((name, GROUPS[name][0]) for name in sorted(GROUPS))
    parts += ["", "Commands:"]
    parts += _rows((name, COMMANDS[name][1]) for name in sorted(COMMANDS))
    parts += ["", "Global Options:", flag_usages(flags, terminal_width() - 1)]
    parts += ["", f"Run '{program} COMMAND --help' for more information on a command."]
    parts += ["", "For more help on how to use Docker, head to https://docs.docker.com/go/guides/"]
    return "\n".join(parts) + "\n"


def _rows(rows: "Iterable[tuple[str, str]]") -> list[str]:
    listed = list(rows)
    width = max(_NAME_WIDTH, *(len(name) for name, _ in listed))
    return [f"  {name:<{width}} {short}" for name, short in listed]
