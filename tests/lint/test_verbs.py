"""One verb, one name, three files: every command of the client's table has its module, and every verb its
file on each floor. The table names modules by text, which no import checker follows."""

import importlib
from collections.abc import Iterator

import pytest

from berth.cli import table
from tests.lint.sources import PACKAGE

# Verbs of the client that are put together from others, or never reach an engine.
CLIENT_ONLY = {
    "completion",
    "inspect",  # asks container, image, network and volume in turn
    "container.port",
    "container.run",
    "manifest.annotate",  # lists in the making are the client's
    "manifest.create",
    "manifest.rm",
    "system.aliases",
    "system.logout",  # credentials are the client's
    "system.prune",
}
CLIENT_ONLY_SUBJECTS = {"contexts"}
# Where Docker's API has another name for the verb than its client.
OTHERWISE = {
    "builder.du": ("cli/builder/du", "api/system/df", "engine/system/df"),
    "builder.prune": ("cli/builder/prune", "api/build/prune", "engine/build/prune"),
    "image.build": ("cli/image/build", "api/build/build", "engine/build/build"),
    "container.cp": ("cli/container/cp", "api/container/archive", "engine/container/archive"),
    "container.exec": ("cli/container/exec", "api/exec/start", "engine/exec/start"),
    "image.pull": ("cli/image/pull", "api/image/create", "engine/image/pull"),
    "system.login": ("cli/system/login", "api/system/auth", "engine/system/auth"),
    "system.search": ("cli/system/search", "api/image/search", "engine/image/search"),
    "image.import_": ("cli/image/import_", "api/image/create", "engine/image/import_"),
}


def entries() -> Iterator[tuple[str, str]]:
    """Every (module, line of help) of the table."""
    yield from table.COMMON.values()
    yield from table.COMMANDS.values()
    for _, commands in table.GROUPS.values():
        yield from commands.values()


def talks_to_engine(module: str) -> bool:
    """Whether the command of this module is one verb of the engine."""
    return module not in CLIENT_ONLY and module.partition(".")[0] not in CLIENT_ONLY_SUBJECTS


MODULES = sorted({module for module, _ in entries()})
VERBS = [module for module in MODULES if talks_to_engine(module)]


@pytest.mark.parametrize("module", MODULES)
def test_every_command_of_the_table_can_be_called(module: str) -> None:
    loaded = importlib.import_module(f"berth.cli.{module}")
    assert callable(loaded.run)
    assert loaded.COMMAND


@pytest.mark.parametrize("module", VERBS)
def test_every_verb_has_its_three_files(module: str) -> None:
    path = module.replace(".", "/")
    expected = OTHERWISE.get(module, (f"cli/{path}", f"api/{path}", f"engine/{path}"))
    missing = [f"berth/{name}.py" for name in expected if not (PACKAGE / f"{name}.py").is_file()]
    assert not missing, "\n".join(missing)


def test_every_command_has_a_line_of_help() -> None:
    assert not [module for module, line in entries() if not line or line.endswith(".")]


def test_every_alias_leads_somewhere() -> None:
    for group, aliases in table.GROUP_ALIASES.items():
        commands = table.GROUPS[group][1]
        assert not set(aliases.values()) - set(commands)
        assert not set(aliases) & set(commands)
