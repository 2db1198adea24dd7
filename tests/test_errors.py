"""Messages: how many of many names they write out."""

from __future__ import annotations

import pickle
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Ledger, MemberJoined
from ledger.model.errors import Overlapping, Unconfirmed, listed
from ledger.stores.sqlite.store import SqliteStore


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


class DoesNotTell(SqliteStore):
    """A store that keeps each batch, and cannot say so."""

    @contextmanager
    def writing(self, initiative):
        with super().writing(initiative) as append:
            yield append
        raise Unconfirmed("club.db: it did not confirm")


def test_who_records_a_batch_again_is_told_its_ids():
    store = DoesNotTell(":memory:")
    events = [MemberJoined(f"m{number}", "2020") for number in range(9)]
    with Ledger(store) as book:
        with pytest.raises(Unconfirmed) as found:
            book.initiative("club").record(*events)
        ids = tuple(record.id for record in book.records())
        assert found.value.ids == pickle.loads(pickle.dumps(found.value)).ids == ids
        assert str(found.value) == (
            f"club.db: it did not confirm: record it then with the same ids: {', '.join(ids[:5])} and 4 more"
        )
        with pytest.raises(Unconfirmed):
            book.initiative("club").record(*events, ids=found.value.ids)
        assert len(list(book.records())) == 9


def test_where_no_ids_were_made_none_are_told():
    assert str(Unconfirmed("club.db: so")) == "club.db: so: record it then with the same ids"
