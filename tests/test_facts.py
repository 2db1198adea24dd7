"""What each event says: the table in `ledger.model.facts`, row by row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given

from ledger.model.events import (
    EVENTS,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.facts import ALWAYS, Register, attribute_of, facts_of, metric_of, status_of, window_of
from ledger.testing.histories import hostile_histories

DEFINED = MetricDefined("co2", unit="kt")
PUBLISHED = ReportPublished("first", "2021")

SAID = [
    (
        InitiativeLaunched("2021", name="Clusters", supporters=["A", "B"], attributes={"seat": "Geneva"}),
        {
            ("initiative", "", "status", ""): "launched",
            ("initiative", "", "name", ""): "Clusters",
            ("initiative", "", "attribute", "seat"): "Geneva",
            ("initiative", "", "supporters", ""): "A\nB",
        },
    ),
    (InitiativeChanged("2021"), {}),
    (InitiativeChanged("2021", supporters=[]), {("initiative", "", "supporters", ""): ""}),
    (InitiativeChanged("2021", name="New"), {("initiative", "", "name", ""): "New"}),
    (InitiativeClosed("2021"), {("initiative", "", "status", ""): "closed"}),
    (
        MemberJoined("basque", "2021", name="Basque", attributes={"country": "Spain"}, part_of="whole"),
        {
            ("member", "basque", "status", ""): "joined",
            ("member", "basque", "joined", ""): "joined",
            ("member", "basque", "name", ""): "Basque",
            ("member", "basque", "attribute", "country"): "Spain",
            ("member", "basque", "part_of", ""): "whole",
        },
    ),
    (
        MemberJoined("basque", "2021"),
        {("member", "basque", "status", ""): "joined", ("member", "basque", "joined", ""): "joined"},
    ),
    (MemberLeft("basque", "2021", successors=["a", "b"]), {("member", "basque", "status", ""): "left"}),
    (MemberSuspended("basque", "2021"), {("member", "basque", "status", ""): "suspended"}),
    (MemberReinstated("basque", "2021"), {("member", "basque", "status", ""): "reinstated"}),
    (MemberChanged("basque", "2021"), {}),
    (
        MemberChanged("basque", "2021", part_of="", attributes={"country": None}),
        {("member", "basque", "attribute", "country"): None, ("member", "basque", "part_of", ""): None},
    ),
    (DEFINED, {("metric", "co2", "definition", ""): DEFINED}),
    (MetricUpdated("co2", "2021", "1 kt", member="basque"), {("member", "basque", "metric", "co2"): "1 kt"}),
    (MetricUpdated("co2", "2021", "1 kt"), {("initiative", "", "metric", "co2"): "1 kt"}),
    (MetricUpdated("co2", "2021", None), {("initiative", "", "metric", "co2"): None}),
    (PUBLISHED, {("report", "first", "published", ""): PUBLISHED}),
    (RecordRetracted("r1"), {}),
]


@pytest.mark.parametrize(("event", "said"), SAID, ids=lambda value: type(value).__name__)
def test_an_event_says(event, said):
    assert {tuple(fact.register): fact.value for fact in facts_of(event)} == said


def test_every_kind_of_event_is_in_the_table():
    assert {type(event) for event, _ in SAID} == set(EVENTS)


def test_amounts_are_said_in_base_units():
    (fact,) = facts_of(MetricUpdated("co2", "2021", ">= 1.5 kt"))
    assert (fact.value, fact.low, fact.high) == (">= 1.5 kt", Decimal(1500), None)
    (withdrawn,) = facts_of(MetricUpdated("co2", "2021", None))
    assert (withdrawn.low, withdrawn.high) == (None, None)


def test_what_has_no_day_holds_for_all_days():
    assert window_of(DEFINED) == window_of(RecordRetracted("r1")) == ALWAYS
    assert window_of(PUBLISHED) == (date(2021, 1, 1), date(2021, 12, 31))


def test_registers_have_names():
    assert status_of("basque") == Register("member", "basque", "status")
    assert attribute_of("basque", "country") == Register("member", "basque", "attribute", "country")
    assert metric_of("co2", None) == Register("initiative", "", "metric", "co2")


@given(hostile_histories(parts=True))
def test_an_event_writes_to_a_register_once(records):
    for record in records:
        registers = [said.register for said in facts_of(record.event)]
        assert len(registers) == len(set(registers))
