"""``--gpus``: device requests for the "gpu" capability."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec.csvline import split_record
from berth.cli.container.spec.numbers import parse_plain_int

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any


def parse_gpus(text: str) -> "dict[str, Any]":
    """``all``, a count, or ``key=value`` fields (driver, count, device, capabilities, options)."""
    request: dict[str, Any] = {
        "Driver": "", "Count": 0, "DeviceIDs": None, "Capabilities": None, "Options": None,
    }  # fmt: skip
    seen: set[str] = set()
    for field in split_record(text):
        key, equals, value = field.partition("=")
        if key in seen:
            raise InvalidArgument(f"gpu request key '{key}' can be specified only once")
        seen.add(key)
        if not equals:
            seen.add("count")
            request["Count"] = _count(key)
        else:
            _set(request, key, value, field)
    if "count" not in seen and request["DeviceIDs"] is None:
        request["Count"] = 1
    request["Options"] = request["Options"] or {}
    request["Capabilities"] = request["Capabilities"] or [["gpu"]]
    return request


def _set(request: "dict[str, Any]", key: str, value: str, field: str) -> None:
    if key == "driver":
        request["Driver"] = value
    elif key == "count":
        request["Count"] = _count(value)
    elif key == "device":
        request["DeviceIDs"] = value.split(",")
    elif key == "capabilities":
        request["Capabilities"] = [[*value.split(","), "gpu"]]
    elif key == "options":
        try:
            pairs = split_record(value)
        except InvalidArgument as error:
            raise InvalidArgument(f"failed to read gpu options: {error}") from None
        request["Options"] = {name: text for name, _, text in (pair.partition("=") for pair in pairs)}
    else:
        raise InvalidArgument(f"unexpected key '{key}' in '{field}'")


def _count(text: str) -> int:
    if text == "all":
        return -1
    try:
        return parse_plain_int(text)
    except InvalidArgument as error:
        raise InvalidArgument(
            f'invalid count ({text}): value must be either "all" or an integer: {error}'
        ) from None
