"""What is known of a running build, collected from the records that the daemon tells.

Records are the JSON objects of berth's build events; those of an unknown kind are passed over, so that a
newer daemon may tell more.
"""

from berth.cli.build.text import LogTail

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]

WAITING, RUNNING, CACHED, DONE, FAILED, CANCELED = (
    "waiting",
    "running",
    "cached",
    "done",
    "failed",
    "canceled",
)


class Step:
    """One step of the plan and how far it is. ``began`` is in the caller's seconds, ``seconds`` final."""

    __slots__ = (
        "began", "container", "image", "log", "number", "reason", "seconds", "stage", "state", "text",
        "transfers", "trigger", "would",
    )  # fmt: skip

    def __init__(self, planned: "Record") -> None:
        self.stage: int = planned["stage"]
        self.number: int = planned["number"]
        self.text = " ".join(planned["text"].split())
        self.trigger: bool = planned.get("trigger", False)
        self.would: bool | None = planned.get("cached")
        self.reason: str = planned.get("reason", "")
        self.state = WAITING
        self.began = 0.0
        self.seconds = 0.0
        self.image = ""
        self.container = ""
        self.log = LogTail()
        self.transfers: dict[str, tuple[int, int]] = {}


class Stage:
    """One stage: its name (or number), its base, and the stages that it waits for."""

    __slots__ = ("base", "index", "name", "needs")

    def __init__(self, planned: "Record") -> None:
        self.index: int = planned["index"]
        self.name: str = planned.get("name") or f"stage-{self.index}"
        self.base: str = planned.get("base", "")
        self.needs: list[int] = list(planned.get("needs", ()))


class BuildState:
    """The whole build. ``failure`` is the record of the step that failed, ``end`` the last record."""

    def __init__(self, now: float) -> None:
        self.began = now
        self.context = ""
        self.stages: list[Stage] = []
        self.steps: list[Step] = []
        self.total = 0
        self.transfers: dict[str, dict[str, tuple[int, int]]] = {}
        self.warnings: list[Record] = []
        self.failure: Record | None = None
        self.end: Record | None = None

    def apply(self, record: "Record", now: float) -> None:
        """Take in one record that arrived at ``now``."""
        kind = record.get("kind", "")
        act = getattr(self, f"_on_{kind}", None)
        if act is not None:
            act(record, now)

    def count(self, *states: str) -> int:
        """How many numbered steps are in one of the states."""
        return sum(step.state in states for step in self.steps if step.number)

    def _on_planned(self, record: "Record", _now: float) -> None:
        self.stages = [Stage(stage) for stage in record["stages"]]
        self.steps = [Step(step) for step in record["steps"]]
        self.total = record["total"]
        self.transfers.clear()

    def _on_transfer(self, record: "Record", _now: float) -> None:
        amount = record.get("current", 0), record.get("total", 0)
        item = record.get("item", "")
        index = record.get("step")
        if index is not None and index < len(self.steps):
            name = " ".join(filter(None, (record["what"], record.get("name", ""))))
            self.steps[index].transfers[f"{name} {item}"] = amount
            return
        name = f"{record['what']} {record.get('name', '')}".strip()
        self.transfers.setdefault(name, {})[item] = amount

    def _on_step_started(self, record: "Record", now: float) -> None:
        step = self.steps[record["step"]]
        if step.state != RUNNING:
            step.state, step.began = RUNNING, now
        step.container = record.get("container") or step.container

    def _on_step_log(self, record: "Record", _now: float) -> None:
        self.steps[record["step"]].log.feed(record["data"])

    def _on_step_cached(self, record: "Record", _now: float) -> None:
        step = self.steps[record["step"]]
        step.state, step.image = CACHED, record["image"]

    def _on_step_done(self, record: "Record", _now: float) -> None:
        step = self.steps[record["step"]]
        step.state, step.image = DONE, record["image"]
        step.seconds = record.get("seconds", 0.0)
        step.reason = record.get("reason", "")
        step.transfers.clear()

    def _on_step_failed(self, record: "Record", now: float) -> None:
        step = self.steps[record["step"]]
        step.seconds = now - step.began if step.began else 0.0
        step.state = FAILED
        step.container = record.get("container") or step.container
        self.failure = record

    def _on_step_canceled(self, record: "Record", now: float) -> None:
        step = self.steps[record["step"]]
        step.seconds = now - step.began if step.began else 0.0
        step.state = CANCELED

    def _on_warning(self, record: "Record", _now: float) -> None:
        self.warnings.append(record)

    def _on_built(self, record: "Record", _now: float) -> None:
        self.end = record

    def _on_failed(self, record: "Record", _now: float) -> None:
        self.end = record
