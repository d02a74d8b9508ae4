"""docker images (A3.3)."""

import json
import re

from tests.support.archive import Entry
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.http import Api
from tests.support.images import busybox


def test_classic_table(docker: Client) -> None:
    """A3.3: five columns, decimal sizes, the age of the image's own date."""
    head, line = docker.ok("images", "busybox").splitlines()
    assert re.split(r"\s{2,}", head) == ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]
    assert re.fullmatch(r"busybox +latest +[0-9a-f]{12} +2 weeks ago +1\.9\dMB", line)
    assert head.index("TAG") == line.index("latest")


def test_image_ls_is_the_same(docker: Client) -> None:
    """A3.3."""
    assert (
        docker.ok("image", "ls", "busybox")
        == docker.ok("images", "busybox")
        == docker.ok("image", "list", "busybox")
    )


def test_every_tag_is_a_row(docker: Client, name: str) -> None:
    """A3.3, A4.15: many tags per image."""
    docker.ok("tag", "busybox", f"{name}:1")
    docker.ok("tag", "busybox", f"{name}:2")
    rows = [line.split()[:3] for line in docker.ok("images", name).splitlines()[1:]]
    assert {tuple(row[:2]) for row in rows} == {(name, "1"), (name, "2")}
    assert len({row[2] for row in rows}) == 1


def test_dangling_is_none(docker: Client, engine: Engine, name: str) -> None:
    """A3.3: an image that lost its name is shown as ``<none>``."""
    first = busybox(f"{name}:1", extra=[Entry("one", b"1")])
    engine.load(first)
    engine.load(busybox(f"{name}:1", extra=[Entry("two", b"2")]))
    shown = docker.ok(
        "images", "--filter", "dangling=true", "--no-trunc", "--format", "{{.Repository}} {{.Tag}} {{.ID}}"
    )
    assert f"<none> <none> {first.id}" in shown.splitlines()
    assert first.id not in docker.ok("images", "--filter", "dangling=false", "--no-trunc", "-q")


def test_quiet_no_trunc_digests_and_formats(docker: Client) -> None:
    """A3.3: -q, --no-trunc, --digests, --format."""
    short = docker.ok("images", "-q", "busybox")
    assert re.fullmatch("[0-9a-f]{12}", short)
    assert docker.ok("images", "-q", "--no-trunc", "busybox").startswith(f"sha256:{short}")
    assert "DIGEST" in docker.ok("images", "--digests", "busybox").splitlines()[0]
    fields = json.loads(docker.ok("images", "--format", "json", "busybox"))
    assert (fields["Repository"], fields["Tag"], fields["ID"]) == ("busybox", "latest", short)


def test_filters(docker: Client, name: str) -> None:
    """A3.3: reference, label, before, since."""

    def found(*filters: str) -> set[str]:
        words = [word for one in filters for word in ("--filter", one)]
        return set(docker.ok("images", "--format", "{{.Repository}}:{{.Tag}}", *words).splitlines())

    docker.ok("tag", "busybox", f"{name}/sub:1")
    assert found("reference=busybox") == {"busybox:latest"}
    assert found("reference=busy*:late*") == {"busybox:latest"}
    assert found(f"reference={name}/*") == {f"{name}/sub:1"}
    assert found("label=made=here") == {"fixture-expose:1"}
    assert found("label=kind", "label=made") == {"fixture-expose:1"}
    assert "busybox:latest" not in found("before=busybox")
    assert "fixture-user:1" in found("before=busybox")


def test_unknown_name_is_an_empty_table(docker: Client) -> None:
    """A3.3: exit 0, the header alone."""
    result = docker("images", "no-such-image")
    assert result.code == 0
    assert len(result.lines) == 1


def test_bad_filter(docker: Client) -> None:
    """Bad input."""
    result = docker("images", "--filter", "nope=1")
    assert result.code == 1
    assert "nvalid filter 'nope'" in result.err


def test_row_of_the_api(api: Api) -> None:
    """C2: the fields of a row."""
    (row,) = api.get("/images/json", filters={"reference": ["fixture-expose:1"]}).json()
    assert row["RepoTags"] == ["fixture-expose:1"]
    assert row["Labels"] == {"made": "here", "kind": "expose"}
    assert row["Id"].startswith("sha256:")
    assert isinstance(row["Created"], int)
    assert row["Size"] > 1_900_000
    assert row["Containers"] in (-1, 0)
