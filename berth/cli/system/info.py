"""``berth info``."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import Command
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.system.identity import client_facts
from berth.client.errors import ApiError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("[OPTIONS]", (INSPECT_FORMAT,), aliases=("system info", "info"))
_TEMPLATE_ERROR = 64
_JSON = ("json", "{{json .}}")


def run(cli: "Cli", options: "Options") -> int:
    """Show the client and the daemon; without a daemon the client's half and the error."""
    debug = bool(cli.globals is not None and cli.globals.debug)
    client = {"Debug": debug, **client_facts(cli), "Plugins": []}
    if options.format:
        return _formatted(cli, options.format, client)
    from berth.cli.system.info_text import client_lines, server_lines

    lines = client_lines(client)
    failure: BerthError | None = None
    try:
        info = cli.client.get("/info")
    except ApiError as error:
        info = None
        failure = Exit(1, f"ERROR: {error}\nerrors pretty printing info", hint=error.hint)
    except BerthError as error:
        info = None
        failure = error
    lines += ["", "Server:"]
    warnings: list[str] = []
    if info is not None:
        lines += server_lines(info, debug=debug, user=_user_name(cli))
        warnings = info.get("Warnings") or []
    for line in lines:
        cli.out.line(line)
    for warning in warnings:
        cli.note(warning)
    if failure is not None:
        raise failure
    return 0


def _formatted(cli: "Cli", text: str, client: "dict[str, Any]") -> int:
    from berth.cli.format.template import Template, TemplateExecutionError, TemplateSyntaxError
    from berth.cli.format.typed import typed

    try:
        template = Template("{{json .}}" if text == "json" else text)
    except TemplateSyntaxError as failure:
        raise Exit(_TEMPLATE_ERROR, f"template parsing error: {failure}") from None
    info: dict[str, Any] = {}
    errors: list[str] = []
    if _needs_server(template, text, client):
        try:
            info = cli.client.get("/info")
        except ApiError as error:
            info = {"ServerErrors": [str(error)]}
            cli.note(str(error))
        except BerthError as error:
            errors.append(str(error))
    try:
        cli.out.line(template.execute(typed({**info, "ClientInfo": client}, "system.dockerInfo")))
    except TemplateExecutionError as failure:
        cli.out.line(failure.written)
        errors.append(str(failure))
    if errors:
        raise Exit(1, "\n".join(errors))
    return 0


def _needs_server(template: "Any", text: str, client: "dict[str, Any]") -> bool:
    """Whether the format uses anything that only the daemon knows."""
    from berth.cli.format.template import TemplateExecutionError
    from berth.cli.format.template.values import NilList, Struct
    from berth.cli.format.typed import typed

    has_field = any(part[:1].isascii() and part[:1].isalpha() for part in text.split(".")[1:])
    if text in _JSON or not has_field:
        return True
    fields = {
        "ClientInfo": typed(client, "*system.clientInfo"),
        "ClientErrors": NilList((), "[]string"),
    }
    try:
        template.execute(Struct("system.sparseInfo", fields, {name: (name, True) for name in fields}))
    except TemplateExecutionError:
        return True
    return False


def _user_name(cli: "Cli") -> str:
    """Who is logged in to Docker Hub, from the configuration; empty when nobody is."""
    entry = cli.config.mapping("auths").get("https://index.docker.io/v1/")
    if not isinstance(entry, dict):
        return ""
    if entry.get("username"):
        return str(entry["username"])
    import binascii

    try:
        return binascii.a2b_base64(str(entry.get("auth", ""))).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
