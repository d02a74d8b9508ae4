"""What changes the name of a result, and what must not."""

import pytest

from berth.build.cache import Keys
from berth.build.keys import derive
from berth.build.plan_step import content_keys, keys_after, keys_with, link_key
from tests.unit.build.plans import FILES, image, plan

TEXT = "FROM base\nARG a=1\nENV e=1\nRUN first\nCOPY a.txt sub /d/\nLABEL l=1\nRUN second\n"


def keys(text: str = TEXT, **given) -> list[Keys]:
    return [step.keys for step in plan(text, **given).steps]


def differing(text: str = TEXT, **given) -> tuple[set[int], set[int]]:
    """Which steps have another image key, and another files key, than those of TEXT."""
    pairs = list(enumerate(zip(keys(), keys(text, **given), strict=True)))
    return (
        {i for i, (one, other) in pairs if one.image != other.image},
        {i for i, (one, other) in pairs if one.files != other.files},
    )


def test_the_same_is_the_same() -> None:
    assert differing() == (set(), set())
    assert differing(tags=(), source="elsewhere", dockerfile_name="other", no_cache=True) == (set(), set())


@pytest.mark.parametrize(
    ("before", "after", "first_image", "first_files"),
    [
        ("RUN second", "RUN other", 6, 6),
        ("LABEL l=1", "LABEL l=2", 5, 7),
        ("RUN first", "RUN first  ", 7, 7),
        ("RUN first", 'RUN ["first"]', 3, 3),
        ("ENV e=1", "ENV e=2", 2, 3),
        ("ENV e=1", "LABEL e=1", 2, 3),
        ("ARG a=1", "ARG a=2", 1, 3),
        ("ARG a=1", "ARG a=1 b", 1, 7),
        ("COPY a.txt sub /d/", "COPY a.txt sub /e/", 4, 4),
        ("COPY a.txt sub /d/", "COPY --chown=1 a.txt sub /d/", 4, 4),
        ("COPY a.txt sub /d/", "COPY --chmod=755 a.txt sub /d/", 4, 4),
        ("COPY a.txt sub /d/", "COPY --exclude=*.txt a.txt sub /d/", 4, 4),
        ("COPY a.txt sub /d/", "ADD a.txt sub /d/", 4, 4),
    ],
)
def test_from_where_on_a_change_counts(before: str, after: str, first_image: int, first_files: int) -> None:
    assert TEXT.count(before) == 1
    images, files = differing(TEXT.replace(before, after))
    assert images == set(range(first_image, 7))
    assert files == set(range(first_files, 7))


def test_the_user_and_the_directory_of_a_run() -> None:
    text = "FROM base\n{}\nRUN x\n"
    names = {plan(text.format(line)).steps[-1].keys.files for line in ("USER a", "USER b", "LABEL a=b")}
    assert len(names) == 3
    one, other = (plan(f"FROM base\nWORKDIR {d}\nRUN x").steps[-1].keys.files for d in ("/a", "/b"))
    assert one != other


def test_the_command_does_not_count_for_files() -> None:
    one, other = (plan(f"FROM base\nCMD {c}\nEXPOSE 8{c}\nRUN x").steps[-1].keys for c in ("1", "2"))
    assert one.files == other.files
    assert one.image != other.image


def test_an_argument_changes_nothing_before_its_line() -> None:
    text = "FROM base\nRUN before\nARG v\nLABEL x=y\nRUN after\n"
    one, other = (keys(text, build_args={"v": value}) for value in ("1", "2"))
    assert one[:4] == other[:4]
    assert one[4].files != other[4].files
    assert keys(text) != one


def test_an_argument_that_a_variable_hides() -> None:
    text = "FROM base\nARG v=1\nENV v=2\nRUN x\n"
    assert keys(text)[-1] == keys(text, build_args={"v": "9"})[-1]


