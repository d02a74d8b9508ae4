"""What every ``inspect`` does with the objects it found: JSON as the daemon wrote it, or a template."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.format.gojson import compact_raw, encode, indent_raw
from berth.cli.format.rows import JSON
from berth.cli.format.template import Template, TemplateExecutionError, TemplateSyntaxError
from berth.cli.format.template.values import Number, untyped
from berth.cli.format.typed import typed
from berth.wire.json import loads

if TYPE_CHECKING:
    from berth.cli.cli import Cli

_TEMPLATE_ERROR = 64


class Found(NamedTuple):
    """One object: its JSON text, and its type in :mod:`berth.cli.format.api_types`.

    ``raw`` false: Docker's client shows the object through its own type instead of the daemon's bytes.
    """

    text: str
    kind: str
    raw: bool = True


def inspect(cli: "Cli", references: Sequence[str], format_text: str, find: Callable[[str], Found]) -> int:
    """Print what ``find`` gives for each reference; the errors follow together, exit code 1."""
    template = None
    if format_text not in ("", JSON):
        try:
            template = Template(format_text)
        except TemplateSyntaxError as failure:
            raise Exit(_TEMPLATE_ERROR, f"template parsing error: {failure}") from None
    errors: list[BerthError] = []
    elements: list[str] = []
    for reference in references:
        try:
            found = find(reference)
            elements.append(_rendered(template, found) if template else _plain(found))
        except Exit:
            raise
        except BerthError as error:
            errors.append(error)
    if template:
        cli.out.write("".join(elements) or "\n")
    else:
        joined = f"[{','.join(elements)}]"
        cli.out.line(indent_raw(joined) if format_text != JSON else compact_raw(joined))
    if errors:
        hint = next((error.hint for error in errors if error.hint), None)
        raise Exit(1, "\n".join(str(error) for error in errors), hint=hint)
    return 0


def _plain(found: Found) -> str:
    return found.text if found.raw else encode(typed(loads(found.text), found.kind))


def _rendered(template: Template, found: Found) -> str:
    try:
        if found.kind != "any":
            return template.execute(typed(loads(found.text), found.kind)) + "\n"
        failure: Exception | None = None
    except TemplateExecutionError as problem:
        failure = problem
        if not found.raw:
            raise BerthError(f"template parsing error: {failure}") from None
    try:
        return template.execute(raw_json(found.text), strict=True) + "\n"
    except TemplateExecutionError as problem:
        raise BerthError(f"template parsing error: {problem}") from None


def raw_json(text: str) -> Any:
    """JSON as untyped values, its numbers kept as they are written."""
    import json

    return untyped(json.loads(text, parse_int=Number, parse_float=Number))
