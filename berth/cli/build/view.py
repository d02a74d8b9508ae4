"""A build as lines of a terminal: by stage and step, with times, cache marks and the newest output.

Pure: from the state, a size and a moment to text. ``screen`` puts it on the terminal.
"""

from berth.base.units import human_size
from berth.cli.build.state import CACHED, CANCELED, DONE, FAILED, RUNNING, WAITING
from berth.cli.build.text import cells, fit, paint

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from berth.cli.build.state import BuildState, Stage, Step

    Segment = tuple[str, str]

_FINISHED = (CACHED, DONE)
_STYLE = {WAITING: "dim", RUNNING: "yellow", CACHED: "cyan", DONE: "green", FAILED: "red", CANCELED: "dim"}
_MARKS = {WAITING: "·", RUNNING: "▶", CACHED: "✔", DONE: "✔", FAILED: "✘", CANCELED: "-"}
_ASCII_MARKS = {WAITING: ".", RUNNING: ">", CACHED: "=", DONE: "+", FAILED: "!", CANCELED: "-"}
_LOG_LINES = 5
_ROOM_FOR_STEPS = 48
_MINUTE = 60


class Look:
    """What the terminal can show: colours, and more than ASCII."""

    __slots__ = ("bar", "colour", "cut", "marks")

    def __init__(self, *, colour: bool, unicode: bool) -> None:
        self.colour = colour
        self.marks = _MARKS if unicode else _ASCII_MARKS
        self.bar = "│" if unicode else "|"
        self.cut = "…" if unicode else "~"


def look_of(env: "Mapping[str, str]") -> Look:
    """From NO_COLOR (no-color.org) and the locale."""
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return Look(colour=not env.get("NO_COLOR"), unicode="utf8" in locale.lower().replace("-", ""))


def duration(seconds: float) -> str:
    """``0.4s``, ``12.4s``, ``3m05s``, ``1h02m``."""
    if seconds < _MINUTE:
        return f"{max(seconds, 0):.1f}s"
    minutes, rest = divmod(int(seconds), _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes}m{rest:02}s"
    return f"{minutes // _MINUTE}h{minutes % _MINUTE:02}m"


def _warning_text(warning: "Mapping[str, Any]") -> str:
    rule = f"{warning['rule']}: " if warning.get("rule") else ""
    where = f" ({warning.get('file') or 'Dockerfile'}:{warning['line']})" if warning.get("line") else ""
    return f"{rule}{warning['text']}{where}"


