"""The ``filters`` argument of Docker's list, prune and events calls.

Wire form: a JSON object of name to list of values, or (clients before 1.22) name to object of value to
true. Within one name any value may match; different names must all match.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Self

from berth.base.errors import InvalidArgument


class Filters:
    """Parsed filters, checked against the names that a verb accepts."""

    def __init__(self, values: Mapping[str, Iterable[str]] | None = None) -> None:
        self._values = {name: tuple(given) for name, given in (values or {}).items()}

    @classmethod
    def parse(cls, text: str | None, allowed: frozenset[str]) -> Self:
        """Parse the query argument; unknown names are refused with Docker's text."""
        if not text:
            return cls()
        try:
            raw = json.loads(text)
        except ValueError:
            raise InvalidArgument(f"invalid filter: {text!r} is not JSON") from None
        if not isinstance(raw, dict):
            raise InvalidArgument("invalid filter: expected a JSON object of name to values")
        values: dict[str, tuple[str, ...]] = {}
        for name, given in raw.items():
            if name not in allowed:
                raise InvalidArgument(f"invalid filter '{name}'")
            if isinstance(given, dict):
                given = [value for value, wanted in given.items() if wanted]
            if not isinstance(given, list) or not all(isinstance(v, str) for v in given):
                raise InvalidArgument(f"invalid filter '{name}': expected a list of strings")
            values[name] = tuple(given)
        return cls(values)

    def get(self, name: str) -> tuple[str, ...]:
        """The values given for ``name``, empty when none were."""
        return self._values.get(name, ())

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def exact(self, name: str, value: str) -> bool:
        """Whether ``value`` is one of the given ones, or none were given."""
        given = self.get(name)
        return not given or value in given

    def boolean(self, name: str) -> bool | None:
        """The single truth value of ``name``; None when absent, InvalidArgument when not a truth value."""
        given = self.get(name)
        if not given:
            return None
        truths = {"1": True, "true": True, "True": True, "0": False, "false": False, "False": False}
        if len(given) != 1 or given[0] not in truths:
            raise InvalidArgument(f"invalid filter '{name}={list(given)}'")
        return truths[given[0]]

    def labels(self, labels: Mapping[str, str], name: str = "label") -> bool:
        """Whether ``labels`` satisfies every ``key`` or ``key=value`` given (labels are ANDed)."""
        for wanted in self.get(name):
            key, equals, value = wanted.partition("=")
            if key not in labels or (equals and labels[key] != value):
                return False
        return True
