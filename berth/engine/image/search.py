"""``search``: images by a word, on Docker Hub or, as ``HOST/word``, in the catalogue of a registry."""

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.base.reference import DEFAULT_DOMAIN
from berth.engine.engine import Engine
from berth.engine.system.auth import registry_of
from berth.registry.credentials import Credentials
from berth.registry.hub import Found, search_catalog, search_hub

FILTERS = frozenset(("stars", "is-official", "is-automated"))
_DEFAULT = 25
_MOST = 100


async def search(
    engine: Engine, term: str, limit: int | None, filters: Filters, credentials: Credentials
) -> tuple[Found, ...]:
    """At most ``limit`` images that fit, the order being the registry's. InvalidArgument for a bad limit or
    filter, in Docker's words."""
    count = _DEFAULT if limit is None else limit
    if not 1 <= count <= _MOST:
        raise InvalidArgument(f"Limit {count} is outside the range of [1, {_MOST}]")
    stars = _stars(filters)
    official, automated = _truth(filters, "is-official"), _truth(filters, "is-automated")
    domain, word = _split(term)
    if domain == DEFAULT_DOMAIN:
        mine = credentials.username and registry_of(credentials.server_address) == DEFAULT_DOMAIN
        basic = credentials.basic if mine else ""
        found = await search_hub(engine.registries.transport, word, count, basic)
    else:
        found = await search_catalog(await engine.registries.session(domain, credentials), word, count)
    return tuple(
        image
        for image in found
        if image.star_count >= stars
        and official in (None, image.is_official)
        and automated in (None, image.is_automated)
    )


def _split(term: str) -> tuple[str, str]:
    """``HOST/word``, by the rule of image names: a host has a dot or a port, or is ``localhost``."""
    first, slash, rest = term.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return DEFAULT_DOMAIN, term.removeprefix("library/")
    if first in (DEFAULT_DOMAIN, "index.docker.io"):
        return DEFAULT_DOMAIN, rest.removeprefix("library/")
    return first, rest


def _stars(filters: Filters) -> int:
    least = 0
    for value in filters.get("stars"):
        if not (value.isascii() and value.isdecimal() and len(value) < 10):
            raise InvalidArgument(f"Invalid filter 'stars={value}'")
        least = max(least, int(value))
    return least


def _truth(filters: Filters, name: str) -> bool | None:
    try:
        return filters.boolean(name)
    except InvalidArgument:
        given = " ".join(filters.get(name))
        raise InvalidArgument(f"Invalid filter '{name}=[{given}]'") from None
