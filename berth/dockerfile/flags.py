"""The ``--name=value`` flags of an instruction, checked against those it knows."""

from collections.abc import Mapping
from typing import Final

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.text import did_you_mean

SWITCH: Final = "switch"
VALUE: Final = "value"
VALUES: Final = "values"


class Flags:
    """The flags that were given, by name."""

    def __init__(self, given: list[str], known: Mapping[str, str]) -> None:
        self._values: dict[str, list[str]] = {}
        for flag in given:
            written, equals, value = flag.partition("=")
            name = written[2:]
            kind = known.get(name)
            if kind is None:
                raise DockerfileError(f"unknown flag: {name}{did_you_mean(name, known)}")
            if name in self._values and kind != VALUES:
                raise DockerfileError(f"duplicate flag specified: {name}")
            if kind == SWITCH:
                value = _switch(name, value if equals else "true")
            elif not equals:
                raise DockerfileError(f"missing a value on flag: {name}")
            self._values.setdefault(name, []).append(value)

    def value(self, name: str) -> str | None:
        """The value of a flag, None when it was not given or is empty, which mean the same."""
        found = self._values.get(name)
        return (found[0] or None) if found else None

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(self._values.get(name, ()))

    def switch(self, name: str) -> bool | None:
        """True or False as given, None when not."""
        found = self._values.get(name)
        return found[0] == "true" if found else None


def _switch(name: str, value: str) -> str:
    if not value:
        raise DockerfileError(f"missing a value on flag: {name}")
    if value.lower() not in ("true", "false"):
        raise DockerfileError(f"expecting boolean value for flag {name}, not: {value}")
    return value.lower()
