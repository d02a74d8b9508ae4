"""COPY: what lands where. The expectations are what dockerd 28.5 (BuildKit) makes of the same instruction;
where it and the classic builder of 20.10 differ, the test says so."""

import pytest

from berth.base.errors import InvalidArgument
from berth.build.copy import CopySpec
from tests.unit.build_files.trees import NOW, OLD, Member, context, image, layer, read, shown, spec

CONTEXT = {
    "a.txt": "a", "b.txt": Member("b", 0o640), "d": None, "d/x": Member("x", 0o4755), "d/lx": "-> x",
    "d/sub": Member(None, 0o700), "d/sub/y": "y", "d/empty": None, "e": None, "la": "-> a.txt", "ld": "-> d",
    "labs": "-> /a.txt",
}  # fmt: skip
IMAGE = {
    "tmp": None, "real": None, "lnk": "-> /real", "rel": "-> ../../real", "dangling": "-> /nowhere",
}  # fmt: skip
IN_N = {"n d755", "n/x f4755 x", "n/lx l x", "n/sub d700", "n/sub/y f644 y", "n/empty d755"}
REAL = "real d700"


@pytest.fixture
def target(tmp_path):
    tree = image(tmp_path / "image", IMAGE)
    (tmp_path / "image/real").chmod(0o700)
    with tree:
        yield tree


@pytest.fixture
def copied(store, target):
    def copy(sources, destination, **more):
        made = context(store, more.pop("files", CONTEXT))
        return shown(read(layer(spec(made, sources, destination, **more), target))) - {"tmp d755"}

    return copy


@pytest.mark.parametrize(
    ("sources", "destination", "expected"),
    [
        ("a.txt", "/n", {"n f644 a"}),
        ("a.txt", "/n/", {"n d755", "n/a.txt f644 a"}),
        ("a.txt", "/", {"a.txt f644 a"}),
        ("a.txt", "/tmp", {"tmp/a.txt f644 a"}),
        ("a.txt", "/lnk", {REAL, "real/a.txt f644 a"}),
        ("a.txt", "/lnk/", {REAL, "real/a.txt f644 a"}),
        ("a.txt", "/lnk/.", {REAL, "real/a.txt f644 a"}),
        ("a.txt", "/lnk/m/n", {REAL, "real/m d755", "real/m/n f644 a"}),
        ("a.txt", "/rel/n", {REAL, "real/n f644 a"}),
        ("a.txt", "/dangling", {"nowhere f644 a"}),
        ("a.txt", "/dangling/n", {"nowhere d755", "nowhere/n f644 a"}),
        ("a.txt", "/q/.", {"q d755", "q/a.txt f644 a"}),
        ("a.txt", "../../x", {"x f644 a"}),
        ("../a.txt", "/n", {"n f644 a"}),
        ("/a.txt", "/n", {"n f644 a"}),
        ("d/../a.txt", "/n", {"n f644 a"}),
        ("la", "/n", {"n f644 a"}),
        ("labs", "/n", {"n f644 a"}),
        ("ld/x", "/n", {"n f4755 x"}),
        ("d", "/n", IN_N),
        ("d/", "/n/", IN_N),
        ("ld", "/n", IN_N),
        ("d e", "/n/", IN_N),
        ("d*", "/n/", IN_N),
        ("d/s*/y", "/n/", {"n d755", "n/y f644 y"}),
        ("*.txt", "/n/", {"n d755", "n/a.txt f644 a", "n/b.txt f640 b"}),
        ("?.txt", "/n/", {"n d755", "n/a.txt f644 a", "n/b.txt f640 b"}),
        ("[ab].txt", "/n/", {"n d755", "n/a.txt f644 a", "n/b.txt f640 b"}),
        ("la*", "/n/", {"n d755", "n/la f644 a", "n/labs f644 a"}),
        ("a.txt z*.txt", "/n/", {"n d755", "n/a.txt f644 a"}),
        ("z*.txt", "/n/", set()),
        ("**/y", "/n/", set()),
        ("a.txt b.txt", "/tmp", {"tmp/a.txt f644 a", "tmp/b.txt f640 b"}),
        ("d", "/lnk", {line.replace("n", "real", 1) for line in IN_N} - {"real d755"} | {REAL}),
    ],
)
def test_where_files_land(copied, sources, destination, expected) -> None:
    assert copied(sources, destination) == expected


