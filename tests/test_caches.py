"""What is remembered between calls can be forgotten: everything is answered as before."""

import sys

import pytest
from hypothesis import Phase, find, settings

import ledger
from ledger import Claim, MemberJoined, Members, MetricDefined, MetricUpdated, ReportPublished, Total
from ledger.model.errors import BadEvent
from ledger.recording.codec import decode
from ledger.testing import FrozenClock, LedgerMachine
from ledger.testing.strategies import events, filters, histories, measures, questions

ONE = settings(max_examples=200, derandomize=True, database=None, phases=[Phase.generate])


def forget():
    """Empty every cache of the library, as far as it is loaded, and give their names."""
    found = set()
    for name, module in sorted(sys.modules.items()):
        for one in vars(module).values() if name.split(".")[0] == "ledger" else ():
            if hasattr(one, "cache_clear"):
                one.cache_clear()
                found.add(one.__name__)
    return found


def told():
    """Ask for a little of everything."""
    with ledger.open(":memory:", clock=FrozenClock()) as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("co2", "t"),
            MemberJoined("ada", "2020", attributes={"country": "Spain"}),
            MetricUpdated("co2", "2021-01-01", "1 t", member="ada"),
            ReportPublished("r", "2021-06-30", claims=[Claim(Members(), "1")]),
        )
        club.record(MetricUpdated("co2", "2021-02-01", "2 kg", member="ada"))
        with pytest.raises(BadEvent):
            decode("member-joined", 1, '{"member":5}')
        series = list(club.timeline(Total("co2")).series("2020-12-31", "2021-03-31", every="month"))
        return club.at("2022-01-01").to_dict(), str(series), club.summary("2022-01-01")


def test_everything_is_answered_as_before_when_all_that_was_remembered_is_forgotten():
    before = told()
    assert len(forget()) > 20
    assert told() == before


def test_drawing_begins_anew_when_all_that_was_remembered_is_forgotten():
    forget()
    for strategy in events(), filters(), measures():
        find(strategy, lambda _: True, settings=ONE)
    drawn = histories(metrics=3, parts=True)
    find(drawn, lambda records: any(isinstance(one.event, MetricUpdated) for one in records), settings=ONE)
    find(questions(), lambda measure: isinstance(measure, Total), settings=ONE)
    machine = LedgerMachine()
    machine.teardown()
