"""Random Dockerfiles: what the keys of a plan may and may not depend on."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from berth.build.plan_step import FROM, keys_after
from tests.unit.build.plans import FILES, plan

LINES = st.sampled_from(
    [
        "RUN make",
        "RUN echo $a $b",
        'RUN ["x", "$a"]',
        "ARG a",
        "ARG b=2",
        "ARG a=$b",
        "ENV a=e",
        "ENV c=$a$b",
        "LABEL l=$a",
        "WORKDIR w",
        "USER $b",
        "COPY a.txt /x",
        "COPY sub $c/",
        "COPY <<E /h\n$a\nE",
        "CMD x",
        'ENTRYPOINT ["y"]',
        'SHELL ["/bin/bash", "-c"]',
        "EXPOSE 80",
        "FROM base",
        "FROM base AS s1",
        "RUN --mount=target=/m,source=sub y",
        "RUN --mount=type=cache,target=/c z",
    ]
)
TEXTS = st.lists(LINES, max_size=12).map(lambda lines: ["FROM base", *lines])
ARGUMENTS = st.dictionaries(st.sampled_from("abz"), st.sampled_from(["", "1", "v w"]), max_size=3)


def text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


@settings(max_examples=120, deadline=None)
@given(lines=TEXTS, arguments=ARGUMENTS)
def test_the_same_input_has_the_same_plan(lines: list[str], arguments: dict[str, str]) -> None:
    one, other = (plan(text(lines), build_args=dict(arguments)) for _ in range(2))
    assert one == other
    assert [step.index for step in one.steps] == list(range(len(one.steps)))
    numbers = sorted(step.number for step in one.steps)
    assert numbers == list(range(1, one.total + 1))


@settings(max_examples=120, deadline=None)
@given(lines=TEXTS, arguments=ARGUMENTS, new=LINES, at=st.integers(1, 13))
def test_a_change_counts_from_its_line_on(
    lines: list[str], arguments: dict[str, str], new: str, at: int
) -> None:
    assume(not any(line.startswith("FROM") for line in [*lines[1:], new]))
    assume(at < len(lines) and lines[at] != new)
    changed = [*lines[:at], new, *lines[at + 1 :]]
    one = plan(text(lines), build_args=arguments).steps
    other = plan(text(changed), build_args=arguments).steps
    assert [step.keys for step in one[:at]] == [step.keys for step in other[:at]]
    pairs = zip(one[at:], other[at:], strict=True)
    assert all(before.keys.image != after.keys.image for before, after in pairs)


@settings(max_examples=120, deadline=None)
@given(lines=TEXTS, arguments=ARGUMENTS, value=st.text(max_size=5))
def test_an_argument_counts_from_its_line_on(lines: list[str], arguments: dict[str, str], value: str) -> None:
    one = plan(text(lines), build_args=arguments).steps
    other = plan(text(lines), build_args={**arguments, "a": value}).steps
    seen: set[int] = set()
    for before, after in zip(one, other, strict=True):
        if "ARG a" in before.display:
            seen.add(before.stage)
        if before.stage not in seen:
            assert before.keys == after.keys
            assert before.settings == after.settings


@settings(max_examples=100, deadline=None)
@given(lines=TEXTS, changed=st.sampled_from(sorted(FILES)))
def test_a_file_counts_only_where_it_is_read(lines: list[str], changed: str) -> None:
    one = plan(text(lines)).steps
    other = plan(text(lines), files={**FILES, changed: "new"}).steps
    reads = False
    for before, after in zip(one, other, strict=True):
        if before.kind == FROM:
            reads = False
        reads |= ("sub" in before.display and changed.startswith("sub/")) or (
            "a.txt" in before.display and changed == "a.txt"
        )
        assert (before.keys.files != after.keys.files) == (reads and before.kind != FROM)


@settings(max_examples=100, deadline=None)
@given(lines=TEXTS, arguments=ARGUMENTS)
def test_keys_follow_from_one_another(lines: list[str], arguments: dict[str, str]) -> None:
    made = plan(text(lines), build_args=arguments)
    for stage in made.stages.values():
        state = stage.begin
        for step in stage.steps[1:]:
            state = keys_after(step, state, {})
            assert state == step.keys
        assert state == stage.end
    images = [step.keys.image for step in made.steps if step.kind != FROM]
    assert len(images) == len(set(images))
