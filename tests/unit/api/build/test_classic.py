"""The classic stream: order, forms, and what a slow or failing stage does to it."""

from berth.api.build.classic import ClassicStream
from berth.base.digest import sha256
from berth.build.records import (
    AnyRecord,
    Built,
    Failed,
    Planned,
    PlannedStage,
    PlannedStep,
    StepCached,
    StepCanceled,
    StepDone,
    StepFailed,
    StepLog,
    StepStarted,
    Warning,
)

ONE, TWO, THREE = (sha256(text) for text in (b"1", b"2", b"3"))
CONTAINER = "c" * 64


def step(stage: int, number: int, kind: str, text: str, *, trigger: bool = False) -> PlannedStep:
    return PlannedStep(stage=stage, number=number, type=kind, text=text, key=ONE, trigger=trigger)


def plan(*steps: PlannedStep, preamble: tuple[str, ...] = ()) -> Planned:
    stages = tuple(PlannedStage(index=index) for index in sorted({s.stage for s in steps}))
    return Planned(stages=stages, steps=steps, total=len(steps) + len(preamble), preamble=preamble)


def text(*records: AnyRecord, quiet: bool = False) -> str:
    shown = ClassicStream(quiet=quiet)
    messages = [message for record in records for message in shown.feed(record)]
    return "".join(m.get("stream") or m.get("error") or "" for m in messages)


TWO_STAGES = plan(
    step(0, 1, "from", "FROM a"), step(0, 2, "run", "RUN x"),
    step(1, 3, "from", "FROM b"), step(1, 4, "run", "RUN y"),
)  # fmt: skip


def test_a_later_stage_waits_for_its_turn() -> None:
    shown = text(
        TWO_STAGES,
        StepDone(step=2, image=TWO),
        StepStarted(step=3, container=CONTAINER),
        StepLog(step=3, stream=1, data="y\n"),
        StepDone(step=0, image=ONE),
        StepStarted(step=1, container=CONTAINER),
        StepLog(step=1, stream=2, data="x\n"),
        StepDone(step=1, image=THREE, container=CONTAINER),
        StepDone(step=3, image=TWO),
        Built(image=TWO, tags=("t:1",)),
    )
    short = CONTAINER[:12]
    assert shown == (
        f"Step 1/4 : FROM a\n ---> {ONE[7:19]}\n"
        f"Step 2/4 : RUN x\n ---> Running in {short}\n\x1b[91mx\n\x1b[0m"
        f"Removing intermediate container {short}\n ---> {THREE[7:19]}\n"
        f"Step 3/4 : FROM b\n ---> {TWO[7:19]}\n"
        f"Step 4/4 : RUN y\n ---> Running in {short}\ny\n ---> {TWO[7:19]}\n"
        f"Successfully built {TWO[7:19]}\nSuccessfully tagged t:1\n"
    )


def test_output_of_the_current_step_is_told_at_once() -> None:
    shown = ClassicStream()
    shown.feed(plan(step(0, 1, "run", "RUN x")))
    shown.feed(StepStarted(step=0, container=CONTAINER))
    assert shown.feed(StepLog(step=0, stream=1, data="now")) == [{"stream": "now"}]


def test_each_stage_ends_with_its_image() -> None:
    shown = ClassicStream()
    records = [TWO_STAGES, *(StepCached(step=index, image=ONE) for index in range(4)), Built(image=ONE)]
    messages = [message for record in records for message in shown.feed(record)]
    assert sum("aux" in message for message in messages) == 2


def test_a_failure_is_shown_although_steps_before_it_were_given_up() -> None:
    shown = text(
        TWO_STAGES,
        StepDone(step=0, image=ONE),
        StepStarted(step=1, container=CONTAINER),
        StepDone(step=2, image=TWO),
        StepStarted(step=3, container=CONTAINER),
        StepLog(step=3, stream=1, data="why\n"),
        StepFailed(step=3, message="it failed", code=3, container=CONTAINER),
        StepCanceled(step=1),
        Failed(message="it failed", code=3),
    )
    assert "Step 4/4 : RUN y\n" in shown
    assert shown.endswith("why\nit failed")


