"""A store of contents for each test."""

from pathlib import Path

import pytest

from berth.build.files import FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    root = tmp_path / "store"
    root.mkdir()
    return FileStore(root, "this boot")