@pytest.mark.parametrize(
    ("sources", "destination", "message"),
    [
        (
            "nope", "/n",
            "COPY failed: file not found in build context or excluded by .dockerignore: "
            "stat nope: file does not exist",
        ),
        (
            "d/nope/x", "/n",
            "COPY failed: file not found in build context or excluded by .dockerignore: "
            "stat d/nope/x: file does not exist",
        ),
        ("[a.txt", "/n/", "invalid pattern '[a.txt': syntax error in pattern"),
        ("a.txt", "/etc/passwd/n", "mkdir /etc/passwd: not a directory"),
        ("a.txt", "/etc/passwd/", "mkdir /etc/passwd: not a directory"),
        ("d", "/etc/passwd", "cannot copy to non-directory: /etc/passwd"),
    ],
)  # fmt: skip
def test_what_cannot_be_copied(copied, sources, destination, message) -> None:
    with pytest.raises(InvalidArgument) as caught:
        copied(sources, destination)
    assert str(caught.value) == message


def test_several_files_need_a_directory(copied) -> None:
    # BuildKit lets the last file win; the classic builder refuses, as the documentation of both says.
    with pytest.raises(InvalidArgument, match="the destination must be a directory and end with a /"):
        copied("a.txt b.txt", "/n")


def test_links_in_a_circle_are_no_loop(copied) -> None:
    with pytest.raises(InvalidArgument, match="too many levels of symbolic links"):
        copied("one", "/n", files={"one": "-> two", "two": "-> one"})


def test_a_nested_directory_brings_its_mode_and_a_nested_link_is_not_followed(copied) -> None:
    files = {"nd": None, "nd/real": Member(None, 0o751), "nd/real/f": "f", "nd/dangling": "here"}
    assert copied("nd", "/", files=files) == {"real d751", "real/f f644 f", "dangling f644 here"}


def test_kinds_that_do_not_fit_are_errors(copied) -> None:
    with pytest.raises(InvalidArgument, match=r"^cannot copy to non-directory: /lnk$"):
        copied("nd", "/", files={"nd": None, "nd/lnk": None, "nd/lnk/f": "f"})
    with pytest.raises(InvalidArgument, match=r"^cannot replace to directory /real with file$"):
        copied("nd", "/", files={"nd": None, "nd/real": "f"})
    with pytest.raises(InvalidArgument, match=r"^cannot replace to directory /n/a.txt with file$"):
        copied("nd a.txt", "/n/", files={"nd": None, "nd/a.txt": None, "a.txt": "a"})


@pytest.mark.parametrize(
    ("chown", "owner"),
    [("5", "5:5"), ("5:6", "5:6"), ("nob", "1234:5678"), ("nob:grp", "1234:99"), ("7:grp", "7:99")],
)
def test_chown(copied, chown, owner) -> None:
    assert copied("a.txt", "/n/m", chown=chown) == {f"n d755 {owner}", f"n/m f644 {owner} a"}
    assert copied("a.txt", "/lnk/m", chown=chown) == {REAL, f"real/m f644 {owner} a"}


def test_chown_to_nobody_known(copied) -> None:
    with pytest.raises(InvalidArgument, match=r"can't find uid for user who: no such user: who$"):
        copied("a.txt", "/n", chown="who")
    with pytest.raises(InvalidArgument, match=r"can't find gid for group who: no such group: who$"):
        copied("a.txt", "/n", chown="nob:who")


@pytest.mark.parametrize(
    ("chmod", "directory", "x", "y"),
    [("600", "600", "600", "600"), ("u=rwX,go=rX", "755", "755", "644"), ("a-x,u+s", "4644", "4644", "4644")],
)
def test_chmod(copied, chmod, directory, x, y) -> None:
    found = copied("d", "/n", chmod=chmod)
    assert {f"n d{directory}", f"n/x f{x} x", "n/lx l x", f"n/sub/y f{y} y"} <= found


def test_files_of_an_image_keep_their_owner_and_those_of_a_context_do_not(store, target) -> None:
    files = {"f": Member("f", uid=5, gid=6)}
    made = context(store, files)
    assert shown(read(layer(spec(made, "f", "/n"), target))) == {"n f644 f"}
    kept = spec(made, "f", "/n")
    kept = kept._replace(sources=(kept.sources[0]._replace(keeps_owner=True),))
    assert shown(read(layer(kept, target))) == {"n f644 5:6 f"}
    assert shown(read(layer(kept._replace(chown="7:8"), target))) == {"n f644 7:8 f"}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("d/sub/y a.txt", {"n/d d755", "n/d/sub d700", "n/d/sub/y f644 y", "n/a.txt f644 a"}),
        ("./d/./sub/y", {"n/sub d700", "n/sub/y f644 y"}),
        ("d/./sub", {"n/sub d700", "n/sub/y f644 y"}),
        ("**/y", {"n/d d755", "n/d/sub d700", "n/d/sub/y f644 y"}),
        ("**/*.txt", {"n/a.txt f644 a", "n/b.txt f640 b"}),
        ("d/s*", {"n/d d755", "n/d/sub d700", "n/d/sub/y f644 y"}),
        ("e", {"n/e d755"}),
        ("**/zz", set()),
    ],
)
def test_parents(copied, sources, expected) -> None:
    assert copied(sources, "/n", parents=True) == expected | ({"n d755"} if expected else set())


