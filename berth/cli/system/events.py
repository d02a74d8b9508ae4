"""``berth events``."""

import time

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.cli import Exit
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.flags import FILTER, INSPECT_FORMAT_HELP
from berth.cli.times import timestamp
from berth.client.target import filters

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (
        FILTER,
        Flag("format", "", "string", INSPECT_FORMAT_HELP),
        Flag("since", "", "string", "Show all events created since timestamp"),
        Flag("until", "", "string", "Stream events until this timestamp"),
    ),
    aliases=("system events", "events"),
)
_TEMPLATE_ERROR = 64
_SECOND = 1_000_000_000


def run(cli: "Cli", options: "Options") -> int:
    """Show what happens on the daemon, as it happens, until the time given or for ever."""
    template = _template(options.format) if options.format else None
    query = {
        "since": _time(options.since, "since") or None,
        "until": _time(options.until, "until") or None,
        "filters": filters(options.filter),
    }
    answer = cli.client.request("GET", "/events", query)
    for event in answer.json_lines():
        cli.out.write(event_line(event) if template is None else _rendered(template, event))
        cli.out.flush()
    return 0


def _time(text: str, name: str) -> str:
    try:
        return timestamp(text, name)
    except InvalidArgument as error:
        raise InvalidArgument(str(error).removeprefix(f'invalid value for "{name}": ')) from None


def event_line(event: "dict[str, Any]") -> str:
    """``2006-01-02T15:04:05.000000000Z07:00 container start ID (image=x, name=y)``."""
    moment = event.get("timeNano") or event.get("time", 0) * _SECOND
    shown = f"{_local(moment)} " if moment else ""
    actor = event.get("Actor") or {}
    attributes = actor.get("Attributes") or {}
    pairs = ", ".join(f"{key}={attributes[key]}" for key in sorted(attributes))
    tail = f" ({pairs})" if pairs else ""
    return f"{shown}{event.get('Type', '')} {event.get('Action', '')} {actor.get('ID', '')}{tail}\n"


def _local(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, _SECOND)
    moment = time.localtime(seconds)
    zone = time.strftime("%z", moment)
    shown = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{fraction:09d}{shown}"


def _template(text: str) -> "Any":
    """The format, tried on an empty event so that a wrong field is told before anything happens."""
    from berth.cli.format.template import Template, TemplateExecutionError, TemplateSyntaxError
    from berth.cli.format.typed import typed

    try:
        template = Template("{{json .}}" if text == "json" else text)
        template.execute(typed({}, "*events.Message"))
    except (TemplateSyntaxError, TemplateExecutionError) as failure:
        raise Exit(_TEMPLATE_ERROR, f"Error parsing format: {failure}") from None
    return template


def _rendered(template: "Any", event: "dict[str, Any]") -> str:
    from berth.cli.format.template import TemplateExecutionError
    from berth.cli.format.typed import typed

    try:
        return str(template.execute(typed(event, "events.Message"))) + "\n"
    except TemplateExecutionError as failure:
        raise BerthError(str(failure)) from None
