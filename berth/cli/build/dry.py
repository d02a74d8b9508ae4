"""``--dry-run``: the plan as a table, with what would come from the cache and why the rest would not."""

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.build.state import BuildState
    from berth.cli.streams import Writer

_TEXT = 60


def show_plan(out: "Writer", state: "BuildState") -> None:
    """Print the steps by stage."""
    several = len(state.stages) > 1
    digits = len(str(state.total))
    runs = 0
    for stage in state.stages:
        steps = [step for step in state.steps if step.stage == stage.index]
        if several and steps:
            out.line(f"stage {stage.name}")
        for step in steps:
            cached = step.would
            runs += not cached
            number = f"{step.number:>{digits}}/{state.total}" if step.number else " " * (2 * digits + 1)
            text = step.text if len(step.text) <= _TEXT else step.text[: _TEXT - 3] + "..."
            what = "cached" if cached else "runs" + (f": {step.reason}" if step.reason else "")
            out.line(f"  {number} {text:<{_TEXT}}  {what}".rstrip())
    cached_count = len(state.steps) - runs
    out.line(f"{cached_count} of {len(state.steps)} steps would come from the cache; nothing was built")
