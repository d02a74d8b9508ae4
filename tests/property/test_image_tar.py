"""Archives: what the writer writes the reader reads; damaged ones are refused, whatever the damage."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from berth.base.errors import InvalidArgument
from berth.image.compression import Inflow
from berth.image.layer.member import clean_path
from berth.image.tar.entry import DIRECTORY, HARD_LINK, REGULAR, SYMLINK, TarError
from berth.image.tar.reader import TarReader
from berth.image.tar.source import ChunkSource
from berth.image.tar.writer import END, Attributes, header, padding

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=300)
IDS = st.integers(0, (1 << 32) - 2)


def _source(data: bytes, chunk: int = 1000) -> ChunkSource:
    pieces = iter([data[i : i + chunk] for i in range(0, len(data), chunk)])
    return ChunkSource(lambda: next(pieces, b""))


@given(
    name=NAMES,
    link=NAMES,
    kind=st.sampled_from([REGULAR, HARD_LINK, SYMLINK, DIRECTORY]),
    content=st.binary(max_size=2000),
    attributes=st.builds(Attributes, st.integers(0, 0o7777), IDS, IDS, st.integers(-(1 << 40), 1 << 40)),
    xattrs=st.dictionaries(st.text("abc.", min_size=1, max_size=20), st.binary(max_size=100), max_size=3),
    chunk=st.integers(1, 3000),
)
def test_what_is_written_is_read(name, link, kind, content, attributes, xattrs, chunk) -> None:
    if kind == REGULAR and name.endswith("/"):
        name += "x"
    content = content if kind == REGULAR else b""
    link = link if kind in (HARD_LINK, SYMLINK) else ""
    data = (
        header(name, kind, len(content), attributes, link=link, xattrs=xattrs)
        + content
        + padding(len(content))
    )
    reader = TarReader(_source(data + END, chunk))
    (entry,) = [(entry, b"".join(reader.pieces())) for entry in reader]
    assert entry[1] == content
    read = entry[0]
    assert (read.name, read.kind, read.link, read.xattrs) == (name, kind, link, xattrs)
    assert (read.mode, read.uid, read.gid, read.mtime_ns // 10**9) == attributes
    with tarfile.open(fileobj=io.BytesIO(data + END)) as tar:
        (info,) = tar.getmembers()
    # The standard library as a witness; it drops one trailing slash of a directory.
    assert info.name == (name.rstrip("/") if kind == DIRECTORY else name.rstrip("/") or name)
    assert (info.linkname, info.size, info.mode) == (link, len(content), attributes.mode)


def _valid() -> bytes:
    buffer = io.BytesIO()
    for tar_format in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as tar:
            for name in ("a", "b" * 150, "dir/ü"):
                info = tarfile.TarInfo(name)
                info.size = 100
                info.pax_headers = {"SCHILY.xattr.user.x": "y", "mtime": "1.5"}
                tar.addfile(info, io.BytesIO(b"z" * 100))
    return buffer.getvalue()


VALID = _valid()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6000), st.sampled_from([b"\0", b"\xff", b"9", b"x", b"S", b"-1", b"\x80\xff"])
        ),
        max_size=6,
    ),
    st.integers(0, len(VALID)),
)
def test_damage_is_refused_or_read_never_worse(changes, length) -> None:
    data = bytearray(VALID)
    for offset, value in changes:
        data[offset : offset + len(value)] = value
    reader = TarReader(_source(bytes(data[:length])))
    try:
        for _ in reader:
            for _ in reader.pieces():
                pass
    except TarError as error:
        assert "\n" not in error.message


@given(st.binary(max_size=3000))
def test_noise_is_refused(data) -> None:
    try:
        list(TarReader(_source(data)))
    except TarError:
        return
    assert not data.strip(b"\0")


@given(st.text("./ab", max_size=40))
def test_clean_paths_stay_inside(name) -> None:
    try:
        parts = clean_path(name)
    except TarError:
        depth = 0
        for part in name.split("/"):
            depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
            if depth < 0:
                return
        raise
    assert not {"", ".", ".."} & set(parts)


METHODS = {
    "": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def _inflate(data: bytes, chunk: int) -> tuple[str, bytes]:
    pieces = iter([data[i : i + chunk] for i in range(0, len(data), chunk)])
    inflow = Inflow(lambda: next(pieces, b""))
    out = b""
    while piece := inflow.next_chunk():
        out += piece
    return inflow.method, out


@pytest.mark.parametrize("method", sorted(METHODS))
@given(
    members=st.lists(st.binary(max_size=500).map(lambda b: b * 7), min_size=1, max_size=3),
    chunk=st.integers(1, 700),
    zeros=st.integers(0, 20),
)
def test_compression_is_found_and_undone(method, members, chunk, zeros) -> None:
    data = b"".join(METHODS[method](member) for member in members)
    if method == "":
        data = b"plain" + data
        assert _inflate(data, chunk) == ("", data)
        return
    assert _inflate(data + bytes(zeros), chunk) == (method, b"".join(members))


@pytest.mark.parametrize("method", sorted(set(METHODS) - {""}))
@given(keep=st.floats(0.1, 0.99))
def test_truncated_compression_is_refused(method, keep) -> None:
    data = METHODS[method](bytes(range(256)) * 40)
    with pytest.raises(InvalidArgument):
        _inflate(data[: max(6, int(len(data) * keep))], 100)
