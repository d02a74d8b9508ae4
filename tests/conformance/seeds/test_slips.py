"""The seeds' slips, typed at berth's own client: refused, with the likely meaning, and nothing is deleted."""

from pathlib import Path

import pytest

from tests.support.cli import Client, own_client
from tests.support.engines import Engine
from tests.support.http import Api
from tests.support.tidy import Inventory


@pytest.fixture
def berth(engine: Engine, tmp_path: Path) -> Client:
    if engine.is_dockerd:
        pytest.skip("hints are berth's own")
    return own_client(engine.host, tmp_path)


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("container purge", 1, "did you mean prune?"),
        ("image purge", 1, "did you mean prune?"),
        ("volume purge -f", 1, "did you mean prune?"),
        ("system purge --all --force", 1, "did you mean prune?"),
        ("container delete stopped", 1, "did you mean rm?"),
        ("commmit stopped x:1", 1, "did you mean commit?"),
        ("deploy", 1, "'deploy' was removed from Docker"),
        ("commit stopped SvenDowideit/testimage:version3", 1, "svendowideit/testimage:version3"),
        ("run Demo_Image:0.1", 125, "did you mean demo_image:0.1?"),
        ("pull Demo_Image:0.1", 1, "did you mean demo_image:0.1?"),
    ],
)
def test_a_slip(berth: Client, api: Api, line: str, code: int, hint: str) -> None:
    """There is something for every one of them to delete."""
    berth.ok("run", "--name", "stopped", "-v", "slip-volume:/v", "busybox", "true")
    berth.ok("volume", "create", "slip-unused")
    berth.ok("commit", "stopped", "slip:1")
    berth.ok("commit", "-m", "again", "stopped", "slip:1")
    before = Inventory.take(api)
    done = berth(*line.split())
    assert done.code == code and done.out == ""
    (said,) = [text for text in done.err.splitlines() if text.startswith("hint: ")]
    assert hint in said
    assert Inventory.take(api) == before
