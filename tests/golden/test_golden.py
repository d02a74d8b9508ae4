"""Our client and Docker's print the same, byte for byte, for the same answers of the API (A3, A7, B1-B3).

Each topic's file holds the answers and what Docker's client 28.2 printed for them (``record.py``).
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from berth.base.errors import BerthError
from berth.cli.cli import Cli, Exit
from berth.cli.dispatch import execute
from berth.cli.streams import Writer
from tests.golden.replay import ReplayServer, ages, moved

TOPICS = sorted(Path(__file__).parent.glob("topics/*.json"))


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    """The recorded outputs show moments in UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def _call(args: list[str], sock: str, config: Path) -> tuple[str, str, int]:
    """Output, errors and exit code of one command line, carried out in this process."""
    env = {"DOCKER_HOST": f"unix://{sock}", "DOCKER_CONFIG": str(config), "HOME": str(config)}
    cli = Cli("docker", env)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        cli.out, cli.err = Writer(out.fileno()), Writer(err.fileno())
        try:
            code = execute(cli, list(args))
        except BerthError as error:
            code = error.code if isinstance(error, Exit) else 1
            cli.err.line(str(error))
        cli.flush()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return texts[0], texts[1], code


def _tail(text: str, start: str) -> str:
    """The part from ``start`` on: what comes before names the client itself."""
    return text[text.index(start) :] if start else text


@pytest.mark.parametrize("path", TOPICS, ids=lambda path: path.stem)
def test_prints_what_docker_prints(path: Path, tmp_path: Path) -> None:
    topic: dict[str, Any] = json.loads(path.read_text())
    config = tmp_path / "config.json"
    known = ages(topic["api"])
    problems = []
    with ReplayServer(str(tmp_path / "docker.sock"), topic["api"]) as server:
        for case in topic["cases"]:
            config.write_text(json.dumps(case.get("config", {})))
            server.now = int(time.time())
            out, err, code = _call(case["args"], server.path, tmp_path)
            start = case.get("from", "")
            text = moved(case["stdout"], known, case["recorded"], server.now)
            wanted = (_tail(text, start), case["stderr"], case["code"])
            if (_tail(out, start), err, code) != wanted:
                problems.append((case["args"], wanted, (out, err, code)))
        assert server.unknown == []
    assert problems == []
