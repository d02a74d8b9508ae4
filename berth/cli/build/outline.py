"""What the stage that would be built can be given: arguments, secrets, SSH agents."""

from berth.base.errors import BerthError
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.expand import expand_word
from berth.dockerfile.instructions import Arg, Copy, Run

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from berth.dockerfile.instructions import Dockerfile


def outline_of(
    dockerfile: "Dockerfile", target: str, build_args: "Mapping[str, str | None]"
) -> "dict[str, Any]":
    """``name``, ``description``, ``args``, ``secrets``, ``ssh`` of the target and of what it is made of."""
    index = _index(dockerfile, target)
    needed = _needed(dockerfile, index)
    first = dockerfile.stages[index].from_
    found: dict[str, Any] = {"name": first.name or "", "description": _above(dockerfile, first.line)}
    found["description"] = _without_name(found["description"], first.name or "")
    arguments: dict[str, dict[str, str]] = {}
    values: dict[str, str | None] = {}
    mounts: dict[str, dict[str, bool]] = {"secret": {}, "ssh": {}}
    for arg in dockerfile.preamble:
        _take_arg(dockerfile, arg, arguments, values, build_args)
    for number in sorted(needed):
        for instruction in dockerfile.stages[number].instructions:
            if isinstance(instruction, Arg):
                _take_arg(dockerfile, instruction, arguments, values, build_args)
            elif isinstance(instruction, Run):
                _take_mounts(instruction, mounts)
    found["args"] = list(arguments.values())
    found["secrets"] = [{"name": name, "required": needs} for name, needs in mounts["secret"].items()]
    found["ssh"] = [{"name": name, "required": needs} for name, needs in mounts["ssh"].items()]
    return found


def _index(dockerfile: "Dockerfile", target: str) -> int:
    if not target:
        return len(dockerfile.stages) - 1
    for index, stage in enumerate(dockerfile.stages):
        if stage.from_.name == target.lower():
            return index
    if target.isdigit() and int(target) < len(dockerfile.stages):
        return int(target)
    raise BerthError(f"target stage {target!r} could not be found")


def _needed(dockerfile: "Dockerfile", index: int) -> set[int]:
    """The stage and those that its base, copies and mounts name."""
    names = {stage.from_.name: n for n, stage in enumerate(dockerfile.stages) if stage.from_.name}
    found: set[int] = set()
    todo = [index]
    while todo:
        number = todo.pop()
        if number in found:
            continue
        found.add(number)
        stage = dockerfile.stages[number]
        words = [stage.from_.base]
        for instruction in stage.instructions:
            if isinstance(instruction, Copy) and instruction.from_:
                words.append(instruction.from_)
            elif isinstance(instruction, Run):
                words += [dict(mount.options).get("from") or "" for mount in instruction.mounts]
        for word in words:
            other = names.get(word.lower(), int(word) if word.isdigit() else number)
            if other < number:
                todo.append(other)
    return found


def _take_arg(
    dockerfile: "Dockerfile",
    arg: Arg,
    arguments: "dict[str, dict[str, str]]",
    values: "dict[str, str | None]",
    build_args: "Mapping[str, str | None]",
) -> None:
    for name, default in arg.pairs:
        value = build_args.get(name)
        if value is None and default is not None:
            try:
                value = expand_word(default, values.get)
            except DockerfileError:
                value = default
        if value is None:
            value = values.get(name)
        values[name] = value
        entry = arguments.setdefault(name, {"name": name})
        if value is not None:
            entry["value"] = value
        description = _without_name(_above(dockerfile, arg.line), name)
        if description:
            entry["description"] = description


def _take_mounts(run: Run, mounts: "dict[str, dict[str, bool]]") -> None:
    for mount in run.mounts:
        if mount.type not in mounts:
            continue
        options = dict(mount.options)
        target = (options.get("target") or "").rstrip("/").rpartition("/")[2]
        name = options.get("id") or target or "default"
        required = "required" in options and options["required"] not in ("false", "0")
        mounts[mount.type][name] = mounts[mount.type].get(name, False) or required


def _above(dockerfile: "Dockerfile", line: int) -> str:
    for at, comments in dockerfile.comments:
        if at == line and comments:
            return comments[-1].strip()
    return ""


def _without_name(comment: str, name: str) -> str:
    """A description begins with the name of what it describes; any other comment is none."""
    first, _, rest = comment.partition(" ")
    return rest.strip() if name and first == name else ""
