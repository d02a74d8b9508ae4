"""ruff, mypy, the import contracts and bash's own parser have nothing to say."""

import shutil
import subprocess
import sys

import pytest

from tests.lint.sources import ROOT, SCRIPTS


def check(*command: str) -> None:
    """Run a tool at the top of the repository; its output is the message of a failure."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def test_ruff_finds_nothing() -> None:
    check(sys.executable, "-m", "ruff", "check", ".")


def test_every_file_is_formatted() -> None:
    check(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_mypy_strict() -> None:
    check(sys.executable, "-m", "mypy")


def test_import_contracts() -> None:
    check(sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()")


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_parse(script: str) -> None:
    path = ROOT / script
    assert path.is_file()
    check("bash", "-n", str(path))
    if path.suffix != ".sh":
        assert path.stat().st_mode & 0o111, f"{script} cannot be executed"


def test_shellcheck() -> None:
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("shellcheck is not installed")
    check(program, "--external-sources", *SCRIPTS)
