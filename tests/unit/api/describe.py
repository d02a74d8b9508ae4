"""The form of a JSON document: its names and types without its values."""

from typing import Any


def describe(value: Any) -> Any:
    """Objects keep their names, lists the form of their first item, scalars become the name of their type."""
    if isinstance(value, dict):
        return {name: describe(item) for name, item in value.items()}
    if isinstance(value, list):
        return [describe(value[0])] if value else []
    return None if value is None else type(value).__name__


def differences(actual: Any, expected: Any, path: str = "") -> list[str]:
    """Every place where two forms differ, as ``Path.Name: actual / expected``; empty when they are equal."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        found = []
        for name in sorted(actual.keys() | expected.keys()):
            here = f"{path}.{name}" if path else name
            if name not in actual:
                found.append(f"{here}: missing")
            elif name not in expected:
                found.append(f"{here}: extra")
            else:
                found += differences(actual[name], expected[name], here)
        return found
    if isinstance(actual, list) and isinstance(expected, list) and actual and expected:
        return differences(actual[0], expected[0], f"{path}[]")
    return [] if actual == expected else [f"{path}: {actual!r} / {expected!r}"]
