"""``--call`` and ``--check``: what a Dockerfile says, without building it and without a daemon."""

from berth.base.errors import BerthError
from berth.dockerfile.lint_rules import Finding
from berth.dockerfile.parser import parse

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from berth.cli.build.place import Place
    from berth.cli.cli import Cli
    from berth.cli.flags import Options
    from berth.dockerfile.instructions import Dockerfile

_RULER = "-" * 20
_AROUND = 2
_LINKS = "https://docs.docker.com/go/dockerfile/rule/"


def evaluate(cli: "Cli", options: "Options", place: "Place", call: str) -> int:
    """Carry out one call; the exit code: 1 for a check that found something."""
    acts = {"check": _check, "lint": _check, "outline": _outline, "targets": _targets}
    if call not in acts:
        raise BerthError(f'unknown call "{call}": one of build, check, outline, targets')
    if place.dockerfile is None:
        raise BerthError(f"--call={call} needs a Dockerfile on this machine")
    as_json = "format=json" in options.call.split(",")[1:]
    return acts[call](cli, options, place, as_json=as_json)


def _arguments(cli: "Cli", options: "Options") -> "dict[str, str | None]":
    """``--build-arg`` without the proxies, whose names depend on a daemon."""
    found: dict[str, str | None] = {}
    for text in options.build_arg:
        name, equals, value = text.partition("=")
        found[name] = value if equals else cli.env.get(name)
    return found


def _check(cli: "Cli", options: "Options", place: "Place", *, as_json: bool) -> int:
    from berth.cli.build.collect import ignore_of
    from berth.dockerfile.lint import CheckRequest, check

    data = place.dockerfile or b""
    wanted = CheckRequest(
        build_args=_arguments(cli, options),
        ignore=ignore_of(place.ignore),  # type: ignore[arg-type]
        target=options.target,
        **({"platform": options.platform} if options.platform else {}),
    )
    findings = check(parse(data), wanted)
    if as_json:
        _print_json(cli, {"warnings": [_as_json(finding, place.name) for finding in findings]})
        return 1 if findings else 0
    if not findings:
        cli.out.line("Check complete, no warnings found.")
        return 0
    count = "1 warning has" if len(findings) == 1 else f"{len(findings)} warnings have"
    cli.out.line(f"Check complete, {count} been found!")
    lines = data.decode("utf-8", "replace").splitlines()
    for finding in findings:
        _show(cli, finding, lines, place.name)
    return 1


def _show(cli: "Cli", finding: Finding, lines: "Sequence[str]", name: str) -> None:
    """One finding as buildx prints it, with the source around it."""
    cli.out.line()
    cli.out.line(f"WARNING: {finding.rule} - {_LINKS}{_dashed(finding.rule)}/")
    cli.out.line(finding.text)
    if not finding.line:
        return
    last = finding.end_line or finding.line
    cli.out.line(f"{name}:{finding.line}")
    cli.out.line(_RULER)
    for number in range(max(1, finding.line - _AROUND), min(len(lines), last + _AROUND) + 1):
        mark = ">>>" if finding.line <= number <= last else "   "
        cli.out.line(f" {number:>3} | {mark} {lines[number - 1]}".rstrip())
    cli.out.line(_RULER)


def _dashed(rule: str) -> str:
    """``JSONArgsRecommended`` as ``json-args-recommended``."""
    out = ""
    for index, char in enumerate(rule):
        starts = char.isupper() and index and (
            not rule[index - 1].isupper() or (index + 1 < len(rule) and rule[index + 1].islower())
        )  # fmt: skip
        out += f"-{char.lower()}" if starts else char.lower()
    return out


def _as_json(finding: Finding, name: str) -> "dict[str, Any]":
    where = {"start": {"line": finding.line}, "end": {"line": finding.end_line or finding.line}}
    return {
        "ruleName": finding.rule,
        "description": finding.description,
        "url": f"{_LINKS}{_dashed(finding.rule)}/",
        "detail": finding.text,
        "location": {"file": name, "ranges": [where] if finding.line else []},
    }


def _print_json(cli: "Cli", value: "Any") -> None:
    from json import dumps

    cli.out.line(dumps(value, indent=2))


def _described(dockerfile: "Dockerfile", line: int, name: str) -> str:
    """The comment right above a line, when it begins with ``name``: its rest."""
    for at, comments in dockerfile.comments:
        if at == line:
            for comment in comments:
                first, _, rest = comment.strip().partition(" ")
                if first == name:
                    return rest.strip()
    return ""


def _targets(cli: "Cli", options: "Options", place: "Place", *, as_json: bool) -> int:
    """The stages that ``--target`` can name; the last one is the default."""
    dockerfile = parse(place.dockerfile or b"")
    found = []
    for index, stage in enumerate(dockerfile.stages):
        first = stage.from_
        name = first.name or ""
        entry = {"name": name, "base": first.base, "default": index == len(dockerfile.stages) - 1}
        entry["description"] = _described(dockerfile, first.line, name) if name else ""
        found.append({key: value for key, value in entry.items() if value})
    if as_json:
        _print_json(cli, {"targets": found})
        return 0
    rows = [["TARGET", "DESCRIPTION"]]
    for entry in found:
        shown = str(entry.get("name", "(unnamed)")) + (" (default)" if entry.get("default") else "")
        rows.append([shown, str(entry.get("description", ""))])
    _table(cli, rows)
    return 0


def _outline(cli: "Cli", options: "Options", place: "Place", *, as_json: bool) -> int:
    """The arguments, secrets and agents that the file can use."""
    from berth.cli.build.outline import outline_of

    dockerfile = parse(place.dockerfile or b"")
    found = outline_of(dockerfile, options.target, _arguments(cli, options))
    if as_json:
        _print_json(cli, found)
        return 0
    if found.get("name"):
        cli.out.line(f"TARGET:      {found['name']}")
    if found.get("description"):
        cli.out.line(f"DESCRIPTION: {found['description']}")
    if found["args"]:
        cli.out.line()
        rows = [["BUILD ARG", "VALUE", "DESCRIPTION"]]
        rows += [[arg["name"], arg.get("value", ""), arg.get("description", "")] for arg in found["args"]]
        _table(cli, rows)
    for title, key in (("SECRET", "secrets"), ("SSH", "ssh")):
        if found[key]:
            cli.out.line()
            rows = [[title, "REQUIRED"]]
            rows += [[one["name"], str(one["required"]).lower()] for one in found[key]]
            _table(cli, rows)
    return 0


def _table(cli: "Cli", rows: "list[list[str]]") -> None:
    from berth.cli.format.table import align

    cli.out.write(align(rows))
