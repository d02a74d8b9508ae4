"""One table of flags drives parsing, help, defaults and completion.

The rules are pflag's, so that every command line that Docker's client accepts means the same here:
clusters of short flags (``-itd``), ``--flag value`` and ``--flag=value``, flags after arguments (unless a
command says that its arguments end them), ``--`` to end flags. The texts of errors are pflag's and Go's.
"""

from berth.base.errors import BerthError, InvalidArgument
from berth.base.units import parse_duration, parse_size

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


class FlagError(BerthError):
    """The command line does not fit the table; shown with the usage line, exit code 125."""


class HelpWanted(BerthError):
    """``--help`` was given."""


class Flag:
    """One flag.

    ``kind`` names how a value is parsed and shown in help (see ``_KINDS``); any other name is shown as it
    stands and parsed by ``parse``. ``parse`` turns text into a value and raises BerthError with the text
    that belongs behind "invalid argument". ``many`` collects values in a list. ``default`` is the value
    when the flag is absent, ``shown`` the text of "(default ...)" in help where it is not derived from
    ``default``. ``api`` is the API version that the flag needs. ``dest`` is the name in Options when it
    is not the flag's own (aliases share one).
    """

    __slots__ = (
        "api", "default", "deprecated", "dest", "help", "hidden", "kind", "many", "name", "parse", "short",
        "shown",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - a table row; every caller names its fields
        self,
        name: str,
        short: str,
        kind: str,
        help: str,
        *,
        default: "Any" = None,
        shown: str = "",
        parse: "Callable[[str], Any] | None" = None,
        many: bool | None = None,
        dest: str = "",
        hidden: bool = False,
        deprecated: str = "",
        api: str = "",
    ) -> None:
        row = _KINDS.get(kind)
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
        self.parse = parse or (row[0] if row else str)
        self.many = (bool(row and row[2]) or kind == "list") if many is None else many
        self.default = default if default is not None or self.many else (row[1] if row else default)
        self.shown = shown
        self.dest = dest or name.replace("-", "_")
        self.hidden = hidden or bool(deprecated)
        self.deprecated = deprecated
        self.api = api

    @property
    def title(self) -> str:
        """How errors call the flag: ``-a, --all`` or ``--name``."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class Options:
    """The parsed flags as attributes (dashes become underscores), the arguments as ``args``.

    ``changed(name)`` tells whether a flag was given, whatever its value.
    """

    def __init__(self, values: "dict[str, Any]", given: "set[str]", args: "list[str]") -> None:
        self.__dict__.update(values)
        self._given = given
        self.args = args

    def changed(self, name: str) -> bool:
        """Whether the flag (its ``dest`` name) stood on the command line."""
        return name in self._given

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> "Any": ...


def parse_bool(text: str) -> bool:
    """Go's strconv.ParseBool."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidArgument(f"strconv.ParseBool: parsing {quote(text)}: invalid syntax")


def _integer(text: str, bits: int, *, signed: bool) -> int:
    call = "ParseInt" if signed else "ParseUint"
    digits = text
    negative = False
    if signed and text[:1] in ("+", "-"):
        negative, digits = text[0] == "-", text[1:]
    try:
        if not digits or not digits[0].isdigit() or not digits.isascii():
            raise ValueError
        # Go's base 0 also reads a plain leading zero as octal.
        octal = len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567_"
        value = int(digits[1:].lstrip("_"), 8) if octal else int(digits, 0)
    except ValueError:
        raise InvalidArgument(f"strconv.{call}: parsing {quote(text)}: invalid syntax") from None
    value = -value if negative else value
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= value <= high:
        raise InvalidArgument(f"strconv.{call}: parsing {quote(text)}: value out of range")
    return value


def parse_int(text: str) -> int:
    """A signed 64-bit integer, decimal, 0x, 0o or 0b."""
    return _integer(text, 64, signed=True)


def _parse_uint16(text: str) -> int:
    return _integer(text, 16, signed=False)


def _parse_uint(text: str) -> int:
    return _integer(text, 64, signed=False)


def parse_key_value(text: str) -> "tuple[str, str]":
    """``name=value`` of a filter: the name is lowered and both are trimmed, as Docker does."""
    if "=" not in text:
        raise InvalidArgument("bad format of filter (expected name=value)")
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()


