"""The query of ``POST /build`` as a typed request. Names, defaults and texts are dockerd's."""

from collections.abc import Mapping
from typing import Any

import msgspec

from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.base.reference import ImageRef, parse_reference
from berth.build.request import BuildLimits, BuildRequest, Ulimit
from berth.image.selection import parse_platform

_JSON_BEGINS = '{["-0123456789tfn'


class _Limit(msgspec.Struct, rename="pascal"):
    """One entry of ``ulimits``."""

    name: str = ""
    soft: int = 0
    hard: int = 0


def read_parameters(call: Call, dockerfile: bytes, name: str) -> BuildRequest:
    """Everything that the query says. InvalidArgument for the first value that is none."""
    if call.text("platform"):
        parse_platform(call.text("platform"))
    return BuildRequest(
        dockerfile=dockerfile,
        dockerfile_name=name,
        source=call.text("remote"),
        target=call.text("target"),
        tags=_tags(call.all("t")),
        build_args=build_arguments(call),
        labels=_labels(call),
        platform=call.text("platform"),
        no_cache=call.flag("nocache"),
        pull=call.flag("pull"),
        cache_from=tuple(_json(call, "cachefrom", "cache from", list[str])),
        network=call.text("networkmode"),
        extra_hosts=_hosts(call.all("extrahosts")),
        limits=_limits(call),
        security_opt=tuple(call.all("securityopt")),
        squash=call.flag("squash"),
        rm=call.flag("rm", default=True),
        force_rm=call.flag("forcerm"),
        caller=call.request.caller,
    )


def build_arguments(call: Call) -> dict[str, str | None]:
    """``--build-arg``; None for a name without a value."""
    given: dict[str, str | None] = _json(call, "buildargs", "build args", dict[str, str | None])
    return given


def _tags(given: list[str]) -> tuple[ImageRef, ...]:
    tags: dict[ImageRef, None] = {}
    for text in given:
        if not text:
            continue
        ref = parse_reference(text)
        if ref.digest:
            raise InvalidArgument("build tag cannot contain a digest")
        tags[ref.with_default_tag()] = None
    return tuple(tags)


def _labels(call: Call) -> dict[str, str]:
    labels: dict[str, str] = _json(call, "labels", "labels", dict[str, str])
    return labels


def _hosts(given: list[str]) -> tuple[str, ...]:
    """Clients send several values, or one with commas between."""
    return tuple(host for text in given for host in text.split(",") if host)


def _limits(call: Call) -> BuildLimits:
    ulimits = _json(call, "ulimits", "ulimit settings", list[_Limit])
    return BuildLimits(
        memory=call.number("memory") or 0,
        memory_swap=call.number("memswap") or 0,
        cpu_shares=call.number("cpushares") or 0,
        cpu_period=call.number("cpuperiod") or 0,
        cpu_quota=call.number("cpuquota") or 0,
        cpuset_cpus=call.text("cpusetcpus"),
        cpuset_mems=call.text("cpusetmems"),
        cgroup_parent=call.text("cgroupparent"),
        shm_size=call.number("shmsize") or 0,
        ulimits=tuple(Ulimit(limit.name, limit.soft, limit.hard) for limit in ulimits),
    )


def _json(call: Call, name: str, what: str, kind: Any) -> Any:
    """A parameter that is JSON; absent, empty and null are the empty value."""
    text = call.text(name).strip()
    empty: Mapping[str, str] | list[str] = {} if kind.__name__ == "dict" else []
    if not text:
        return empty
    if text[0] not in _JSON_BEGINS:
        raise InvalidArgument(
            f"error reading {what}: invalid character '{text[0]}' looking for beginning of value"
        )
    try:
        value = msgspec.json.decode(text, type=kind | None)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidArgument(f"error reading {what}: {error}") from None
    return empty if value is None else value