def test_triggers_belong_to_their_from() -> None:
    shown = text(
        plan(
            step(0, 1, "from", "FROM a"),
            step(0, 0, "metadata", "ENV x=1", trigger=True),
            step(0, 0, "run", "RUN y", trigger=True),
        ),
        StepDone(step=0, image=ONE),
        StepCached(step=1, image=TWO),
        StepCached(step=2, image=THREE),
    )
    assert shown == (
        "Step 1/3 : FROM a\n# Executing 2 build triggers\n ---> Using cache\n ---> Using cache\n"
        f" ---> {THREE[7:19]}\n"
    )


def test_arguments_before_the_first_stage_are_steps() -> None:
    shown = text(plan(step(0, 2, "from", "FROM $a"), preamble=("ARG a=b",)))
    assert shown == "Step 1/2 : ARG a=b\n"


def test_quiet() -> None:
    assert text(plan(step(0, 1, "from", "FROM a")), Built(image=ONE), quiet=True) == f"{ONE}\n"


def test_quiet_failure_tells_all() -> None:
    shown = text(
        plan(step(0, 1, "from", "FROM a")), StepDone(step=0, image=ONE), Failed(message="no"), quiet=True
    )
    assert shown == f"Step 1/1 : FROM a\n ---> {ONE[7:19]}\nno"


def test_findings_are_not_for_this_stream() -> None:
    shown = ClassicStream()
    assert shown.feed(Warning(text="x", rule="MaintainerDeprecated")) == []


def test_the_code_of_a_command_is_for_programs() -> None:
    failed = ClassicStream().feed(Failed(message="no", code=7))
    assert failed == [{"errorDetail": {"code": 7, "message": "no"}, "error": "no"}]
    assert ClassicStream().feed(Failed(message="no"))[0]["errorDetail"] == {"message": "no"}


def test_a_failure_says_where() -> None:
    """dockerd's words come first; the place in the file, and what to do, stand behind them."""
    assert text(Failed(message="COPY failed: stat a", file="D", line=3, hint="a is excluded")) == (
        "COPY failed: stat a (D:3; a is excluded)"
    )
    assert text(Failed(message="no context")) == "no context"


def test_a_failed_step_says_where() -> None:
    shown = text(
        TWO_STAGES,
        StepFailed(step=1, message="COPY failed: stat a", file="D", line=3),
        Failed(message="COPY failed: stat a"),
    )
    assert shown.endswith("COPY failed: stat a (D:3)")


def test_a_failed_command_is_told_in_the_words_of_docker_alone() -> None:
    message = "The command 'x' returned a non-zero code: 7"
    shown = text(
        TWO_STAGES,
        StepFailed(step=1, message=message, code=7, file="D", line=3),
        Failed(message=message, code=7),
    )
    assert shown.endswith(message)


def test_output_of_a_later_stage_is_clipped() -> None:
    """A stage that is not shown yet may print for ever: the rest is told as a number."""
    piece = "y" * 100_000
    shown = text(
        TWO_STAGES,
        *(StepLog(step=3, stream=1, data=piece) for _ in range(100)),
        StepDone(step=3, image=TWO),
        StepDone(step=0, image=ONE),
        StepDone(step=1, image=ONE),
        StepDone(step=2, image=ONE),
    )
    clipped = 100 - shown.count(piece)
    assert 0 < clipped < 100
    assert f"[output clipped: {clipped * 100_000} characters]" in shown


def test_output_of_a_quiet_build_is_clipped() -> None:
    piece = "y" * 100_000
    shown = text(
        plan(step(0, 1, "from", "FROM a"), step(0, 2, "run", "RUN x")),
        StepDone(step=0, image=ONE),
        *(StepLog(step=1, stream=1, data=piece) for _ in range(100)),
        StepFailed(step=1, message="no", code=1),
        Failed(message="no", code=1),
        quiet=True,
    )
    assert 0 < shown.count(piece) < 100
    assert "[output clipped: " in shown
    assert shown.endswith("no")
