"""Why a step is not cached, in words, and what a dry run foretells."""

import asyncio
from pathlib import Path

import pytest

from berth.build.cache_trace import KEPT, TraceStore
from berth.build.plan_predict import predict
from berth.build.plan_result import new_result, next_config, scratch_config
from berth.build.plan_step import FROM
from berth.build.reasons import Explainer, trace
from berth.image.derive import Derivation
from tests.unit.build.plans import FILES, image, plan, plan_with
from tests.unit.build.stores import Stage, opened, run

TEXT = "FROM base\nARG v=1\nRUN first\nCOPY a.txt sub /d/\nRUN second\n"


def reason(then: str | None, now: str, index: int, *, missed=(), before=None, **given) -> str:
    """Why step ``index`` of the text ``now`` misses, after a build of ``then`` with ``before``."""
    old = trace(*plan_with(then, {}, **(before or {}))) if then is not None else None
    made, sources = plan_with(now, {}, **given)
    return Explainer(made, sources, old).reason(made.steps[index], missed)


@pytest.mark.parametrize(
    ("then", "now", "index", "given", "text"),
    [
        (None, TEXT, 2, {}, "not built before"),
        (TEXT, TEXT, 2, {"no_cache": True}, "--no-cache"),
        (TEXT, TEXT, 2, {"no_cache_stages": frozenset({"0"})}, "--no-cache"),
        (TEXT, TEXT.replace("second", "third"), 4, {}, "instruction changed from 'RUN second'"),
        (TEXT, TEXT + "RUN more\n", 5, {}, "a new instruction"),
        (TEXT, TEXT.replace("ARG v=1\n", ""), 1, {}, "it was at another place"),
        (TEXT, TEXT, 2, {"build_args": {"v": "2"}}, "variable v changed"),
        (TEXT, TEXT, 3, {"files": {**FILES, "a.txt": "x"}}, "file a.txt changed"),
        (TEXT, TEXT, 3, {"files": {**FILES, "sub/n": "x"}}, "file sub/n is new"),
        (TEXT, TEXT, 3, {"files": {**FILES, "sub/n": "x", "a.txt": "y"}}, "file a.txt changed, and 1 more"),
        (TEXT, TEXT, 3, {}, "its result is not in the cache any more"),
        (TEXT, TEXT, 2, {"other": image("new")}, "base image moved: base is not what it was"),
        (TEXT, TEXT.replace("base", "up"), 2, {"other": image("n")}, "the base was 'FROM base'"),
        (TEXT, TEXT.replace("base", "base AS s"), 2, {}, "a new stage"),
        ("FROM base\nARG v=1\nLABEL a=$v", "FROM base\nARG v=1\nLABEL a=$v", 2, {"build_args": {"v": "2"}},
         "a variable in it has another value"),
        ("FROM base\nADD http://h/x /", "FROM base\nADD http://h/x /", 1, {},
         "what http://h/x has is not what it was"),
        ("FROM base\nRUN --mount=target=/s x", "FROM base\nRUN --mount=target=/s x", 1,
         {"files": {**FILES, "a.txt": "x"}}, "what it reads or how it runs has changed"),
    ],
)  # fmt: skip
def test_reasons(then: str | None, now: str, index: int, given: dict, text: str) -> None:
    assert reason(then, now, index, **given) == text


def test_a_file_that_is_gone() -> None:
    files = {**FILES, "sub/n": "x"}
    assert reason(TEXT, TEXT, 3, before={"files": files}) == "file sub/n is gone"


def test_a_step_after_one_that_runs() -> None:
    changed = TEXT.replace("first", "other")
    assert reason(TEXT, changed, 3, missed={2}) == "follows step 3, which runs"
    assert reason(TEXT, changed, 4, missed={2, 3}) == "follows step 4, which runs"
    text = "FROM base\nLABEL a=1\nLABEL b=1\nRUN x\n"
    assert reason(text, text, 2, missed={1}) == "follows step 2, which is made anew"
    assert reason(text, text, 3, missed={1, 2}) == "its result is not in the cache any more"


def test_stages_that_are_read() -> None:
    text = "FROM base AS s\nRUN x\nFROM s\nRUN y\nFROM base\nRUN --mount=from=1,target=/m z\n"
    assert reason(text, text, 5, missed={3}) == "reads from stage 1, which has changed"
    made = "FROM base AS s\nRUN x\nFROM s AS t\nRUN y\nFROM base\nCOPY --from=s /a /b\nCOPY --from=t /c /d\n"
    assert reason(made, made, 3, missed={1}) == "follows step 2, which runs"
    assert reason(made, made, 5, missed={1}) == "reads from stage s, which has changed"
    assert reason(made, made, 6, missed={1, 3, 5}) == "follows step 6, which runs"


