"""How command lines find their verb, and what is said when they do not (A3.7, A3.8, A3.12, A7)."""

import subprocess
import sys
from pathlib import Path

import pytest

import berth
from berth.cli.dispatch import load
from berth.cli.table import COMMANDS, COMMON, GROUP_ALIASES, GROUPS, HIDDEN
from tests.unit.cli.conftest import Call, FakeDaemon

MODULES = {
    module: name
    for table in (COMMON, COMMANDS, HIDDEN, *(verbs for _, verbs in GROUPS.values()))
    for name, (module, _) in table.items()
}
# What no command may load before it knows that it needs it; each takes longer than talking to the daemon.
HEAVY = {
    "re", "json", "typing", "dataclasses", "logging", "argparse", "asyncio", "subprocess", "socket", "enum",
    "http.client", "collections", "functools", "threading", "ssl", "signal", "inspect", "email",
}  # fmt: skip


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_name_has_its_verb(module: str) -> None:
    found = load(module)
    assert callable(found.run)  # type: ignore[attr-defined]
    flags = found.COMMAND.flags  # type: ignore[attr-defined]
    names = [flag.name for flag in flags]
    shorts = [flag.short for flag in flags if flag.short]
    assert len(set(names)) == len(names)
    assert len(set(shorts)) == len(shorts)


def test_aliases_lead_somewhere() -> None:
    for group, names in GROUP_ALIASES.items():
        for alias, name in names.items():
            assert alias not in GROUPS[group][1]
            assert name in GROUPS[group][1]


def started_modules(words: list[str], env: dict[str, str]) -> set[str]:
    """What a fresh interpreter has loaded after one command."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(berth.__file__).parents[1])!r})\n"
        "before = set(sys.modules)\n"
        "from berth.cli.__main__ import run\n"
        f"run('docker', {words!r}, {env!r})\n"
        "sys.stderr.write('\\n' + ' '.join(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stderr.rpartition("\n")[2].split())


@pytest.mark.parametrize(
    "words",
    [["ps"], ["images"], ["kill", "x"], ["run", "-d", "x"], ["exec", "x", "y"], ["logs", "x"], ["rm", "x"]],
    ids=" ".join,
)
def test_start_stays_slim(words: list[str], daemon: FakeDaemon, tmp_path: Path) -> None:
    daemon.on("GET /containers/json", (200, []))
    daemon.on("GET /images/json", (200, []))
    daemon.on("POST /containers/create", (201, {"Id": "x", "Warnings": []}))
    daemon.on("POST /containers/x/start", (204, None))
    daemon.on("GET /containers/x/json", (200, {"Id": "x", "Config": {"Tty": True}}))
    daemon.on("GET /containers/x/logs", (200, "x"))
    loaded = started_modules(words, {"HOME": str(tmp_path), "DOCKER_HOST": f"unix://{daemon.path}"})
    assert daemon.seen()
    assert not loaded & HEAVY


def test_alone(call: Call) -> None:
    code, out, err = call()
    assert (code, out) == (0, "")
    assert err.startswith(
        "Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n\nCommon"
    )
    heads = [line for line in err.splitlines() if line.endswith(":") and line[0] != " "]
    assert heads == ["Common Commands:", "Management Commands:", "Commands:", "Global Options:"]
    assert call("--help").out == err
    assert call("help").out == err


def test_group_alone(call: Call) -> None:
    code, out, err = call("container")
    assert (code, out) == (0, "")
    assert err.startswith(
        "Usage:  docker container COMMAND\n\nManage containers\n\nCommands:\n  attach      Attach"
    )
    assert err.endswith("\n\nRun 'docker container COMMAND --help' for more information on a command.\n")
    assert call("container", "--help").out == err


RUN_USAGE = "\n\nUsage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\n"


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("commmit", 1, "docker: unknown command: docker commmit\n\nRun 'docker --help' for more information"),
        (
            "container purge",
            1,
            "docker: unknown command: docker container purge\n\nUsage:  docker container\n\n"
            "Run 'docker container --help' for more information",
        ),
        (
            "container --foo",
            125,
            "unknown flag: --foo\n\nUsage:  docker container\n\n"
            "Run 'docker container --help' for more information",
        ),
        (
            "--foo",
            125,
            "unknown flag: --foo\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\n"
            "Run 'docker --help' for more information",
        ),
        (
            "run",
            1,
            f"docker: 'docker run' requires at least 1 argument{RUN_USAGE}"
            "See 'docker run --help' for more information",
        ),
        ("run --foo", 125, f"unknown flag: --foo{RUN_USAGE}Run 'docker run --help' for more information"),
        (
            "rename a",
            1,
            "docker: 'docker rename' requires 2 arguments\n\nUsage:  docker rename CONTAINER NEW_NAME\n\n"
            "Run 'docker rename --help' for more information",
        ),
        (
            "ps x",
            1,
            "docker: 'docker ps' accepts no arguments\n\nUsage:  docker ps [OPTIONS]\n\n"
            "Run 'docker ps --help' for more information",
        ),
        ("-l bad ps", 1, "Unable to parse logging level: bad"),
        ("help nope", 1, "unknown help topic: nope"),
        ("-H a -H b ps", 1, "Specify only one -H"),
        ("-c x -H a ps", 1, "conflicting options: cannot specify both --host and --context"),
        (
            "container rm",
            1,
            "docker: 'docker container rm' requires at least 1 argument\n\n"
            "Usage:  docker container rm [OPTIONS] CONTAINER [CONTAINER...]\n\n"
            "See 'docker container rm --help' for more information",
        ),
    ],
)
def test_mistakes(line: str, code: int, text: str, call: Call) -> None:
    result = call(*line.split())
    assert (result.code, result.out) == (code, "")
    assert result.err.partition("\nhint: ")[0].rstrip("\n") == text


def test_the_name_it_is_called_by(call: Call) -> None:
    assert "'berth rename' requires 2 arguments" in call("rename", "x", program="berth").err
    assert call("container", "list", "--help").out.startswith("Usage:  docker container ls [OPTIONS]\n")
    assert call("--version", program="berth").out == f"Berth version {berth.__version__}, build berth\n"


def test_help_goes_before_the_count_of_arguments(call: Call) -> None:
    code, out, _ = call("rename", "--help")
    assert code == 0
    assert out.startswith("Usage:  docker rename CONTAINER NEW_NAME\n\nRename a container\n\nAliases:\n")
    assert call("help", "rename").out == out
    assert call("rename", "x", "--nope", "--help").code == 125
