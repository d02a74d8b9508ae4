"""``berth version``."""

import time

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import Command
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.format.table import align, align_text
from berth.cli.system.identity import client_facts

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("[OPTIONS]", (INSPECT_FORMAT,))
_WIDTH, _PADDING = 20, 1
_TEMPLATE_ERROR = 64
_ENGINE_LINES = (
    ("Go version", "GoVersion"), ("Git commit", "GitCommit"), ("Built", "BuildTime"),
)  # fmt: skip


def run(cli: "Cli", options: "Options") -> int:
    """Show the versions of client and daemon; without a daemon the client's alone, and the error."""
    template = _template(options.format) if options.format else None
    client = client_facts(cli)
    failure: BerthError | None = None
    server: dict[str, Any] | None = None
    try:
        server = _with_engine(cli.client.get("/version"))
    except BerthError as error:
        failure = error
    client["ApiVersion"] = client["DefaultAPIVersion"] if server is None else cli.client.version
    if template is None:
        lines = _client_lines(client) + (_server_lines(server) if server else [])
        cli.out.write(align(lines, _WIDTH, _PADDING))
    else:
        text, problem = _rendered(template, client, server)
        cli.out.write(align_text(text + "\n", _WIDTH, _PADDING))
        if problem and failure is None:
            failure = BerthError(problem)
    if failure is not None:
        raise failure
    return 0


def _template(text: str) -> "Any":
    from berth.cli.format.template import Template, TemplateSyntaxError
    from berth.cli.format.template.functions import ANY, Function

    extra = {"getDetailsOrder": Function(lambda part: sorted(part.fields["Details"]), (ANY,))}
    try:
        return Template("{{json .}}" if text == "json" else text, "version", extra)
    except TemplateSyntaxError as failure:
        raise Exit(_TEMPLATE_ERROR, f"template parsing error: {failure}") from None


def _rendered(template: "Any", client: "dict[str, Any]", server: "dict[str, Any] | None") -> tuple[str, str]:
    """The text, as far as it went, and what went wrong."""
    from berth.cli.format.template import TemplateExecutionError
    from berth.cli.format.typed import typed

    try:
        return template.execute(typed({"Client": client, "Server": server}, "system.versionInfo")), ""
    except TemplateExecutionError as failure:
        return failure.written, str(failure)


def _with_engine(version: "dict[str, Any]") -> "dict[str, Any]":
    """The answer with its own facts among the components, where an old daemon lists none."""
    components = version.get("Components") or []
    engine = next((part for part in components if part.get("Name") == "Engine"), None)
    if engine is None:
        names = {
            "ApiVersion": "ApiVersion", "MinAPIVersion": "MinAPIVersion", "GitCommit": "GitCommit",
            "GoVersion": "GoVersion", "Os": "Os", "Arch": "Arch", "BuildTime": "BuildTime",
        }  # fmt: skip
        details = {name: str(version.get(key, "")) for name, key in names.items()}
        details["Experimental"] = "true" if version.get("Experimental") else "false"
        engine = {"Name": "Engine", "Version": version.get("Version", ""), "Details": details}
        components = [*components, engine]
    details = engine.get("Details") or {}
    if "BuildTime" in details:
        details["BuildTime"] = _ansi_time(details["BuildTime"])
    return {**version, "Components": components}


def _ansi_time(text: str) -> str:
    """RFC 3339 as ``Mon Jan  2 15:04:05 2006``; anything else as it is."""
    try:
        moment = time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return text
    return time.asctime(moment)


def _client_lines(client: "dict[str, Any]") -> "list[list[str]]":
    api, newest = client["ApiVersion"], client["DefaultAPIVersion"]
    lowered = f" (downgraded from {newest})" if api != newest else ""
    return [
        ["Client:"],
        [" Version:", client["Version"]],
        [" API version:", api + lowered],
        *([f" {label}:", client[key]] for label, key in _ENGINE_LINES),
        [" OS/Arch:", f"{client['Os']}/{client['Arch']}"],
        [" Context:", client["Context"]],
    ]


def _server_lines(server: "dict[str, Any]") -> "list[list[str]]":
    platform = (server.get("Platform") or {}).get("Name", "")
    lines = [[""], [f"Server: {platform}" if platform else "Server:"]]
    for part in server["Components"]:
        lines.append([f" {part.get('Name', '')}:"])
        details = part.get("Details") or {}
        version = ["  Version:", part.get("Version", "")]
        if part.get("Name") != "Engine":
            lines += [version, *([f"  {name}:", details[name]] for name in sorted(details))]
            continue
        api = f"{details.get('ApiVersion', '')} (minimum version {details.get('MinAPIVersion', '')})"
        lines += [version, ["  API version:", api]]
        lines += [[f"  {label}:", details.get(key, "")] for label, key in _ENGINE_LINES]
        lines.append(["  OS/Arch:", f"{details.get('Os', '')}/{details.get('Arch', '')}"])
        lines.append(["  Experimental:", details.get("Experimental", "")])
    return lines
