"""Pulls that never start over (F15): kill -9 of the daemon at 60 % of a layer, then pull again."""

import http.client
import os
import threading

import pytest

from tests.support.archive import Entry, ImageArchive, pack
from tests.support.engines import OwnEngine
from tests.support.registry import FakeRegistry, Seen
from tests.support.waiting import wait_until

SIZE = 30_000_000


def test_a_daemon_that_is_killed_goes_on_where_it_was(own_engine: OwnEngine) -> None:
    if own_engine.is_dockerd:
        pytest.skip("dockerd begins anew")
    assert own_engine.namespace is not None
    archive = ImageArchive((), (pack([Entry("big", os.urandom(SIZE))]), pack([Entry("small", b"x")])), {})
    registry = own_engine.on_its_host(lambda: FakeRegistry().serve())
    with registry:
        registry.put_image(archive, "team/app", "v1")
        big, small = registry.layer_digests("team/app", "v1")
        size = len(registry.blobs[big])
        registry.manners.cut, registry.manners.cuts, registry.manners.cut_only = 0.6, 1, big

        def canned(seen: Seen) -> None:
            """Whoever comes back for the rest waits for the daemon's end."""
            if seen.path.endswith(big) and "range" in seen.headers:
                registry.pause.wait(60)

        registry.manners.canned = canned
        query = {"fromImage": f"{registry.host}/team/app", "tag": "v1"}
        thread = threading.Thread(target=_try, args=(own_engine, query))
        thread.start()
        parts = own_engine.data_root / "image" / "partial"
        wait_until(lambda: _size(parts / big[7:]) >= size * 0.6 - 1, "60 % of the layer have arrived")
        own_engine.kill()
        thread.join()
        registry.pause.set()
        registry.seen.clear()
        before = registry.sent
        own_engine.start()
        reply = own_engine.api.post("/images/create", **query)
        assert reply.status == 200 and "error" not in reply.lines()[-1], reply
        assert registry.sent - before <= 0.41 * size
        assert own_engine.api.get(f"/images/{query['fromImage']}:v1/json").json()["Id"] == archive.id
        assert not [path for path in registry.paths("GET") if path.endswith(small)]
        assert list(parts.iterdir()) == []


def _try(engine: OwnEngine, query: dict[str, str]) -> None:
    try:
        engine.api.post("/images/create", **query)
    except (OSError, http.client.HTTPException):
        return


def _size(path) -> int:
    return path.stat().st_size if path.exists() else 0
