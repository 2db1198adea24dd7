"""A table for people looks as rich's own does, and takes no seconds for thousands of rows."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ledger.faces.cli.table import drawn

cells = st.one_of(
    st.sampled_from(["", "ada", "2022-12-31", "東京 2020", "a b", "zoë", "x" * 30]),
    st.text("ab 東ë", max_size=9).map(str.strip),
)


@st.composite
def tables(draw):
    count = draw(st.integers(1, 5))
    row = st.lists(cells, min_size=count, max_size=count)
    named = st.lists(cells.filter(str.strip), min_size=count, max_size=count)
    return draw(named), draw(st.lists(row, max_size=6)), draw(st.sets(st.integers(0, count - 1)))


def by_rich(header, rows, right, width):
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, name in enumerate(header):
        table.add_column(Text(name), justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(width=width, file=StringIO(), highlight=False, markup=False, emoji=False)
    console.print(table)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@given(tables())
def test_a_table_that_fits_is_the_one_that_rich_draws(table):
    header, rows, right = table
    ours = list(drawn(header, rows, right=right, line="─", most=None))
    assert ours == by_rich(header, rows, right, 1_000)
    assert ours == list(drawn(header, rows, right=right, line="─", most=max(map(cell_len, ours[:1])) + 1_000))


@given(tables(), st.integers(24, 60))
def test_a_table_that_does_not_fit_is_folded_and_loses_nothing(table, most):
    header, rows, right = table
    lines = list(drawn(header, rows, right=right, line="─", most=most))
    assert max(map(cell_len, lines)) <= most
    shown = "".join(lines)
    for sign in set("".join(map("".join, rows))) - {" "}:
        assert shown.count(sign) >= sum(cell.count(sign) for row in rows for cell in row)
    if any("─" in one for one in lines):  # else each row stands by itself
        words = " ".join(lines).split()
        assert all(word in words for row in rows for cell in row for word in cell.split())


def test_the_widest_columns_are_folded_and_at_words_where_that_goes():
    rows = [["ada", "5", "a member since the first days of it"], ["ben", "12", ""]]
    assert list(drawn(["id", "n", "text"], rows, right={1}, line="-", most=27, bold=True)) == [
        "\x1b[1mid     n   text\x1b[0m", "-" * 27,
        "ada    5   a member since", "           the first days", "           of it", "ben   12",
    ]  # fmt: skip
    assert list(drawn(["abc", "d"], [["e", "東"]], right={}, line="-", most=1)) == ["ab e", "c:", "d: 東"]


@pytest.mark.parametrize("most", [None, 80])
def test_two_thousand_rows_take_no_seconds(most):
    rows = [[f"m{place}", f"Member {place}", "certain", "2021-01-01/2021-12-31", "A" * 20] for place in range(2_000)]
    begun = time.process_time()
    assert len(list(drawn(["id", "name", "status", "since", "more"], rows, right={}, line="-", most=most))) >= 2_002
    assert time.process_time() - begun < 3
