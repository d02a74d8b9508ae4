"""Which containers use which volume."""

from berth.engine.engine import Engine


def users(engine: Engine) -> dict[str, list[str]]:
    """Container ids by the name of the volume that they mount."""
    found: dict[str, list[str]] = {}
    for cell in engine.containers:
        for point in cell.record.mounts:
            if point.kind == "volume" and point.name:
                found.setdefault(point.name, []).append(cell.id)
    return found
