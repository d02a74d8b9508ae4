"""``--progress=rawjson``: the records as BuildKit's status messages, lines of JSON on standard error.

A vertex is a step, named by its key. Shapes: BuildKit's client.SolveStatus as buildx prints it.
"""

from berth.wire.json import dumps

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def moment(nanoseconds: int) -> str:
    """RFC 3339 with nine digits, in UTC."""
    import time

    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09}Z"


class Translator:
    """Record by record; remembers the plan and when each step began."""

    def __init__(self) -> None:
        self._steps: list[Json] = []
        self._stages: dict[int, str] = {}
        self._total = 0
        self._began: dict[int, int] = {}

    def lines(self, record: "Json") -> list[str]:
        """The messages for one record; none for what BuildKit has no word for."""
        act = getattr(self, f"_{record.get('kind', '')}", None)
        found = act(record) if act is not None else None
        return [dumps(found)] if found else []

    def _vertex(self, index: int, **more: "Any") -> "Json":
        step = self._steps[index]
        stage = self._stages.get(step["stage"], "")
        name = f"{stage} " if len(self._stages) > 1 and stage else ""
        text = " ".join(step["text"].split())
        title = (
            f"[{name}{step['number']}/{self._total}] {text}" if step["number"] else f"[{name}onbuild] {text}"
        )
        vertex: Json = {"digest": step["key"], "name": title}
        needs = [self._steps[other]["key"] for other in step.get("needs", ())]
        if needs:
            vertex["inputs"] = needs
        if index in self._began:
            vertex["started"] = moment(self._began[index])
        vertex.update(more)
        return {"vertexes": [vertex]}

    def _planned(self, record: "Json") -> "Json":
        self._steps = record["steps"]
        self._total = record["total"]
        self._stages = {
            stage["index"]: stage.get("name") or f"stage-{stage['index']}" for stage in record["stages"]
        }
        vertexes = [self._vertex(index)["vertexes"][0] for index in range(len(self._steps))]
        return {"vertexes": vertexes}

    def _step_started(self, record: "Json") -> "Json":
        self._began.setdefault(record["step"], record.get("time_ns", 0))
        return self._vertex(record["step"])

    def _step_log(self, record: "Json") -> "Json":
        import base64

        data = base64.b64encode(record["data"].encode("utf-8", "surrogateescape")).decode()
        log = {
            "vertex": self._steps[record["step"]]["key"],
            "stream": record["stream"],
            "data": data,
            "timestamp": moment(record.get("time_ns", 0)),
        }
        return {"logs": [log]}

    def _step_cached(self, record: "Json") -> "Json":
        now = record.get("time_ns", 0)
        self._began.setdefault(record["step"], now)
        return self._vertex(record["step"], completed=moment(now), cached=True)

    def _step_done(self, record: "Json") -> "Json":
        return self._vertex(record["step"], completed=moment(record.get("time_ns", 0)))

    def _step_failed(self, record: "Json") -> "Json":
        return self._vertex(
            record["step"], completed=moment(record.get("time_ns", 0)), error=record["message"]
        )

    def _step_canceled(self, record: "Json") -> "Json":
        return self._vertex(
            record["step"], completed=moment(record.get("time_ns", 0)), error="context canceled"
        )

    def _transfer(self, record: "Json") -> "Json | None":
        step = record.get("step")
        if step is None or step >= len(self._steps):
            return None
        status = {
            "id": record.get("item") or record.get("name", ""),
            "vertex": self._steps[step]["key"],
            "name": record.get("action", ""),
            "current": record.get("current", 0),
            "total": record.get("total", 0),
            "timestamp": moment(record.get("time_ns", 0)),
        }
        return {"statuses": [status]}

    def _warning(self, record: "Json") -> "Json":
        import base64

        step = record.get("step")
        text = f"{record['rule']}: {record['text']}" if record.get("rule") else record["text"]
        warning: Json = {
            "vertex": self._steps[step]["key"] if step is not None else "",
            "level": 1,
            "short": base64.b64encode(text.encode()).decode(),
        }
        if record.get("description"):
            warning["detail"] = [base64.b64encode(record["description"].encode()).decode()]
        if record.get("line"):
            lines = {
                "start": {"line": record["line"]},
                "end": {"line": record.get("end_line") or record["line"]},
            }
            warning["range"] = [lines]
        return {"warnings": [warning]}
