"""The prune verbs: what they ask, what "n" does, and the report (A3.13)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call, FakeDaemon

SURE = "Are you sure you want to continue? [y/N] "


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("container prune", "WARNING! This will remove all stopped containers.\n"),
        ("image prune", "WARNING! This will remove all dangling images.\n"),
        (
            "image prune -a",
            "WARNING! This will remove all images without at least one container associated to them.\n",
        ),
        (
            "volume prune",
            "WARNING! This will remove anonymous local volumes not used by at least one container.\n",
        ),
        (
            "volume prune --all",
            "WARNING! This will remove all local volumes not used by at least one container.\n",
        ),
        (
            "network prune",
            "WARNING! This will remove all custom networks not used by at least one container.\n",
        ),
        (
            "system prune",
            "WARNING! This will remove:\n  - all stopped containers\n"
            "  - all networks not used by at least one container\n  - all dangling images\n"
            "  - unused build cache\n\n",
        ),
        (
            "system prune -a --volumes --filter label=x --filter label!=y",
            "WARNING! This will remove:\n  - all stopped containers\n"
            "  - all networks not used by at least one container\n"
            "  - all anonymous volumes not used by at least one container\n"
            "  - all images without at least one container associated to them\n  - all build cache\n\n"
            "  Items to be pruned will be filtered with:\n  - label!=y\n  - label=x\n\n",
        ),
    ],
)
@pytest.mark.parametrize("answer", [b"n\n", b"", b"yes\n", b"\n"])
def test_anything_but_y_removes_nothing(
    line: str, warning: str, answer: bytes, daemon: FakeDaemon, docker: Call, stdin: Callable[[bytes], None]
) -> None:
    stdin(answer)
    assert tuple(docker(*line.split())) == (0, warning + SURE, "")
    assert daemon.seen() == []


def test_dry_run(daemon: FakeDaemon, docker: Call) -> None:
    """Only requests that cannot remove anything, whatever engine answers; no question."""
    daemon.on("GET /berth/containers/prune", (200, {"ContainersDeleted": ["a"], "SpaceReclaimed": 5}))
    daemon.on("GET /berth/networks/prune", (200, {"NetworksDeleted": ["net"]}))
    daemon.on("GET /berth/volumes/prune", (200, {"VolumesDeleted": [], "SpaceReclaimed": 0}))
    daemon.on("GET /berth/images/prune", (200, {"ImagesDeleted": [{"Deleted": "x"}], "SpaceReclaimed": 2}))
    assert tuple(docker("system", "prune", "--dry-run", "--volumes")) == (
        0,
        "Would delete Containers:\na\n\nWould delete Networks:\nnet\n\nWould delete Images:\ndeleted: x\n\n"
        "Would reclaim: 7B\n",
        "",
    )
    assert (
        docker("container", "prune", "--dry-run").out == "Would delete Containers:\na\n\nWould reclaim: 5B\n"
    )


def test_builder(daemon: FakeDaemon, docker: Call, stdin: Callable[[bytes], None]) -> None:
    daemon.on("POST /build/prune", (200, {"CachesDeleted": None, "SpaceReclaimed": 0}))
    stdin(b"y\n")
    warning = f"WARNING! This will remove all dangling build cache. {SURE}"
    assert tuple(docker("builder", "prune")) == (0, f"{warning}Total reclaimed space: 0B\n", "")


def test_yes(daemon: FakeDaemon, docker: Call, stdin: Callable[[bytes], None]) -> None:
    daemon.on("POST /containers/prune", (200, {"ContainersDeleted": ["a", "b"], "SpaceReclaimed": 1923}))
    stdin(b" Y \n")
    assert docker("container", "prune").out.endswith(
        f"{SURE}Deleted Containers:\na\nb\n\nTotal reclaimed space: 1.923kB\n"
    )


def test_everything(daemon: FakeDaemon, docker: Call, tmp_path: Path) -> None:
    daemon.on("POST /containers/prune", (200, {"ContainersDeleted": None, "SpaceReclaimed": 5}))
    daemon.on("POST /networks/prune", (200, {"NetworksDeleted": ["net"]}))
    daemon.on("POST /volumes/prune", (200, {"VolumesDeleted": ["vol"], "SpaceReclaimed": 1000}))
    deleted = [{"Untagged": "x:1"}, {"Deleted": "sha256:1"}]
    daemon.on("POST /images/prune", (200, {"ImagesDeleted": deleted, "SpaceReclaimed": 234}))
    daemon.on("POST /build/prune", (200, {"CachesDeleted": [], "SpaceReclaimed": 0}))
    assert tuple(docker("system", "prune", "-f", "-a", "--volumes", "--filter", "label=x")) == (
        0,
        "Deleted Networks:\nnet\n\nDeleted Volumes:\nvol\n\nDeleted Images:\nuntagged: x:1\n"
        "deleted: sha256:1\n\nTotal reclaimed space: 1.234kB\n",
        "",
    )
    assert json.loads(daemon.asked("POST /images/prune").query["filters"]) == {
        "label": {"x": True},
        "dangling": {"false": True},
    }
    assert daemon.asked("POST /build/prune").query["all"] == "1"


def test_filters_of_the_configuration(daemon: FakeDaemon, docker: Call, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    kept = {"pruneFilters": ["label=keep", "label!=mine", "nonsense"]}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(kept))
    daemon.on("POST /networks/prune", (200, {"NetworksDeleted": []}))
    assert tuple(docker("network", "prune", "-f", "--filter", "label=mine")) == (0, "", "")
    sent = json.loads(daemon.asked("POST /networks/prune").query["filters"])
    assert sent == {"label": {"mine": True, "keep": True}}


def test_conflicts(docker: Call) -> None:
    assert docker("volume", "prune", "-a", "--filter", "all=1").err == (
        "conflicting options: cannot specify both --all and --filter all=1\n"
    )
    assert docker("system", "prune", "--volumes", "--filter", "until=1h").err == (
        'ERROR: The "until" filter is not supported with "--volumes"\n'
    )
