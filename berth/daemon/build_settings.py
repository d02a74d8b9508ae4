"""``builder`` of daemon.json, as Docker has it: what builds may do, and what is kept for later ones."""

from collections.abc import Mapping
from typing import Any

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.base.units import parse_size
from berth.build.cache_policy import FILTERS, Bounds, Rule, age_filter
from berth.engine.pruning import parse_moment

_BUILDER = frozenset(("gc", "entitlements"))
_ENTITLEMENTS = frozenset(("network-host", "security-insecure", "device"))
# The first name of each is that of Docker 20.10 to 27, which means the second one.
_RESERVED = ("keepStorage", "reservedSpace")
_DEFAULT_RESERVED = ("defaultKeepStorage", "defaultReservedSpace")
_RULE = frozenset((*_RESERVED, "maxUsedSpace", "minFreeSpace", "filter", "all"))
_GC = frozenset((*_DEFAULT_RESERVED, "defaultMaxUsedSpace", "defaultMinFreeSpace", "enabled", "policy"))


def is_entitled(builder: Any, name: str) -> bool:
    """Whether ``entitlements`` allow ``name``. InvalidArgument for a key that means nothing."""
    given = _table(builder, "builder", _BUILDER)
    entitlements = _table(given.get("entitlements", {}), "builder.entitlements", _ENTITLEMENTS)
    return _truth(entitlements, name, "builder.entitlements", default=False)


def build_rules(builder: Any) -> tuple[Rule, ...] | None:
    """``gc``: None for the daemon's own rule, none at all where it is switched off.

    InvalidArgument for values that mean nothing, with the key's name.
    """
    gc = _table(_table(builder, "builder", _BUILDER).get("gc", {}), "builder.gc", _GC)
    if not _truth(gc, "enabled", "builder.gc", default=True):
        return ()
    policy = gc.get("policy", [])
    if not isinstance(policy, list):
        raise InvalidArgument("invalid builder.gc.policy: expected a list of rules")
    if policy:
        return tuple(_rule(one, f"builder.gc.policy[{number}]") for number, one in enumerate(policy))
    reserved = _size(gc, _DEFAULT_RESERVED, "builder.gc")
    most = _size(gc, ("defaultMaxUsedSpace",), "builder.gc")
    free = _size(gc, ("defaultMinFreeSpace",), "builder.gc")
    if reserved is None and most is None and free is None:
        return None
    return (Rule(Bounds(reserved, most, free)),)


def _rule(given: Any, where: str) -> Rule:
    rule = _table(given, where, _RULE)
    bounds = Bounds(
        _size(rule, _RESERVED, where),
        _size(rule, ("maxUsedSpace",), where),
        _size(rule, ("minFreeSpace",), where),
    )
    return Rule(bounds, _filters(rule.get("filter") or [], where), _truth(rule, "all", where, default=False))


def _filters(given: Any, where: str) -> dict[str, tuple[str, ...]]:
    """``name=value`` each; Docker also takes ``name==value``."""
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise InvalidArgument(f"invalid {where}.filter: expected a list of texts")
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in FILTERS:
            raise InvalidArgument(f"invalid {where}.filter: unknown filter {name!r}")
        found[name] = (*found.get(name, ()), value.removeprefix("="))
    age = age_filter(Filters(found))
    if age is not None:
        parse_moment(age)
    return found


def _size(table: Mapping[str, Any], names: tuple[str, ...], where: str) -> int | None:
    for name in names:
        value = table.get(name)
        if value in (None, ""):
            continue
        try:
            return parse_size(str(value)) if isinstance(value, str) else int(value)
        except (InvalidArgument, TypeError, ValueError):
            raise InvalidArgument(f"invalid {where}.{name}: {value!r} is no size such as 20GB") from None
    return None


def _truth(table: Mapping[str, Any], name: str, where: str, *, default: bool) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise InvalidArgument(f"invalid {where}.{name}: expected true or false")
    return value


def _table(value: Any, where: str, known: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidArgument(f"invalid {where}: expected an object")
    unknown = sorted(value.keys() - known)
    if unknown:
        raise InvalidArgument(f"unknown keys in {where}: {', '.join(unknown)}")
    return value
