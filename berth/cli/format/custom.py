"""The door to user-given formats: on the start path itself, it leads off it only when one was given."""

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable

    from berth.cli.format.rows import Row


def formatted(rows: "Iterable[Row]", kind: "type[Row]", format_text: str) -> str:
    """Rows through a user's format: ``json``, ``table {{...}}`` or a plain template."""
    from berth.cli.format.listing import render

    return render(rows, kind, format_text)
