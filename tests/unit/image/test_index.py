"""Finding images by what people type."""

import pytest

from berth.base.digest import Digest
from berth.base.errors import InvalidArgument, NotFound
from berth.base.reference import parse_reference
from berth.image.config import ImageConfig, RootFs
from berth.image.index import ImageIndex
from berth.image.model import Image

A = Digest("sha256:" + "a1" * 32)
B = Digest("sha256:" + "a2" + "b" * 62)
C = Digest("sha256:" + "c" * 64)


def image(image_id: Digest, *layers: str, created: str = "", parent: Digest | None = None) -> Image:
    config = ImageConfig(created=created, rootfs=RootFs(diff_ids=layers))
    return Image(id=image_id, config=config, size=0, parent=parent)


def index() -> ImageIndex:
    made = ImageIndex()
    made.put(image(A, "l1", created="2020-01-01T00:00:00Z"))
    made.put(image(B, "l1", "l2", created="2021-01-01T00:00:00Z"))
    made.put(image(C, "x", parent=B))
    made.set_name(parse_reference("app:1"), A)
    made.set_name(parse_reference("app:latest"), B)
    made.set_name(parse_reference("host:5000/app:1"), B)
    made.set_name(parse_reference(f"app@{C}"), C)
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("app:1", A), ("app", B), ("docker.io/library/app:1", A), ("host:5000/app:1", B), (f"app@{C}", C),
        (A, A), (A[7:], A), (A[7:19], A), ("a2", B), ("c", C), ("sha256:a2b", B), (f"app:9@{C}", C),
        (f"app@{A}", A),
    ],
)  # fmt: skip
def test_resolve(text: str, found: Digest) -> None:
    assert index().resolve(text).id == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nope", "No such image: nope:latest"),
        ("nope:1", "No such image: nope:1"),
        ("docker.io/library/nope", "No such image: nope:latest"),
        ("sha256:" + "d" * 64, "No such image: sha256:" + "d" * 64),
        ("host/app@" + C, "No such image: host/app@" + C),
    ],
)
def test_missing(text: str, message: str) -> None:
    with pytest.raises(NotFound) as caught:
        index().resolve(text)
    assert caught.value.message == message


def test_ambiguous_and_impossible() -> None:
    with pytest.raises(InvalidArgument, match="image ID prefix a is ambiguous"):
        index().resolve("a")
    with pytest.raises(InvalidArgument, match="invalid reference format"):
        index().resolve("No Such")


def test_a_name_that_looks_like_an_id_is_a_name_first() -> None:
    made = index()
    made.set_name(parse_reference("c:latest"), A)
    assert made.resolve("c").id == A


def test_lists_names_and_families() -> None:
    made = index()
    assert [i.id for i in made.list()] == [B, A, C]
    assert [ref.familiar for ref in made.names(B)] == ["app:latest", "host:5000/app:1"]
    assert [ref.familiar for ref in made.digests(C)] == [f"app@{C}"]
    assert made.names(C) == ()
    assert [i.id for i in made.children(B)] == [C]
    assert [i.id for i in made.descendants(made.resolve("app:latest"))] == [B, C]
    assert made.set_name(parse_reference("app:1"), B) == A
    assert made.set_name(parse_reference("app:1"), B) is None
    made.drop(B)
    with pytest.raises(NotFound):
        made.resolve("app:1")
