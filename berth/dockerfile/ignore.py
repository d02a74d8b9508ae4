"""``.dockerignore``: which paths of a context are left out.

Rules, in BuildKit's meaning: one pattern a line, lines with ``#`` in column one are comments, blanks around
are cut, paths are cleaned and a leading slash dropped. ``*``, ``?`` and ``[...]`` stay within one component,
``**`` is any number of them. The last pattern that matches wins, ``!`` takes paths back in, and what matches
a directory matches what is below it.

The client reads contexts with this: nothing heavy is imported until a pattern with wildcards needs ``re``.
"""

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.patterns import Pattern, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Match(NamedTuple):
        """The rule that decided."""

        excluded: bool
        rule: str
        line: int
else:
    from collections import namedtuple

    Match = namedtuple("Match", "excluded rule line")

_State = tuple[tuple[bool, ...], "Match | None"]  # for each rule whether it matches; and which one decided
_REMEMBERED = 1024  # directories


class _Rule:
    """One line of the file."""

    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line
        self.again = text.startswith("!")
        body = text[1:].strip() if self.again else text
        if not body:
            raise DockerfileError('illegal exclusion pattern: "!"', line=line)
        cleaned = clean(body)
        self.pattern = Pattern(cleaned[1:] if cleaned.startswith("/") and cleaned != "/" else cleaned, line)


class IgnoreFile:
    """A parsed file; without rules it leaves nothing out."""

    def __init__(self, rules: tuple[_Rule, ...]) -> None:
        self._rules = rules
        self._start: _State = ((False,) * len(rules), None)
        self._states: dict[str, _State] = {}

    @classmethod
    def parse(cls, data: bytes) -> "IgnoreFile":
        """DockerfileError, with its line, for a malformed pattern."""
        rules: list[_Rule] = []
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        for number, line in enumerate(text.split("\n"), start=1):
            stripped = line.strip()
            if stripped and not line.startswith("#"):
                rules.append(_Rule(stripped, number))
        return cls(tuple(rules))

    @property
    def rules(self) -> tuple[str, ...]:
        """The lines that count, as they were written."""
        return tuple(rule.text for rule in self._rules)

    @property
    def takes_back(self) -> bool:
        """Whether any rule begins with ``!``."""
        return any(rule.again for rule in self._rules)

    def matches(self, path: str) -> "Match | None":
        """What the rules say of ``path`` (relative to the context, with ``/``, no ``.`` or ``..`` in it).

        None when no rule matches it; otherwise the rule that decided, which excludes it or takes it back.
        """
        if not self._rules or path in ("", "."):
            return None
        parent, _, _ = path.rpartition("/")
        return self._next(self._directory(parent), path)[1]

    def excludes(self, path: str) -> bool:
        """Whether ``path`` is left out."""
        match = self.matches(path)
        return match is not None and match.excluded

    def may_descend(self, directory: str) -> bool:
        """Whether something below ``directory`` may be in the context: False spares the walk through it."""
        if not self.excludes(directory):
            return True
        return any(rule.again and rule.pattern.may_match_below(directory) for rule in self._rules)

    def excludes_everything(self) -> bool:
        """Whether a rule excludes every path in one go, which makes copying the context pointless."""
        return any(not rule.again and rule.pattern.text in ("*", "**", "**/*") for rule in self._rules)

    def _directory(self, path: str) -> _State:
        """The state of a directory: a walk asks for the same one again and again."""
        if not path:
            return self._start
        known = self._states.get(path)
        if known is not None:
            return known
        state, at = self._start, 0
        while at < len(path):  # from the top, not by recursion: a path may have thousands of components
            end = path.find("/", at)
            end = len(path) if end < 0 else end
            part, at = path[:end], end + 1
            known = self._states.get(part)
            state = known if known is not None else self._next(state, part)
            if known is None:
                if len(self._states) >= _REMEMBERED:
                    self._states.clear()
                self._states[part] = state
        return state

    def _next(self, parent: _State, path: str) -> _State:
        """The state of ``path``: a rule that can change nothing at its place is not even asked."""
        inherited, _ = parent
        matched: list[bool] = []
        excluded = False
        decided: _Rule | None = None
        for rule, known in zip(self._rules, inherited, strict=True):
            match = known or (rule.again == excluded and rule.pattern.matches(path))
            matched.append(match)
            if match:
                excluded, decided = not rule.again, rule
        if decided is None:
            return self._start
        return tuple(matched), Match(excluded, decided.text, decided.line)