# kind: (parse, value when absent, collects a list, shown in help as)
_KINDS: "dict[str, tuple[Callable[[str], Any], Any, bool, str]]" = {
    "bool": (parse_bool, False, False, ""),
    "string": (str, "", False, "string"),
    "int": (parse_int, 0, False, "int"),
    "uint16": (_parse_uint16, 0, False, "uint16"),
    "uint": (_parse_uint, 0, False, "uint"),
    "bytes": (parse_size, 0, False, "bytes"),
    "duration": (parse_duration, 0, False, "duration"),
    "list": (str, None, True, "list"),
    "stringArray": (str, None, True, "stringArray"),
    "stringSlice": (str, None, True, "strings"),
    "map": (str, None, True, "map"),
    "filter": (parse_key_value, None, True, "filter"),
}


def quote(text: str) -> str:
    """Go's %q for ordinary text."""
    body = text.replace("\\", "\\\\").replace('"', '\\"')
    for char, escaped in (("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
        body = body.replace(char, escaped)
    return f'"{body}"'


def type_label(flag: Flag) -> str:
    """The type as help shows it behind the name; empty for switches."""
    row = _KINDS.get(flag.kind)
    return row[3] if row else flag.kind


class _Parser:
    """The state of one parse."""

    def __init__(self, flags: "Sequence[Flag]") -> None:
        self.long = {flag.name: flag for flag in flags}
        self.shorts = {flag.short: flag for flag in flags if flag.short}
        self.values: dict[str, Any] = {}
        for flag in flags:
            if flag.dest not in self.values or not flag.hidden:
                self.values[flag.dest] = list(flag.default or ()) if flag.many else flag.default
        self.given: set[str] = set()
        self.notes: list[str] = []
        self.help = False

    def put(self, flag: Flag, text: str) -> None:
        """Store one value; FlagError in pflag's words when it does not parse."""
        try:
            value = flag.parse(text)
        except BerthError as error:
            problem = f"invalid argument {quote(text)} for {quote(flag.title)} flag: {error}"
            raise FlagError(problem) from None
        if flag.deprecated:
            self.notes.append(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")
        if not flag.many:
            self.values[flag.dest] = value
        elif flag.kind == "stringSlice":
            self.values[flag.dest].extend(value.split(","))
        else:
            self.values[flag.dest].append(value)
        self.given.add(flag.dest)

    def take_long(self, word: str, rest: "list[str]") -> None:
        """``--name``, ``--name=value`` or ``--name value``; the value is popped from ``rest``."""
        name, equals, text = word[2:].partition("=")
        if not name or name[0] == "-":
            raise FlagError(f"bad flag syntax: {word}")
        flag = self.long.get(name)
        if flag is None:
            if name == "help":
                self.help = self.help or not equals or parse_bool(text)
                return
            raise FlagError(f"unknown flag: --{name}")
        if not equals:
            if flag.kind == "bool":
                text = "true"
            elif rest:
                text = rest.pop()
            else:
                raise FlagError(f"flag needs an argument: --{name}")
        self.put(flag, text)

    def take_short(self, cluster: str, rest: "list[str]") -> None:
        """``-abc``, ``-n5``, ``-n=5`` or ``-n 5``; the value is popped from ``rest``."""
        shorts = cluster[1:]
        while shorts:
            flag = self.shorts.get(shorts[0])
            if flag is None:
                if shorts[0] == "h":
                    self.notes.append("Flag shorthand -h has been deprecated, use --help")
                    self.help = True
                    shorts = shorts[1:]
                    continue
                raise FlagError(f"unknown shorthand flag: '{shorts[0]}' in -{shorts}")
            if len(shorts) > 2 and shorts[1] == "=":
                self.put(flag, shorts[2:])
                return
            if flag.kind == "bool":
                self.put(flag, "true")
                shorts = shorts[1:]
                continue
            if len(shorts) > 1:
                self.put(flag, shorts[1:])
            elif rest:
                self.put(flag, rest.pop())
            else:
                raise FlagError(f"flag needs an argument: '{shorts[0]}' in -{shorts}")
            return


def parse(
    flags: "Sequence[Flag]", words: "Sequence[str]", *, interspersed: bool = True
) -> "tuple[Options, list[str], bool]":
    """Parse ``words``: the options, notes to print first, and whether help was asked for.

    Notes belong on standard output, where pflag's users see them.

    With ``interspersed`` false the first argument ends the flags, so that the words of a command inside
    the container are not taken for ours. Raises FlagError.
    """
    parser = _Parser(flags)
    rest = list(reversed(words))
    args: list[str] = []
    while rest:
        word = rest.pop()
        if len(word) < 2 or word[0] != "-":
            args.append(word)
            if not interspersed:
                break
        elif word == "--":
            break
        elif word[1] == "-":
            parser.take_long(word, rest)
        else:
            parser.take_short(word, rest)
    args.extend(reversed(rest))
    return Options(parser.values, parser.given, args), parser.notes, parser.help
