"""The size limits of the house (CONTRIBUTING.md): a file or function above them asks to be split.

The limit of eight arguments is ruff's to watch (PLR0913).
"""

import statistics

from tests.lint.sources import functions, length, package_sources, sources

FILE_LIMIT = 600
FUNCTION_LIMIT = 80
# Nine files of ten, and nine functions of ten, should stay below these.
FILE_P90 = 350
FUNCTION_P90 = 35


def test_no_file_is_too_long() -> None:
    long = [f"{s.name}: {s.lines} lines" for s in sources() if s.lines > FILE_LIMIT]
    assert not long, "\n".join(long)


def test_no_function_is_too_long() -> None:
    long = [
        f"{s.name}:{f.lineno} {f.name}: {length(f)} lines"
        for s in sources()
        for f in functions(s)
        if length(f) > FUNCTION_LIMIT
    ]
    assert not long, "\n".join(long)


def test_nine_of_ten_are_small() -> None:
    files = [s.lines for s in package_sources() if s.lines > 1]
    sizes = [length(f) for s in package_sources() for f in functions(s)]
    file_p90 = statistics.quantiles(files, n=10)[8]
    function_p90 = statistics.quantiles(sizes, n=10)[8]
    assert file_p90 <= FILE_P90, f"p90 of {len(files)} files: {file_p90} lines"
    assert function_p90 <= FUNCTION_P90, f"p90 of {len(sizes)} functions: {function_p90} lines"
