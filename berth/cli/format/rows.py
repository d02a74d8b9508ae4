"""A row of a listing: named cells that default tables, templates and JSON all read.

A row class has one method per cell, named as in Docker's templates (``{{.ID}}``), so that a default
table costs nothing but those calls and a template can reach exactly the same names. Start path.
"""

from berth.cli.format.table import align

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, ClassVar

TABLE, JSON, RAW = "table", "json", "raw"


class Row:
    """Base of all rows. Subclasses state their facts in the three class attributes."""

    GO_TYPE: "ClassVar[str]"
    """Name of the context in error texts of templates, for example ``*formatter.ContainerContext``."""
    HEADERS: "ClassVar[dict[str, str]]"
    """Column titles by cell name; a cell without a title can be used, its header is ``<no value>``."""
    CELLS: "ClassVar[tuple[str, ...]]" = ()
    """Methods without arguments, in alphabetical order: what ``--format json`` prints."""
    CALLS: "ClassVar[tuple[str, ...]]" = ()
    """Methods with one text argument, for example ``Label``."""


class Titles(dict[str, str]):
    """The column titles by cell name: what a table's header is rendered from."""

    @staticmethod
    def Label(name: str) -> str:
        """The title of a column that shows one label: its last part, with blanks for dashes."""
        return name.split(".")[-1].replace("-", " ").replace("_", " ")


def column_table(rows: "Sequence[Row]", kind: "type[Row]", columns: "Iterable[str]") -> str:
    """The default table: a header and one line per row, cells by name."""
    names = tuple(columns)
    lines = [[kind.HEADERS[name] for name in names]]
    methods = [getattr(kind, name) for name in names]
    lines += [[method(row) for method in methods] for row in rows]
    return align(lines)


def lines_of(rows: "Iterable[Row]", cell: str) -> str:
    """One cell of each row, a line each: ``--quiet``."""
    return "".join([f"{getattr(row, cell)()}\n" for row in rows])


def json_cells(row: Row) -> "dict[str, Any]":
    """All argument-free cells by name."""
    return {name: getattr(row, name)() for name in row.CELLS}
