"""Rules of the house that no general tool knows."""

import ast
import re
from collections.abc import Iterator

from tests.lint.sources import ROOT, SCRIPTS, Source, package_sources, sources

# Rooms that may speak to the process they live in: print, exit, read the environment, configure logging.
PROGRAMS = ("cli", "daemon")
# Modules that are programs too: what runs in a process of its own.
PROGRAM_FILES = ("berth/image/worker.py",)
# Absolute directories that exist on a builder's machine and nowhere else.
FOREIGN_PATHS = re.compile("/(?:" + "|".join(("work", "workspace", "builds", "mnt/data")) + r")/\w")


def test_every_module_says_why_it_exists() -> None:
    silent = [s.name for s in sources() if s.text.strip() and ast.get_docstring(s.tree) is None]
    assert not silent, "\n".join(silent)


def test_tasks_are_made_in_one_place_only() -> None:
    """A task that nobody waits for loses its failure; ``TaskTree`` and ``TaskGroup`` do not."""
    found = [
        f"{source.name}:{line}"
        for source in package_sources()
        if source.name != "berth/base/tasks.py"
        for line in _bare_tasks(source)
    ]
    assert not found, "use base.tasks.TaskTree or asyncio.TaskGroup instead:\n" + "\n".join(found)


def _bare_tasks(source: Source) -> Iterator[int]:
    groups = _task_groups(source.tree)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in ("create_task", "ensure_future"):
            continue
        owner = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
        if owner not in groups:
            yield node.lineno


def _task_groups(tree: ast.Module) -> set[str]:
    """Names that hold a TaskGroup: bound by ``async with`` or annotated as one."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem) and node.optional_vars is not None:
            if "TaskGroup" in ast.unparse(node.context_expr):
                names.add(ast.unparse(node.optional_vars))
        elif isinstance(node, ast.arg) and "TaskGroup" in ast.unparse(node.annotation or node):
            names.add(node.arg)
    return names


def test_libraries_leave_the_process_alone() -> None:
    found = [
        f"{source.name}:{node.lineno} {ast.unparse(node)[:60]}"
        for source in package_sources()
        if source.room not in PROGRAMS and source.name not in PROGRAM_FILES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call | ast.Attribute) and _touches_process(node)
    ]
    assert not found, "only cli and daemon print, exit, read the environment, set up logging:\n" + "\n".join(
        found
    )


def _touches_process(node: ast.Call | ast.Attribute) -> bool:
    if isinstance(node, ast.Attribute):
        return ast.unparse(node) in ("os.environ", "posix.environ")
    called = ast.unparse(node.func)
    return called in ("print", "input", "sys.exit", "exit", "os._exit", "os.getenv", "logging.basicConfig")


def test_nothing_is_left_to_do() -> None:
    """An unfinished thought belongs in the tracker, where somebody will find it."""
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    found = [
        f"{source.name}:{number}"
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), 1)
        if words.search(line)
    ]
    assert not found, "\n".join(found)


def test_no_path_of_a_builders_machine() -> None:
    documents = [path.name for path in ROOT.glob("*.md")] + ["pyproject.toml"]
    texts = {source.name: source.text for source in sources()}
    texts.update({name: (ROOT / name).read_text() for name in (*documents, *SCRIPTS)})
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if FOREIGN_PATHS.search(line)
    ]
    assert not found, "\n".join(found)


def test_own_code_is_never_replaced_in_tests() -> None:
    """Memory twins and fakes with fields of their own, never a patch of a module (CONTRIBUTING.md)."""
    banned = ("unittest.mock", "monkeypatch.setattr", "mock.patch")
    found = [
        f"{source.name}: {word}"
        for source in sources()
        if source.name.startswith("tests/") and not source.name.startswith("tests/lint/")
        for word in banned
        if word in source.text
    ]
    assert not found, "\n".join(found)
