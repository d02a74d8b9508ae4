"""The handler that the server calls: version, route, verb, common headers, errors."""

import logging
import sys

from berth import __version__
from berth.api import versions
from berth.api.call import Call
from berth.api.errors import error_body, error_response, unexpected
from berth.api.router import Router, split_version
from berth.api.routes import ROUTES
from berth.api.rowcache import RowCache
from berth.base.errors import BerthError, NotFound
from berth.engine.engine import Engine
from berth.server.message import Answer, Handler, HeaderList, Request, Response

log = logging.getLogger(__name__)


def make_handler(engine: Engine, *, experimental: bool = False) -> Handler:
    """The API of ``engine`` as one handler; ``experimental`` is what clients are told."""
    router = Router(ROUTES)
    rows = RowCache()
    common = _common_headers(experimental=experimental)

    async def handle(request: Request) -> Answer:
        try:
            return _finished(await _dispatch(engine, router, rows, request), common)
        except BerthError as error:
            return _finished(error_response(error), common)
        except ConnectionError:
            raise  # the client is gone: there is nobody to answer
        except Exception as error:  # noqa: BLE001  # whatever a verb did not foresee must not end the connection
            message = unexpected(error, f"{request.method} {request.path}")
            failure = Response(500, [("Content-Type", "application/json")], error_body(message))
            return _finished(failure, common)

    return handle


async def _dispatch(engine: Engine, router: Router, rows: RowCache, request: Request) -> Answer:
    if request.method == "OPTIONS":
        return Response(200)
    asked, path = split_version(request.path)
    version = versions.NEWEST if asked is None else versions.parse(asked)
    found = router.match(request.method, path)
    if found is None or version < found.route.since:
        raise NotFound("page not found")
    return await found.route.handle(Call(engine, request, version, found.params, rows))


def _common_headers(*, experimental: bool) -> HeaderList:
    """What every answer has. Docker's client sends some flags (``build --squash``) only to a daemon that
    calls itself experimental."""
    return [
        ("Api-Version", versions.text(versions.NEWEST)),
        ("Docker-Experimental", "true" if experimental else "false"),
        ("Ostype", sys.platform),
        ("Server", f"Berth/{__version__} ({sys.platform})"),
    ]


def _finished(answer: Answer, common: HeaderList) -> Answer:
    answer.headers.extend(common)
    return answer
