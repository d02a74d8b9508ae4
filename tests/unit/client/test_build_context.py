"""The scan of a build's directory, the tar that is written of it, and what is left out."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from berth.client.context import LinkInTheWay, Needs, NotText, TooMuch, fits, scan, to_lines
from berth.client.contexts import whole
from berth.client.tarstream import DIRECTORY, END, LINK, file_member, header, text_member
from berth.dockerfile.ignore import IgnoreFile

EVERYTHING = Needs(everything=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in (
        "src/main.py",
        "src/deep/x.py",
        "src/notes.md",
        "README.md",
        "data/big.bin",
        "venv/lib/a.so",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "current").symlink_to("src")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def paths(root: Path, needs: Needs = EVERYTHING, ignore: bytes = b"") -> list[str]:
    return [row[0] for row in scan(str(root), IgnoreFile.parse(ignore) if ignore else None, needs)]


def test_everything_in_order(root: Path) -> None:
    assert paths(root) == [
        "README.md", "current", "data", "data/big.bin", "src", "src/deep", "src/deep/x.py", "src/main.py",
        "src/notes.md", "venv", "venv/lib", "venv/lib/a.so",
    ]  # fmt: skip


def test_rows_say_what_lstat_says(root: Path) -> None:
    os.chmod(root / "src/main.py", 0o4755)
    os.utime(root / "src/main.py", ns=(5, 1_000_000_007))
    rows = {row[0]: row for row in scan(str(root), None, EVERYTHING)}
    status = os.lstat(root / "src/main.py")
    assert rows["src/main.py"][1:5] == ("f", 0o4755, 11, 1_000_000_007)
    assert rows["src/main.py"][6] == status.st_ino
    assert rows["current"][1] == "l" and rows["current"][7] == "src"
    assert rows["src"][1:4] == ("d", 0o755, 0)


def test_a_file_that_just_changed_is_told_with_a_time_of_its_own(root: Path) -> None:
    """Its next change may leave all its times as they are."""
    first = {row[0]: row[5] for row in scan(str(root), None, EVERYTHING)}
    (root / "src/main.py").write_text("other text!")
    second = {row[0]: row[5] for row in scan(str(root), None, EVERYTHING)}
    assert second["src/main.py"] != first["src/main.py"]
    assert second["src/main.py"] > os.lstat(root / "src/main.py").st_ctime_ns


def test_ignored_directories_are_not_entered(root: Path) -> None:
    (root / "venv").chmod(0)
    try:
        assert "src/main.py" in paths(root, ignore=b"venv\n*.md\n**/*.md\n")
        assert not [path for path in paths(root, ignore=b"venv\n") if path.startswith("venv")]
    finally:
        (root / "venv").chmod(0o755)


def test_a_later_rule_takes_back(root: Path) -> None:
    found = paths(root, ignore=b"src\n!src/main.py\n")
    assert "src/main.py" in found
    assert "src/notes.md" not in found


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([("README.md",)], ["README.md"]),
        ([("src",)], ["src", "src/deep", "src/deep/x.py", "src/main.py", "src/notes.md"]),
        ([("src", "*.py")], ["src", "src/main.py"]),
        ([("src", "deep"), ("data",)], ["data", "data/big.bin", "src", "src/deep", "src/deep/x.py"]),
        ([("README.md", "below")], []),
        ([("nothing",)], []),
        ([], []),
    ],
)
def test_only_what_is_needed(root: Path, patterns: list[tuple[str, ...]], expected: list[str]) -> None:
    assert paths(root, Needs(patterns)) == expected


def test_a_link_on_the_way_means_everything(root: Path) -> None:
    for patterns in ([("current", "main.py")], [("current",)], [("cur*",)]):
        with pytest.raises(LinkInTheWay):
            paths(root, Needs(patterns))
    assert paths(root, Needs([("current",)]), b"current\n") == []


def test_a_limit(root: Path) -> None:
    with pytest.raises(TooMuch):
        scan(str(root), None, EVERYTHING, 3)
    assert len(scan(str(root), None, EVERYTHING, 50)) == 12


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("a", "a", True), ("a", "ab", False), ("*", "anything", True), ("*.py", "x.py", True),
        ("*.py", "x.pyc", False), ("?.c", "a.c", True), ("?.c", "ab.c", False), ("a*b*c", "axxbyyc", True),
        ("a*b*c", "axxbyy", False), ("**", "x", True), ("a?", "a", False),
    ],
)  # fmt: skip
def test_wildcards_of_one_component(pattern: str, name: str, expected: bool) -> None:
    assert fits(pattern, name) is expected


def test_lines_are_json(root: Path) -> None:
    (root / 'odd "name"\n').write_text("")
    (root / "größe").write_text("")
    rows = scan(str(root), None, EVERYTHING)
    lines = [json.loads(line) for line in to_lines(rows).splitlines()]
    assert [line[0] for line in lines] == [row[0] for row in rows]
    assert all(len(line) == 10 and line[3:5] == [0, 0] for line in lines)


def test_a_name_that_is_no_text(root: Path) -> None:
    (root / "bad\udcff").write_text("")
    with pytest.raises(NotText, match=r"the name of .* is not UTF-8"):
        to_lines(scan(str(root), None, EVERYTHING))


def test_the_whole_as_a_tar(root: Path) -> None:
    rows = scan(str(root), None, EVERYTHING)
    data = b"".join(whole(str(root), rows, [text_member("Dockerfile", b"FROM x\n")]))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {member.name: member for member in archive}
        assert list(found) == [row[0] for row in rows] + ["Dockerfile"]
        assert found["current"].linkname == "src"
        content = archive.extractfile("src/deep/x.py")
        assert content is not None and content.read() == b"src/deep/x.py"
    assert len(data) % 512 == 0


@pytest.mark.parametrize("name", ["a", "x" * 100, "x" * 101, "d/" * 200 + "end", "größe", "bad\udcff"])
def test_names_of_members(name: str) -> None:
    data = text_member(name, b"12345", 0o640, 77) + header(name + "l", kind=LINK, target=name) + END
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        file, link = archive.getmembers()
    assert (file.name, file.mode, file.size, file.mtime, file.uid) == (name, 0o640, 5, 77, 0)
    assert (link.name, link.linkname, link.issym()) == (name + "l", name, True)


def test_large_sizes_and_odd_times() -> None:
    data = header("big", size=9 << 30, mtime=-5) + header("d/", kind=DIRECTORY, mtime=1 << 40) + END
    with tarfile.open(fileobj=io.BytesIO(data[:1536])) as archive:
        big = archive.next()
    assert big is not None and (big.size, big.mtime) == (9 << 30, 0)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    data = b"".join(file_member(str(tmp_path / "empty"), "empty", 0o644))
    assert len(data) == 512


def test_a_link_is_not_read_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic"):
        list(file_member(str(tmp_path / "link"), "link", 0o644))