def test_a_trigger_that_runs() -> None:
    base = image(on_build=("RUN t",))
    assert reason(None, "FROM base\nRUN x\n", 2, missed={1}, other=base) == (
        "follows the trigger 'RUN t', which runs"
    )


def test_many_files_are_told_by_directory() -> None:
    many = {f"d{i % 3}/e{i % 7}/f{i}": "x" for i in range(5000)}
    text = "FROM base\nCOPY . /\n"
    changed = {**many, "d1/e1/f1": "y"}
    assert reason(text, text, 1, before={"files": many}, files=changed).startswith("files in d1/e1/ changed")
    flat = {f"f{i}": "x" for i in range(3000)}
    told = reason(text, text, 1, before={"files": flat}, files={**flat, "f1": "y"})
    assert told == "files in the context changed"


def test_traces_hold_no_values() -> None:
    made = plan_with("FROM base\nARG token\nRUN x\n", {}, build_args={"token": "hunter2"})
    assert "hunter2" not in repr(trace(*made))


def test_traces_are_kept(tmp_path: Path) -> None:
    async def main() -> None:
        made = trace(*plan_with(TEXT, {}))
        async with opened(tmp_path) as stage:
            traces = TraceStore(stage.database)
            assert traces.last_build("a") is None
            await traces.remember("a", made)
            assert traces.last_build("a") == made
        async with opened(tmp_path) as stage:
            traces = TraceStore(stage.database)
            assert traces.last_build("a") == made
            await asyncio.gather(*(traces.remember(f"b{i}", made) for i in range(KEPT)))
            assert traces.last_build("a") is None
            assert traces.last_build("b0") == made
            await stage.database.write(lambda c: c.execute("UPDATE build_traces SET body = x'00'"))
            assert traces.last_build("b0") is None

    asyncio.run(main())


async def build(stage: Stage, made, steps: range) -> None:
    """Record results for some steps of a plan, without files."""
    before = scratch_config()
    for step in made.steps:
        if step.kind == FROM or step.index not in steps:
            continue
        before = next_config(before, step, created="2026-01-01T00:00:00Z", layer=None)
        row = new_result(step, step.keys)
        await stage.images.derive(
            None, [Derivation(before)], also=lambda c, ids, row=row: stage.cache.rows(c, [(ids[0], row)])
        )


def test_a_dry_run(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        made, sources = plan_with(TEXT, {})
        old = trace(made, sources)

        def told(now: str, **given) -> list[tuple[bool, str]]:
            new, where = plan_with(now, {}, **given)
            return list(predict(new, stage.cache, Explainer(new, where, old)).values())

        assert [cached for cached, _ in told(TEXT)] == [True, False, False, False, False]
        await build(stage, made, range(5))
        assert told(TEXT) == [(True, "")] * 5
        assert told(TEXT.replace("second", "third"))[3:] == [
            (True, ""),
            (False, "instruction changed from 'RUN second'"),
        ]
        assert [cached for cached, _ in told(TEXT, no_cache=True)] == [True, False, False, False, False]
        # Only what is shown is different: every file is still there.
        labelled = told(TEXT.replace("ARG v=1", "LABEL v=1\nARG v=1"))
        assert [cached for cached, _ in labelled] == [True, False, False, True, True, True]

    run(tmp_path, test)


def test_a_dry_run_of_what_is_known_only_later(tmp_path: Path) -> None:
    text = "FROM base AS s\nRUN x\nFROM base\nCOPY --from=s /a /b\nRUN y\nADD http://h/x /\n"

    async def test(stage: Stage) -> None:
        made, sources = plan_with(text, {})
        await build(stage, made, range(6))
        found = predict(made, stage.cache, Explainer(made, sources, trace(made, sources)))
        assert [one.cached for one in found.values()] == [True, True, True, True, True, False]
        changed, where = plan_with(text.replace("RUN x", "RUN z"), {})
        later = predict(changed, stage.cache, Explainer(changed, where, trace(made, sources)))
        assert later[3].reason == (
            "reads from stage s, which has changed; what it copies may turn out to be the same"
        )

    run(tmp_path, test)


def test_plans_have_identities() -> None:
    same = plan(TEXT, source="/d").identity
    assert same == plan(TEXT.replace("first", "x"), source="/d").identity
    others = [plan(TEXT, source="/e"), plan(TEXT, source="/d", dockerfile_name="other")]
    assert len({same, *(other.identity for other in others)}) == 3
