"""Relations over a lake, asked on DuckDB: of all initiatives at once they say what their states say one by one."""

import tempfile

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lakes
from ledger import (
    relations,
)
from ledger.testing.histories import METRICS, VALUES, breakpoints
from ledger.testing.strategies import ledgers

REFUSED = relations.REFUSED
CONNECTION = ibis.duckdb.connect()


@st.composite
def asked(draw):
    """A ledger, some days at which its answers can change, and a moment: a position, an instant or none."""
    book = draw(ledgers(initiatives=3, parts=draw(st.booleans())))
    records = list(book.records())
    days = breakpoints(records)
    days = draw(st.just(days) | st.sampled_from(days).map(lambda one: [one]))
    record = draw(st.sampled_from([None, *records]))
    return book, days, draw(st.sampled_from([record and record.position, record and record.recorded_at]))


@given(
    asked(),
    st.sampled_from([None, *sorted(VALUES)]),
    st.none() | st.sampled_from(["2020-06-01", "2022-01-01"]),
)
def test_of_all_initiatives_at_once_they_say_what_states_say_one_by_one(asked, by, members_at):
    book, days, known_at = asked
    at = days if len(days) > 1 else days[0]
    with tempfile.TemporaryDirectory() as folder:
        book.to_parquet(folder, partitions=1)
        lake = relations.lake(CONNECTION, folder)
        assert lakes.rows_of(relations.members(lake, at, known_at)) == lakes.members(book, days, known_at)
        assert lakes.rows_of(relations.counts(lake, at, known_at, by=by)) == lakes.counts(book, days, known_at, by)
        for metric in METRICS[: 1 if members_at else 3]:
            told = relations.totals(lake, metric.metric, at, known_at, by=by, members_at=members_at)
            expected = lakes.totals(book, metric.metric, days, known_at, by, members_at)
            assert lakes.asked_totals(told) == [one for one in expected if by is None or one[-1] not in REFUSED]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    """The ledger of many initiatives that is asked on Spark too, and its lake."""
    folder = tmp_path_factory.mktemp("lake")
    book = lakes.fixed_ledger()
    book.to_parquet(folder)
    return book, relations.lake(CONNECTION, folder)


@pytest.mark.parametrize("question", lakes.QUESTIONS, ids=str)
def test_of_a_fixed_ledger_they_say_what_its_states_say(fixed, question):
    question.require(*fixed)