def test_proxies_count_only_when_they_are_declared() -> None:
    given = {"HTTP_PROXY": "http://secret@p", "no_proxy": "x"}
    assert differing(build_args=given) == (set(), set())
    text = "FROM base\nARG HTTP_PROXY\nRUN x\n"
    assert keys(text)[-1].files != keys(text, build_args=given)[-1].files


def test_secrets_count_by_their_place_only() -> None:
    text = "FROM base\nRUN --mount=type=secret,id={} x\n"
    assert keys(text.format("a"), secrets=frozenset({"a"})) == keys(text.format("a"))
    assert keys(text.format("a"))[-1].files != keys(text.format("b"))[-1].files


def test_the_base() -> None:
    images, files = differing(base=image(labels={"new": "label"}))
    assert (images, files) == (set(range(7)), set())
    images, files = differing(base=image("other"))
    assert (images, files) == (set(range(7)), set(range(7)))
    assert differing(TEXT.replace("FROM base", "FROM base AS name")) == (set(), set())


@pytest.mark.parametrize(
    ("changed", "first"),
    [
        ({"a.txt": "other"}, 4),
        ({"sub/deep/c.txt": "other"}, 4),
        ({"sub/new": ""}, 4),
        ({"app.py": "other"}, 7),
        ({"elsewhere": ""}, 7),
    ],
)
def test_the_files_that_are_copied(changed: dict[str, str], first: int) -> None:
    images, files = differing(files={**FILES, **changed})
    assert images == files == set(range(first, 7))


def test_bound_files() -> None:
    text = "FROM base\nRUN --mount=target=/s,source=sub x\n"
    assert keys(text) == keys(text, files={**FILES, "a.txt": "2"})
    assert keys(text)[-1] != keys(text, files={**FILES, "sub/b.txt": "2"})[-1]


def test_files_of_another_stage() -> None:
    text = (
        "FROM base AS s\nRUN {}\nLABEL a={}\nFROM base\nCOPY --from=s /x /y\nRUN --mount=from=s,target=/s z\n"
    )
    one, label, run = (keys(text.format(*v)) for v in (("1", "1"), ("1", "2"), ("2", "1")))
    assert one[4:] == label[4:]
    assert one[4].files != run[4].files
    copy = plan(text.format("1", "1")).steps[4]
    assert copy.by_content
    before = one[3]
    assert content_keys(copy, before, "same") == content_keys(copy, before, "same")
    assert content_keys(copy, before, "same").files != content_keys(copy, before, "other").files
    named = plan(text.format("1", "1").replace("--from=s", "--from=0")).steps[4]
    assert keys_after(named, before, {0: one[2]}).files == copy.keys.files


def test_files_of_another_image() -> None:
    text = "FROM base\nCOPY --from=img /x /y\n"
    assert keys(text)[-1] == keys("FROM base\nCOPY --from=again /x /y\n")[-1]
    assert keys(text)[-1].files != keys(text, base=image("other"))[-1].files


def test_the_way_goes_on_from_the_keys_that_were_found() -> None:
    made = plan("FROM base\nLABEL a=1\nRUN x\nRUN y\n")
    begin = made.steps[0].keys
    state = begin
    for step in made.steps[1:]:
        state = keys_after(step, state, {})
        assert state == step.keys
    elsewhere = derive("files", "found")
    found = keys_with(made.steps[2], made.steps[1].keys, elsewhere)
    assert found.files == elsewhere
    assert keys_after(made.steps[3], found, {}) != made.steps[3].keys


def test_a_link_is_named_without_what_is_below() -> None:
    text = "FROM base\nRUN {}\nCOPY --link a.txt /x\n"
    one, other = (plan(text.format(c)).steps[-1] for c in ("1", "2"))
    assert link_key(one, {}) == link_key(other, {})
    assert one.keys.files != other.keys.files


def test_parts_do_not_run_together() -> None:
    assert derive("a", "bc") != derive("ab", "c")
    assert derive("a", "b", "") != derive("a", "b")
    assert derive("a", "1:b") != derive("a", "1", "b")
