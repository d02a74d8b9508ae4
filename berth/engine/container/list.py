"""``ps``: the containers, newest first, filtered as Docker does."""

import re
from collections.abc import Callable
from typing import NamedTuple

from berth.base.errors import InvalidArgument, NotFound
from berth.base.filters import Filters
from berth.engine.container.record import ContainerRecord, Status
from berth.engine.engine import Engine

FILTERS = frozenset(
    (
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name",
        "network", "publish", "since", "status", "volume",
    )
)  # fmt: skip
_HEALTH = frozenset(("starting", "healthy", "unhealthy", "none"))
_LISTED = frozenset((Status.RUNNING, Status.PAUSED, Status.RESTARTING))


class Row(NamedTuple):
    """A container and, when asked for, its sizes in bytes."""

    record: ContainerRecord
    size_rw: int | None = None
    size_root: int | None = None


async def list_containers(
    engine: Engine,
    *,
    all: bool = False,
    limit: int = 0,
    size: bool = False,
    filters: Filters | None = None,
) -> list[Row]:
    """Running containers, or all of them with ``all``, ``limit`` or a filter on status."""
    given = filters or Filters()
    records = sorted((cell.record for cell in engine.containers), key=_newest_first)
    if not (all or limit > 0 or "status" in given or "exited" in given):
        records = [record for record in records if record.state.status in _LISTED]
    if given:
        checks = _checks(engine, given)
        records = [record for record in records if all_pass(checks, record)]
    if limit > 0:
        records = records[:limit]
    if not size:
        return [Row(record) for record in records]
    return [await _sized(engine, record) for record in records]


def _newest_first(record: ContainerRecord) -> tuple[int, str]:
    return -record.created_at, record.id


async def _sized(engine: Engine, record: ContainerRecord) -> Row:
    used = await engine.images.usage(record.id)
    image = engine.images.find(record.image_id)
    return Row(record, used, used + (image.size if image else 0))


Check = Callable[[ContainerRecord], bool]


def all_pass(checks: list[Check], record: ContainerRecord) -> bool:
    """Whether every filter lets the container through."""
    return all(check(record) for check in checks)


def _checks(engine: Engine, given: Filters) -> list[Check]:
    """One check per filter name that was given; names are ANDed, values of a name ORed."""
    checks: list[Check] = [lambda record: given.labels(record.config.labels)]
    makers: dict[str, Callable[[Engine, tuple[str, ...]], Check]] = {
        "status": _status,
        "exited": _exited,
        "health": _health,
        "id": _identifier,
        "name": _name,
        "ancestor": _ancestor,
        "before": _before,
        "since": _since,
        "network": _network,
        "volume": _volume,
        "publish": _publish,
        "expose": _expose,
        "is-task": _is_task,
    }
    for name, make in makers.items():
        if name in given:
            checks.append(make(engine, given.get(name)))
    return checks


def _status(_: Engine, values: tuple[str, ...]) -> Check:
    for value in values:
        if value not in set(Status):
            words = ", ".join(Status)
            raise InvalidArgument(f"invalid filter 'status={value}': use one of {words}")
    return lambda record: record.state.status in values


def _exited(_: Engine, values: tuple[str, ...]) -> Check:
    try:
        codes = {int(value) for value in values}
    except ValueError:
        raise InvalidArgument(f"invalid filter 'exited={values[0]}'") from None
    return lambda r: r.state.status is Status.EXITED and r.state.exit_code in codes


def _health(_: Engine, values: tuple[str, ...]) -> Check:
    for value in values:
        if value not in _HEALTH:
            raise InvalidArgument(
                f"invalid filter 'health={value}': invalid value for health ({value}): "
                "must be one of none, starting, healthy, unhealthy"
            )
    return lambda r: (r.state.health.status if r.state.health else "none") in values


def _identifier(_: Engine, values: tuple[str, ...]) -> Check:
    return lambda record: any(record.id.startswith(value) for value in values)


def _name(_: Engine, values: tuple[str, ...]) -> Check:
    patterns = [_pattern(value) for value in values]
    return lambda r: any(p.search(r.name) or p.search("/" + r.name) for p in patterns)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:
        return re.compile(re.escape(text))


def _ancestor(engine: Engine, values: tuple[str, ...]) -> Check:
    wanted: set[str] = set()
    for value in values:
        try:
            wanted |= {image.id for image in engine.images.descendants(value)}
        except (NotFound, InvalidArgument):
            continue  # an unknown ancestor matches nothing, as in Docker
    return lambda record: record.image_id in wanted


def _before(engine: Engine, values: tuple[str, ...]) -> Check:
    mark = engine.containers.resolve(values[0]).record.created_at
    return lambda record: record.created_at < mark


def _since(engine: Engine, values: tuple[str, ...]) -> Check:
    mark = engine.containers.resolve(values[0]).record.created_at
    return lambda record: record.created_at > mark


def _network(_: Engine, values: tuple[str, ...]) -> Check:
    def check(record: ContainerRecord) -> bool:
        names = set(record.endpoints)
        ids = {endpoint.network_id for endpoint in record.state.endpoints.values()}
        return any(v in names or any(i.startswith(v) for i in ids if i) for v in values)

    return check


def _volume(_: Engine, values: tuple[str, ...]) -> Check:
    return lambda r: any(v in (m.name, m.source, m.destination) for v in values for m in r.mounts)


def _port_range(kind: str, text: str) -> tuple[range, str]:
    ports, slash, protocol = text.partition("/")
    low, dash, high = ports.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()):
        raise InvalidArgument(f"invalid filter '{kind}={text}'")
    return range(int(low), int(high or low) + 1), protocol if slash else "tcp"


def _publish(_: Engine, values: tuple[str, ...]) -> Check:
    ranges = [_port_range("publish", value) for value in values]
    return lambda r: any(
        port.host_port in span and port.protocol == protocol
        for port in r.state.ports
        for span, protocol in ranges
    )


def _expose(_: Engine, values: tuple[str, ...]) -> Check:
    ranges = [_port_range("expose", value) for value in values]

    def check(record: ContainerRecord) -> bool:
        exposed = [key.partition("/") for key in record.config.exposed_ports]
        return any(
            number.isdecimal() and int(number) in span and (protocol or "tcp") == wanted
            for number, _, protocol in exposed
            for span, wanted in ranges
        )

    return check


def _is_task(_: Engine, values: tuple[str, ...]) -> Check:
    return lambda _record: "false" in values
