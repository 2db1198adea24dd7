"""Messages: how many of many names they write out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import Overlapping, listed


@given(st.integers(0, 12), st.integers(1, 10))
def test_of_many_names_the_first_are_written_and_the_others_counted(count, most):
    names = [f"n{place}" for place in range(count)]
    written, _, more = listed(names, most).partition(" and ")
    named = written.split(", ") if written else []
    assert named == names[: len(named)]
    assert len(named) + int(more.removesuffix(" more") or 0) == count
    assert more != "1 more"
    assert len(named) == (count if count <= most + 1 else most)


def test_a_total_that_would_count_twice_names_some_of_the_pairs():
    pairs = [(f"part{place}", "union") for place in range(7)]
    assert "'part4' of 'union' and 2 more; say which of them count: overlap parts" in str(Overlapping("co2", pairs))
    assert "'part4' of 'union', 'part5' of 'union'; say which" in str(Overlapping("co2", pairs[:6]))
