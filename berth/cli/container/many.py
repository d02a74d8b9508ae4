"""One request for each of several containers, as ``stop a b c`` needs: all at once, answers in order."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from berth.cli.cli import Cli

_AT_ONCE = 50


def for_each(
    cli: "Cli",
    names: "list[str]",
    method: str,
    action: str,
    query: "Mapping[str, Any] | None" = None,
    *,
    together: bool = True,
) -> int:
    """``method /containers/NAME<action>`` for every name; names that succeeded go to standard output.

    The errors come together behind them, and the exit code is 1 when there was one.
    """
    errors: list[BerthError] = []
    for name, outcome in outcomes(cli, names, method, action, query, together=together):
        if outcome is None:
            cli.out.line(name)
        else:
            errors.append(outcome)
    return finish(errors)


def outcomes(
    cli: "Cli",
    names: "list[str]",
    method: str,
    action: str,
    query: "Mapping[str, Any] | None" = None,
    *,
    together: bool = True,
) -> "Iterator[tuple[str, BerthError | None]]":
    """(name, None or the error) in the order of ``names``."""
    if len(names) == 1 or not together:
        for name in names:
            path = container_path(name) + action
            yield name, _outcome(lambda path=path: cli.client.request(method, path, query).close())  # type: ignore[misc]
        return
    for start in range(0, len(names), _AT_ONCE):
        batch = names[start : start + _AT_ONCE]
        pending = [(name, cli.client.begin(method, container_path(name) + action, query)) for name in batch]
        for name, answer in pending:
            yield name, _outcome(lambda answer=answer: answer().close())  # type: ignore[misc]


def container_path(name: str) -> str:
    """``/containers/NAME``; Docker's client refuses an empty name itself."""
    if not name.strip():
        raise BerthError("invalid container name or ID: value is empty")
    return "/containers/" + quote_path(name)


def _outcome(act: "Callable[[], None]") -> BerthError | None:
    try:
        act()
    except ApiError as error:
        return error
    return None


def finish(errors: "list[BerthError]") -> int:
    """0, or Exit 1 with every error on a line of its own."""
    if not errors:
        return 0
    hint = next((error.hint for error in errors if error.hint), None)
    raise Exit(1, "\n".join(str(error) for error in errors), hint=hint)
