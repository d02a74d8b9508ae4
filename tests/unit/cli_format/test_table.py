"""Alignment of columns."""

from berth.cli.format.table import align, align_text


def test_columns_fit_their_widest_cell() -> None:
    lines = [["A", "B", "C"], ["a long first cell", "b", "c"]]
    assert align(lines) == "A                   B         C\na long first cell   b         c\n"


def test_wide_characters_take_two_columns() -> None:
    assert align([["世界世界世界", "x"], ["ab", "y"]]) == "世界世界世界   x\nab             y\n"


def test_a_line_with_fewer_cells_ends_the_block() -> None:
    text = "Title\n k:\tvalue\n longer key:\tv\nTitle\n x:\ty\n"
    wanted = "Title\n k:          value\n longer key: v\nTitle\n x: y\n"
    assert align_text(text, min_width=0, padding=1) == wanted


def test_trailing_empty_cells_keep_their_padding() -> None:
    assert align([["A", ""], ["b", ""]]) == "A         \nb         \n"


def test_nothing_gives_nothing() -> None:
    assert align([]) == ""
