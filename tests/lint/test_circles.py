"""No import circle between files, those for types only included."""

import grimp


def test_no_file_is_in_a_circle() -> None:
    graph = grimp.build_graph("berth")
    arrows = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    circles = [sorted(group) for group in _strong_groups(arrows) if len(group) > 1]
    assert not circles, "\n".join(" <-> ".join(group) for group in circles)


def _strong_groups(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that all reach one another: forward and backward reach in common."""
    reach = {module: _reached(module, arrows) for module in arrows}
    groups: list[set[str]] = []
    placed: set[str] = set()
    for module in sorted(arrows):
        if module not in placed:
            group = {module} | {other for other in reach[module] if module in reach[other]}
            placed |= group
            groups.append(group)
    return groups


def _reached(start: str, arrows: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    pending = [start]
    while pending:
        for target in arrows.get(pending.pop(), ()):
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return seen
