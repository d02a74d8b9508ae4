"""The filters argument: both wire forms, what is refused, and how values combine."""

import pytest

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters

NAMES = frozenset(("label", "name", "dangling"))


@pytest.mark.parametrize(
    "text",
    [
        '{"name": ["a", "b"]}',
        '{"name": {"a": true, "b": true}}',
        '{"name": {"a": true, "b": true, "c": false}}',
    ],
)
def test_both_forms_mean_the_same(text: str) -> None:
    assert Filters.parse(text, NAMES).get("name") == ("a", "b")


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_none_given(text: str | None) -> None:
    filters = Filters.parse(text, NAMES)
    assert not filters
    assert "name" not in filters
    assert filters.get("name") == ()
    assert filters.exact("name", "anything")
    assert filters.labels({})
    assert filters.boolean("dangling") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"bad": ["x"]}', "invalid filter 'bad'"),
        ("nonsense", "invalid filter"),
        ("[]", "invalid filter"),
        ('{"name": "a"}', "invalid filter 'name'"),
        ('{"name": [1]}', "invalid filter 'name'"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Filters.parse(text, NAMES)
    assert message in str(caught.value)


def test_any_value_of_a_name_may_match() -> None:
    filters = Filters({"name": ["a", "b"]})
    assert filters.exact("name", "b")
    assert not filters.exact("name", "c")


def test_all_labels_must_match() -> None:
    filters = Filters({"label": ["a", "b=2"]})
    assert filters.labels({"a": "", "b": "2", "c": "3"})
    assert not filters.labels({"a": "", "b": "3"})
    assert not filters.labels({"b": "2"})
    assert Filters({"label": ["a="]}).labels({"a": ""})
    assert not Filters({"label": ["a="]}).labels({"a": "1"})


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("False", False)])
def test_truth_values(text: str, value: bool) -> None:
    assert Filters({"dangling": [text]}).boolean("dangling") is value


@pytest.mark.parametrize("given", [["maybe"], ["true", "false"], [""]])
def test_no_truth_values(given: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter 'dangling="):
        Filters({"dangling": given}).boolean("dangling")
