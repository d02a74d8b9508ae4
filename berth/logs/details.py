"""``logs --details``: the labels, variables and tag that a container's log options ask for.

dockerd stores them with every line. They never change while a container lives, so they are worked out when
somebody asks.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from berth.base.errors import InvalidArgument
from berth.base.ids import short_id

_FIELD = re.compile(r"\{\{\s*\.(\w+)\s*\}\}")


def tag_fields(container_id: str, name: str, image_id: str, image_name: str, command: str) -> dict[str, str]:
    """The names that a ``tag`` option may use, as ``{{.Name}}`` (moby's loggerutils)."""
    return {
        "ID": short_id(container_id),
        "FullID": container_id,
        "Name": name,
        "ImageID": short_id(image_id),
        "ImageFullID": image_id,
        "ImageName": image_name,
        "DaemonName": "docker",
        "Command": command,
    }


def log_attributes(
    options: Mapping[str, str], labels: Mapping[str, str], env: Sequence[str], tag: Mapping[str, str]
) -> dict[str, str]:
    """Attributes by name, as the options choose them."""
    variables = dict(item.split("=", 1) for item in env if "=" in item)
    found: dict[str, str] = {}
    for source, names, pattern in (
        (labels, options.get("labels", ""), options.get("labels-regex", "")),
        (variables, options.get("env", ""), options.get("env-regex", "")),
    ):
        found.update((name, source[name]) for name in names.split(",") if name in source)
        if pattern:
            matches = re.compile(pattern)
            found.update((name, value) for name, value in source.items() if matches.search(name))
    if options.get("tag"):
        found["tag"] = _expand(options["tag"], tag)
    return found


def details_prefix(attributes: Mapping[str, str]) -> bytes:
    """What ``--details`` puts before each line: ``name=value,name=value`` and a blank, sorted, quoted."""
    pairs = (f"{quote_plus(name)}={quote_plus(value)}" for name, value in sorted(attributes.items()))
    return (",".join(pairs) + " ").encode("ascii")


def _expand(template: str, fields: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in fields:
            raise InvalidArgument(
                f"failed to initialize logging driver: template: log-tag: no field {match[1]}"
            )
        return fields[match[1]]

    return _FIELD.sub(value, template)
