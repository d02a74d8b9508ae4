"""Finding images by a word: Docker Hub's search, and other registries' catalogues."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import msgspec

from berth.registry.address import parse_url
from berth.registry.errors import RegistryError, Unreachable, request_text
from berth.registry.repository import next_page, page_query
from berth.registry.session import Ask, Session
from berth.registry.transport import Request, Transport

_SEARCH = "https://index.docker.io/v1/search"
_LIMIT = 8 << 20
_PAGE = 1000
_PAGES = 100
_CATALOG_SCOPE = "registry:catalog:*"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a search."""

    name: str = ""
    description: str | None = None
    star_count: int = 0
    is_official: bool = False
    is_automated: bool = False


class _Results(msgspec.Struct):
    results: tuple[Found, ...] | None = None


class _Catalog(msgspec.Struct):
    repositories: tuple[str, ...] | None = None


async def search_hub(transport: Transport, term: str, limit: int, authorization: str) -> tuple[Found, ...]:
    """What Docker Hub finds; Unreachable or RegistryError when it does not answer."""
    url = parse_url(f"{_SEARCH}?{urlencode({'q': term, 'n': limit})}")
    try:
        answer = await transport.send(Request("GET", url, authorization=authorization))
    except Unreachable as error:
        # A search is no secret, and the error shall show what was looked for.
        text = error.message.replace(f'"{_SEARCH}"', f'"{url}"')
        raise Unreachable(text, transient=error.transient) from None
    try:
        data = await answer.read(_LIMIT)
    finally:
        answer.close()
    if answer.status != 200:
        raise RegistryError(f"Unexpected status code {answer.status}", status=answer.status)
    return _decode(data, _Results, str(url)).results or ()


async def search_catalog(session: Session, word: str, limit: int) -> tuple[Found, ...]:
    """Repositories of a registry whose name contains the word (distribution-spec's ``_catalog``)."""
    found: list[Found] = []
    async for name in _names(session):
        if word in name:
            found.append(Found(name=f"{session.endpoint.base.authority}/{name}"))
            if len(found) >= limit:
                break
    return tuple(found)


async def _names(session: Session) -> AsyncIterator[str]:
    ask = Ask("GET", f"/v2/_catalog{page_query(_PAGE)}", _CATALOG_SCOPE)
    for _ in range(_PAGES):
        answer = await session.ask(ask)
        try:
            data = await answer.read(_LIMIT)
        finally:
            answer.close()
        for name in _decode(data, _Catalog, session.endpoint.base.authority).repositories or ():
            yield name
        following = next_page(answer)
        if not following:
            return
        ask = ask._replace(where=session.endpoint.url("/v2/_catalog").join(following))


def _decode(data: bytes, kind: Any, where: str) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreachable(request_text("GET", where, "the answer cannot be read"), transient=False) from None
