"""ADD of archives: what is one, and what its members may do. Compared with dockerd 28.5 and 20.10."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest
import zstandard

from berth.base.errors import InvalidArgument
from tests.unit.build_files.trees import Member, archive, context, image, layer, read, shown, spec

TAR = archive(
    {".": Member(None, 0o711), "in": Member("in", uid=5, gid=6), "k": Member(None, 0o700), "li": "-> in"}
)
UNPACKED = {"n d755", "n/in f644 5:6 in", "n/k d700", "n/li l in"}
COMPRESSIONS = {
    "plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress,
    "zstd": zstandard.compress,
}  # fmt: skip


@pytest.fixture
def target(tmp_path):
    with image(tmp_path / "image", {"real": None, "lnk": "-> /real", "file": "file"}) as tree:
        yield tree


@pytest.fixture
def added(store, target):
    def add(content, destination="/n", **more):
        made = context(store, {"p": Member(content), "a.txt": "a"})
        source = more.pop("sources", "p")
        return shown(read(layer(spec(made, source, destination, word="ADD", **more), target)))

    return add


@pytest.mark.parametrize("name", sorted(COMPRESSIONS))
def test_an_archive_is_told_by_its_content(added, name) -> None:
    assert added(COMPRESSIONS[name](TAR)) == UNPACKED


@pytest.mark.parametrize("content", [gzip.compress(b"hello"), b"no tar", b"", bytes(10240), b"\x1f\x8b"])
def test_what_is_no_archive_is_a_file(added, content) -> None:
    assert added(content) == {f"n f644 {content.decode('latin-1')}"}


def test_unpack_as_asked(added) -> None:
    assert {line.split(" ")[0] for line in added(TAR, "/n/", unpack=False)} == {"n", "n/p"}
    assert added(TAR, remote=True, unpack=True) == UNPACKED
    assert {line.split(" ")[0] for line in added(TAR, remote=True)} == {"n"}
    assert added(b"text", "/n/", unpack=True) == {"n d755", "n/p f644 text"}


def test_where_an_archive_goes(added) -> None:
    assert {line.replace("real", "n") for line in added(TAR, "/lnk")} == UNPACKED
    assert added(TAR, "/n/", sources="p a.txt") == UNPACKED | {"n/a.txt f644 a"}
    with pytest.raises(InvalidArgument, match="mkdir /file: not a directory"):
        added(TAR, "/file")


def test_the_owner_is_the_archive_s_unless_another_is_asked_for(added) -> None:
    assert added(TAR, chown="7:8") == {"n d755 7:8", "n/in f644 7:8 in", "n/k d700 7:8", "n/li l in"}


def test_a_broken_archive_is_an_error(added) -> None:
    with pytest.raises(InvalidArgument, match=r"unexpected end|truncated"):
        added(gzip.compress(archive({"f": "f" * 5000}))[:-20])


@pytest.mark.parametrize("name", ["../../up", "a/../../up"])
def test_no_member_leads_out(added, name) -> None:
    with pytest.raises(InvalidArgument, match="invalid entry name"):
        added(archive({name: "evil"}))


def test_links_of_the_archive_are_followed_inside_of_it(added) -> None:
    # As in a root of its own: /etc is the one below /n.
    assert added(archive({"e": "-> /etc", "e/evil": "x", "up": "-> ../../..", "up/f": "f"})) >= {
        "n/e l /etc", "n/etc d755", "n/etc/evil f644 x", "n/f f644 f",
    }  # fmt: skip


def test_links_of_the_image_among_the_parents_are_followed_and_a_directory_replaces_one(added) -> None:
    assert added(archive({"lnk/f": "f"}), "/") == {"real d755", "real/f f644 f"}
    assert added(archive({"lnk": None, "lnk/f": "f"}), "/") == {"lnk d755", "lnk/f f644 f"}


def test_later_members_replace_earlier_ones(added) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, data in (("x/y", tarfile.REGTYPE, b"old"), ("x", tarfile.REGTYPE, b"new")):
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            tar.addfile(info, io.BytesIO(data))
    assert "n/x f644 new" in added(out.getvalue())


def test_a_directory_of_the_image_that_is_replaced_twice_does_not_come_back(store, target, tmp_path) -> None:
    (tmp_path / "image/real/old").write_text("old")
    made = context(store, {"p": Member(_joined({"real": "file"}, {"real": None, "real/new": "new"}))})
    found = read(layer(spec(made, "p", "/", word="ADD"), target))
    assert "real/.wh..wh..opq" in found
    assert found["real/new"].pax_headers["data"] == "new"


def _joined(first, second) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for members in (first, second):
            with tarfile.open(fileobj=io.BytesIO(archive(members))) as part:
                for info in part:
                    tar.addfile(info, part.extractfile(info) if info.isreg() else None)
    return out.getvalue()


def test_hard_links_to_what_is_there(added) -> None:
    link = Member(b"", type=tarfile.LNKTYPE, linkname="a")
    assert added(archive({"a": "1", "b": link})) == {"n d755", "n/a f644 1", "n/b h n/a"}
    outside = Member(b"", type=tarfile.LNKTYPE, linkname="file")
    assert added(archive({"b": outside}), "/") == {"file f644 file", "b h file"}
    with pytest.raises(InvalidArgument, match="it is a link to 'nope', no file"):
        added(archive({"b": Member(b"", type=tarfile.LNKTYPE, linkname="nope")}))
    with pytest.raises(InvalidArgument, match="invalid entry name"):
        added(archive({"b": Member(b"", type=tarfile.LNKTYPE, linkname="../file")}))


def test_a_device_that_would_hide_a_file_is_refused(added) -> None:
    device = Member(b"", type=tarfile.CHRTYPE, devmajor=0, devminor=0)
    with pytest.raises(InvalidArgument, match="this device means a deletion"):
        added(archive({"etc": device}), "/")
    with pytest.raises(InvalidArgument, match="means a deletion"):
        added(archive({".wh.etc": "x"}), "/")


def test_a_sparse_member_is_as_long_as_it_says(added) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("s")
        info.pax_headers = {
            "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s",
            "GNU.sparse.realsize": "3000",
        }  # fmt: skip
        data = b"1\n2000\n4\n".ljust(512, b"\0") + b"here"
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    assert f"n/s f644 {chr(0) * 2000}here{chr(0) * 996}" in added(out.getvalue())


def test_a_bomb_is_refused(added) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(3):
            info = tarfile.TarInfo(f"s{number}")
            info.pax_headers = {
                "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": f"s{number}",
                "GNU.sparse.realsize": str(1 << 50),
            }  # fmt: skip
            info.size = 512
            tar.addfile(info, io.BytesIO(b"0\n".ljust(512, b"\0")))
    with pytest.raises(InvalidArgument, match="refused as a bomb"):
        added(out.getvalue())