class View:
    """Lines for one build. ``title`` names what is built."""

    def __init__(self, state: "BuildState", title: str, look: Look) -> None:
        self._state = state
        self._title = f"Building {title}"
        self._look = look

    def frame(self, now: float, width: int, height: int) -> list[str]:
        """At most ``height`` lines that show how it stands ``now``."""
        for logs, folded in ((_LOG_LINES, False), (_LOG_LINES, True), (2, True), (0, True)):
            lines = self._lines(now, width, logs=logs, folded=folded)
            if len(lines) <= height:
                return lines
        # What runs matters most: it stands at the end, before what waits.
        lines = self._lines(now, width, logs=0, folded=True, waiting=False)
        return lines if len(lines) <= height else [*lines[:1], *lines[len(lines) - max(height - 1, 0) :]]

    def summary(self, now: float, width: int) -> list[str]:
        """Every step, for good, and the result: what stays on the screen when the build is over."""
        lines = self._lines(now, width, logs=0, folded=False, waiting=False)
        end = self._state.end or {}
        if end.get("kind") != "built":
            return lines
        warnings = [_warning_text(warning) for warning in self._state.warnings]
        lines += [self._said("warning:", "yellow", text) for text in (*warnings, *end.get("warnings", ()))]
        image = end.get("image", "").partition(":")[2][:12]
        if image:
            lines.append(self._said("Built", "green", image))
        return lines + [self._said("Tagged", "green", tag) for tag in end.get("tags", ())]

    def _said(self, word: str, style: str, text: str) -> str:
        """A line that stays and may take several rows."""
        return f"{paint(word, style, colour=self._look.colour)} {' '.join(text.split())}"

    def _line(self, left: "list[Segment]", right: "Segment" = ("", ""), *, width: int) -> str:
        return fit(left, right, width, colour=self._look.colour, mark=self._look.cut)

    def _lines(self, now: float, width: int, *, logs: int, folded: bool, waiting: bool = True) -> list[str]:
        state = self._state
        done = state.count(*_FINISHED)
        steps = f"{done}/{state.total} steps" if state.total else ""
        clock = duration(now - state.began)
        right = f"{steps}  {clock}" if steps and width >= _ROOM_FOR_STEPS else clock
        lines = [self._line([(self._title, "bold")], (right, "bold"), width=width)]
        if state.context:
            lines.append(self._line([(f"  context: {state.context}", "dim")], width=width))
        lines += self._transfers(state.transfers, "  ", width)
        several = len(state.stages) > 1
        for stage in state.stages:
            steps_here = [step for step in state.steps if step.stage == stage.index]
            if several and steps_here and (waiting or any(step.state != WAITING for step in steps_here)):
                lines.append(self._heading(stage, steps_here, width))
            lines += self._stage(steps_here, now, width, logs=logs, folded=folded, waiting=waiting)
        return lines

    def _heading(self, stage: "Stage", steps: "list[Step]", width: int) -> str:
        left = [("  stage ", "dim"), (stage.name, "bold")]
        if stage.needs and all(step.state == WAITING for step in steps):
            names = {other.index: other.name for other in self._state.stages}
            left.append((" waits for " + ", ".join(names.get(n, str(n)) for n in stage.needs), "dim"))
        return self._line(left, width=width)

    def _stage(
        self, steps: "list[Step]", now: float, width: int, *, logs: int, folded: bool, waiting: bool
    ) -> list[str]:
        lines = []
        finished = [step for step in steps if step.state in _FINISHED]
        ahead = [step for step in steps if step.state == WAITING]
        if folded and len(finished) > 1:
            cached = sum(step.state == CACHED for step in finished)
            text = f"{len(finished)} steps done" + (f", {cached} of them cached" if cached else "")
            lines.append(self._line([(f"  {self._look.marks[DONE]} ", "green"), (text, "")], width=width))
        for step in steps:
            if step.state == WAITING or (folded and len(finished) > 1 and step.state in _FINISHED):
                continue
            lines += self._step(step, now, width, logs)
        if not waiting or not ahead:
            return lines
        if folded and len(ahead) > 1:
            text = f"  {self._look.marks[WAITING]} {len(ahead)} more steps"
            return [*lines, self._line([(text, "dim")], width=width)]
        return lines + [line for step in ahead for line in self._step(step, now, width, 0)]

    def _step(self, step: "Step", now: float, width: int, logs: int) -> list[str]:
        style = _STYLE[step.state]
        total = str(self._state.total)
        number = f"{step.number:>{len(total)}}/{total}" if step.number else " " * (2 * len(total) + 1)
        text_style = "dim" if step.state in (WAITING, CANCELED) else "bold" if step.state == RUNNING else ""
        left = [
            (f"  {self._look.marks[step.state]} ", style), (f"{number} ", style),
            (f"ONBUILD {step.text}" if step.trigger else step.text, text_style),
        ]  # fmt: skip
        # Steps that only follow another one that ran have no reason of their own.
        if step.state == DONE and step.reason and not step.reason.startswith("follows"):
            why = f"  ({step.reason})"
            if sum(cells(text) for text, _ in left) + cells(why) + len("  1m00s") < width:
                left.append((why, "dim"))
        lines = [self._line(left, (self._time(step, now), style), width=width)]
        if step.state == RUNNING:
            margin = " " * 4
            lines += self._transfers({"": step.transfers}, margin, width)
            for text in step.log.last(logs):
                lines.append(self._line([(f"{margin}{self._look.bar} {text}", "dim")], width=width))
        return lines

    def _time(self, step: "Step", now: float) -> str:
        if step.state == RUNNING:
            return duration(now - step.began)
        if step.state == DONE or (step.state in (FAILED, CANCELED) and step.seconds):
            return duration(step.seconds)
        return {CACHED: "cached", CANCELED: "canceled"}.get(step.state, "")

    def _transfers(
        self, found: "dict[str, dict[str, tuple[int, int]]]", margin: str, width: int
    ) -> list[str]:
        lines = []
        for name, items in found.items():
            groups = (
                {name: list(items.values())} if name else {item: [amount] for item, amount in items.items()}
            )
            for label, amounts in groups.items():
                current, total = (sum(column) for column in zip(*amounts, strict=True))
                size = human_size(current, 4) if current or total else ""
                size += f"/{human_size(total, 4)}" if total else ""
                lines.append(self._line([(f"{margin}{label.strip()}", "dim")], (size, "dim"), width=width))
        return lines
