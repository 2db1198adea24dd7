"""What tests draw prints as the code that makes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    Distinct,
    Members,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
    Total,
    replay,
)
from ledger.model.errors import BadInput
from ledger.testing import scripts
from ledger.testing.scripts import History, Replacing, code_of, history_of, records_of
from ledger.testing.strategies import events, histories, hostile_histories

NAMES = {**vars(ledger), **vars(scripts)}


def run(code):
    return eval(code, dict(NAMES))


@given(histories(metrics=3, parts=True) | hostile_histories(parts=True))
def test_a_history_prints_as_the_code_that_makes_it(records):
    assert isinstance(records, History)
    assert run(repr(records)) == records


@given(st.lists(st.lists(events(), min_size=1, max_size=3), max_size=3))
def test_any_event_prints_as_the_code_that_makes_it(batches):
    records = history_of(*batches)
    assert run(repr(records)) == records
    assert [record.event for record in records] == [event for batch in batches for event in batch]


def test_short_histories_print_on_one_line_and_longer_ones_a_batch_a_line():
    short = history_of([MetricDefined("rank")], [], [RecordRetracted("r1", "wrong")])
    assert repr(short) == "history_of([MetricDefined('rank')], [], [RecordRetracted('r1', reason='wrong')])"
    co2 = MetricDefined("co2", unit="t", title="What is emitted", nonnegative=True)
    assert repr(history_of([co2], [MetricDefined("rank")])) == (
        "history_of(\n    [MetricDefined('co2', unit='t', title='What is emitted', nonnegative=True)],\n"
        "    [MetricDefined('rank')],\n)"
    )


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (MetricUpdated("co2", "2021~", None), "MetricUpdated('co2', '2021~', None)"),
        (
            ReportPublished("r", "2021-02-01", claims=[Claim(Members({"country": ["Spain", None]}), ">= 2")]),
            "ReportPublished('r', '2021-02-01', claims=[Claim(Members(where={'country': [None, 'Spain']}), '>= 2')])",
        ),
        (Total("co2", members_at="2021-01-01"), "Total('co2', members_at='2021-01-01')"),
        (Distinct("country", suspended=True), "Distinct('country', suspended=True)"),
        (Replacing("r1", RecordRetracted("r2")), "Replacing('r1', RecordRetracted('r2'))"),
    ],
)
def test_only_what_differs_from_the_default_is_printed(value, code):
    assert code_of(value) == code
    assert not isinstance(value, Replacing) or repr(value) == code
    assert run(code) == value


def test_the_batches_of_a_ledger_are_recorded_one_a_day_and_numbered_by_initiative():
    records = records_of(
        ("chess", ledger.MemberJoined("ada", "2021-01-01"), ledger.MemberJoined("ben", "2021-01-01")),
        ("go", ledger.MemberJoined("ada", "2021-01-01")),
        ("chess", RecordRetracted("r2"), Replacing("r2", ledger.MemberJoined("bob", "2021-01-01"))),
    )
    assert [(one.position, one.initiative, one.version, one.id, one.recorded_at.day) for one in records] == [
        (1, "chess", 1, "r1", 1),
        (2, "chess", 2, "r2", 1),
        (3, "go", 1, "r3", 2),
        (4, "chess", 3, "r4", 3),
        (5, "chess", 4, "r5", 3),
    ]
    assert records[4].replaces == "r2"
    assert list(scripts.batches_of(records))[2][0] == "chess"
    assert records_of(*scripts.batches_of(records)) == records
    assert list(replay([one for one in records if one.initiative == "chess"], at="2021-01-01")) == ["ada", "bob"]


@pytest.mark.parametrize(
    "wrong", ["club", (), ("club",), (ledger.MemberJoined("ada", "2021"),), ledger.MemberJoined("ada", "2021")]
)
def test_what_is_no_batch_of_a_ledger_is_refused(wrong):
    with pytest.raises(BadInput, match="is no batch: give the id of an initiative and its events, as a tuple"):
        records_of(wrong)


def test_what_is_no_batch_of_a_history_is_refused():
    with pytest.raises(BadInput, match="is no batch: give the events that are recorded together in a list"):
        history_of(ledger.MemberJoined("ada", "2021"))
