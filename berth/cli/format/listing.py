"""``--format`` of listings: ``json``, ``table {{...}}`` with a header, or a template per row."""

from collections.abc import Iterable

from berth.base.errors import InvalidArgument
from berth.cli.format.rows import JSON, TABLE, Row, Titles
from berth.cli.format.table import align_text
from berth.cli.format.template import Template, TemplateExecutionError, TemplateSyntaxError
from berth.cli.format.template.functions import HEADERS

_JSON_TEMPLATE = "{{json .}}"


def parse_format(format_text: str) -> Template:
    """The template behind a format; InvalidArgument with Docker's text when it is none."""
    text = format_text
    if text.startswith(TABLE):
        text = text[len(TABLE) :]
    elif text == JSON:
        text = _JSON_TEMPLATE
    text = text.strip(" ").replace("\\t", "\t").replace("\\n", "\n")
    try:
        return Template(text)
    except TemplateSyntaxError as failure:
        raise InvalidArgument(f"template parsing error: {failure}") from None


def render(rows: Iterable[Row], kind: type[Row], format_text: str) -> str:
    """All rows through ``format_text``, with a header when it is a table."""
    template = parse_format(format_text)
    try:
        body = "".join([template.execute(row) + "\n" for row in rows])
    except TemplateExecutionError as failure:
        raise InvalidArgument(f"template parsing error: {failure}") from None
    if not format_text.startswith(TABLE):
        return body
    return align_text(header(template, kind) + "\n" + body)


def header(template: Template, kind: type[Row]) -> str:
    """The titles in the places of the cells; what comes before an error counts, as in Docker."""
    try:
        return template.execute(Titles(kind.HEADERS), functions=HEADERS)
    except TemplateExecutionError as failure:
        return failure.written