def test_a_missing_path_with_parents_is_an_error(copied) -> None:
    with pytest.raises(InvalidArgument, match="stat d/zz: file does not exist"):
        copied("d/zz", "/n/", parents=True)


@pytest.mark.parametrize(
    ("sources", "excludes", "gone"),
    [
        ("d", ["x"], {"n/x f4755 x"}),
        ("d", ["sub"], {"n/sub d700", "n/sub/y f644 y"}),
        ("d", ["sub/y"], {"n/sub/y f644 y"}),
        ("d", ["**/y"], {"n/sub/y f644 y"}),
        ("d*", ["d/sub"], set()),
        ("d e", ["d"], set()),
        ("d", ["*", "!x"], IN_N - {"n d755", "n/x f4755 x"}),
        ("d", ["*", "!sub/y"], IN_N - {"n d755", "n/sub d700", "n/sub/y f644 y"}),
    ],
)
def test_exclude_of_directories(copied, sources, excludes, gone) -> None:
    assert copied(sources, "/n/", excludes=excludes) == IN_N - gone


def test_exclude_of_files_that_a_wildcard_found(copied) -> None:
    assert copied("*.txt", "/n/", excludes=["b*"]) == {"n d755", "n/a.txt f644 a"}
    assert copied("a.txt", "/n", excludes=["a.txt"]) == {"n f644 a"}


def test_heredocs(copied, target, store) -> None:
    made = context(store, CONTEXT)
    both = spec(made, "a.txt", "/n/")._replace(heredocs=(("A", b"in\n"),))
    assert shown(read(layer(both, target))) == {"n d755", "n/A f644 in\n", "n/a.txt f644 a"}
    alone = CopySpec("/n/m", heredocs=(("A", b"in\n"),), chmod="755", chown="5:6", now=NOW)
    assert shown(read(layer(alone, target))) == {"n d755 5:6", "n/m f755 5:6 in\n"}


def test_times(store, target) -> None:
    found = read(layer(spec(context(store, CONTEXT), "d", "/m/n"), target))
    assert {found["m/n/x"].mtime, found["m/n"].mtime, found["m/n/sub"].mtime} == {OLD}
    assert found["m"].mtime == NOW
    clamped = read(layer(spec(context(store, CONTEXT), "d", "/m/n", latest=1234), target))
    assert {info.mtime for info in clamped.values()} == {1234}


def test_the_key_is_that_of_the_content_and_not_of_times(store, target) -> None:
    def key(files, **more):
        made = layer(spec(context(store, files), "f", "/n", **more), target)
        read(made)
        return made.key

    first = key({"f": Member("one")})
    assert key({"f": Member("one", mtime=5)}) == first
    others = [
        key({"f": "two"}), key({"f": Member("one", 0o600)}), key({"f": "one"}, chown="3"),
        key({"f": None, "f/x": "one"}),
    ]  # fmt: skip
    assert len({first, *others}) == 5


def test_hard_links_stay(copied) -> None:
    files = {"h": None, "h/a": "1", "h/b": Member(b"", type=b"1", linkname="h/a")}
    assert copied("h", "/n", files=files) == {"n d755", "n/a f644 1", "n/b h n/a"}
    # A name that something else has taken is nothing to link to.
    files["h/c"] = Member(b"", type=b"1", linkname="h/a")
    files["other"] = None
    files["other/a"] = "2"
    assert copied("h/a other h/c", "/n/", files=files) >= {"n/a f644 2", "n/c f644 1"}


def test_a_name_that_would_mean_a_deletion_is_refused(copied) -> None:
    with pytest.raises(InvalidArgument, match=r"a name that begins with \.wh\. means a deletion"):
        copied("wh", "/n", files={"wh": None, "wh/.wh.x": "x"})


def test_a_copy_from_a_directory_does_not_leave_it(tmp_path, target) -> None:
    (tmp_path / "secret").write_text("outside")
    files = {"up": "-> ../secret", "abs": "-> /secret", "dir": "-> ..", "secret": "inside"}
    with image(tmp_path / "stage", files) as stage:
        for source in ("up", "abs", "dir/secret", "dir/../../secret"):
            assert shown(read(layer(spec(stage, source, "/n"), target))) == {"n f644 inside"}
        with pytest.raises(InvalidArgument, match=r"^COPY failed: stat nope: file does not exist$"):
            layer(spec(stage, "nope", "/n"), target)
