"""History: every record on a member or a metric, in order of effect, the same by index as by reading all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger.model.errors import BadInput, UnknownInitiative, UnknownMember, UnknownMetric, UnknownReport
from ledger.model.events import (
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.facts import window_of
from ledger.model.records import Record
from ledger.model.registers import chain
from ledger.queries.history import history
from ledger.recording.batch import Terms, entries_of, written
from ledger.stores.history import names_of, query_of
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing.histories import FIRST_INSTANT, MEMBERS, METRICS, histories, hostile_histories

EXAMPLES = settings.default.max_examples  # of the profile

SUBJECTS = [
    *({"member": member} for member in MEMBERS),
    *({"metric": metric.metric} for metric in METRICS),
    *({"member": member, "metric": "co2"} for member in MEMBERS),
    *({"report": report} for report in MEMBERS),  # reports are drawn by the same names
]


def recorded(*events, replaces=None):
    return [
        Record(
            place, "clusters", place, f"r{place}", FIRST_INSTANT + timedelta(days=place), event,
            source=f"page {place}", replaces=(replaces or {}).get(place),
        )
        for place, event in enumerate(events, 1)
    ]  # fmt: skip


def on(records, member=None, metric=None, report=None):
    """The records that speak of it, in the plainest way."""
    return [
        record
        for record in records
        if (member is None or getattr(record.event, "member", None) == member)
        and (metric is None or getattr(record.event, "metric", None) == metric)
        and (report is None or getattr(record.event, "report", None) == report)
    ]


def gone(records):
    return {record.event.record for record in records if isinstance(record.event, RecordRetracted)}


# --- what it holds, and in which order


@given(
    histories(parts=True) | hostile_histories(parts=True), st.sampled_from(SUBJECTS), st.randoms(use_true_random=False)
)
@settings(max_examples=2 * EXAMPLES)
def test_it_holds_exactly_the_records_that_speak_of_the_subject(records, subject, random):
    entries = history(random.sample(records, len(records)), **subject)
    assert sorted(entry.record.position for entry in entries) == [one.position for one in on(records, **subject)]
    for entry in entries:
        assert entry.retracted is (entry.record.id in gone(records))
        assert entry.retracted_by is None or entry.retracted_by.event.record == entry.record.id
        assert entry.replaced_by is None or entry.replaced_by.replaces == entry.record.id
        assert (entry.replaced_by is None) is (entry.record.id not in {one.replaces for one in records})
        assert json.loads(json.dumps(entry.to_dict()))["retracted_by"] == (entry.retracted_by and entry.retracted_by.id)
        assert str(entry)


@given(histories(parts=True), st.sampled_from(SUBJECTS))
@settings(max_examples=2 * EXAMPLES)
def test_what_stands_is_in_the_order_of_its_chain_as_if_nothing_had_been_retracted(records, subject):
    ranks = {}
    for record in records:
        ranks[record.id] = ranks.get(record.replaces, record.version)
    facts = [
        (ranks[one.id], one.position, *window_of(one.event), None, None, None)
        for one in on(records, **subject)
        if one.id not in gone(records)
    ]
    standing = [entry.record.position for entry in history(records, **subject) if not entry.retracted]
    assert standing == [position for _, position, *_ in chain(facts).facts]


@given(histories(parts=True, rough=False), st.sampled_from(SUBJECTS))
def test_exact_days_are_in_their_order(records, subject):
    days = [window_of(entry.record.event) for entry in history(records, **subject)]
    assert days == sorted(days)


def test_a_record_that_was_corrected_is_shown_with_what_undid_it():
    records = recorded(
        MemberJoined("basque", "2021-03-01"),
        MemberLeft("basque", "2021-06-01"),
        RecordRetracted("r1", reason="misread"),
        MemberJoined("basque", "2021-02-01"),
        RecordRetracted("r2"),
        replaces={4: "r1"},
    )
    joined, wrong, left = history(records, member="basque")
    assert [str(entry) for entry in (joined, wrong, left)] == [
        "2021-02-01 MemberJoined basque (page 4)",
        "2021-03-01 MemberJoined basque (page 1) - corrected on 2024-01-04: misread",
        "2021-06-01 MemberLeft basque (page 2) - retracted on 2024-01-06",
    ]
    assert (wrong.retracted_by, wrong.replaced_by) == (records[2], records[3])
    assert left.to_dict() == {
        "position": 2,
        "id": "r2",
        "version": 2,
        "event": "MemberLeft",
        "says": {"member": "basque", "effective": "2021-06-01"},
        "effective": "2021-06-01",
        "recorded_at": "2024-01-03T00:00:00.000000Z",
        "source": "page 2",
        "retracted_by": "r5",
        "replaced_by": None,
    }


def test_a_retracted_record_does_not_push_others_out_of_their_order():
    records = recorded(
        MemberChanged("basque", "2021-06-01"),
        MemberChanged("basque", "2021"),
        MemberChanged("basque", "2021-03-01"),
        RecordRetracted("r1"),
    )
    assert [entry.record.id for entry in history(records[:3], member="basque")] == ["r3", "r1", "r2"]
    assert [entry.record.id for entry in history(records, member="basque")] == ["r2", "r3", "r1"]


def test_a_metric_has_its_definition_and_all_values_in_its_history():
    records = recorded(
        MetricUpdated("co2", "2021-02", "5 t"),
        MetricUpdated("co2", "2021-01-01", None, member="basque"),
        MetricDefined("co2", "t"),
        MemberJoined("basque", "2021-01-01"),
    )
    records = [evolve(record, source="") for record in records]
    assert [str(entry) for entry in history(records, metric="co2")] == [
        "always MetricDefined co2",
        "2021-01-01 MetricUpdated co2 basque withdrawn",
        "2021-02 MetricUpdated co2 5 t",
    ]
    assert history(records, metric="co2")[0].effective is None
    assert history(records, metric="co2")[0].to_dict()["effective"] is None


# --- in a file


def stored(store, initiative, records):
    """Write a drawn history, corrections too; events that the rules would refuse as well."""
    ids = {record.id: str(uuid4()) for record in records}
    ranks = {}
    for record in records:
        ranks[record.id] = ranks.get(record.replaces, record.version)
        event = record.event
        if isinstance(event, RecordRetracted):
            event = evolve(event, record=ids[event.record])
        with store.writing(initiative) as append:
            entries = entries_of([event], append.head, {0: ranks[record.id]})
            moment = (append.head.recorded_at or datetime(2024, 1, 1, tzinfo=UTC)) + timedelta(days=1)
            _, rows = written(
                entries,
                initiative=initiative,
                head=append.head,
                tree=append.tree,
                ids=[ids[record.id]],
                recorded_at=moment,
                terms=Terms(),
                replaces={0: ids[record.replaces]} if record.replaces else {},
            )
            append.append(entries, rows)


@given(histories(parts=True), histories(parts=True, max_size=4), st.sampled_from(SUBJECTS))
def test_a_file_tells_the_same_history_as_all_its_records(records, others, subject):
    with ledger.open(":memory:") as book:
        stored(book._store, "others", others)
        stored(book._store, "clusters", records)
        clusters = book.initiative("clusters")
        expected = history(book._store.records("clusters"), **subject)
        if expected:
            assert clusters.history(**subject) == expected
        elif not records:
            with pytest.raises(UnknownInitiative):
                clusters.history(**subject)
        else:
            try:
                assert clusters.history(**subject) == ()
                assert len(subject) == 2
            except UnknownMember:
                assert not on(records, subject["member"])
            except UnknownMetric:
                assert not on(records, metric=subject["metric"])
            except UnknownReport:
                assert not on(records, **subject)


def test_what_says_no_fact_is_found_and_so_is_what_another_member_replaced():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        records = recorded(
            MemberJoined("basque", "2021-01-01"),
            MemberChanged("basque", "2021-02-01"),
            MemberJoined("ohio", "2021-02-01"),
            RecordRetracted("r2"),
            MemberChanged("ohio", "2021-02-01"),
            replaces={5: "r2"},
        )
        stored(book._store, "clusters", records)
        joined, changed = clusters.history("basque")
        assert (joined.retracted, changed.retracted) == (False, True)
        assert changed.replaced_by.event == records[4].event
        # a replacement has the rank of what it replaced, so here it comes before what was recorded earlier
        assert [entry.record.event for entry in clusters.history("ohio")] == [records[4].event, records[2].event]


@pytest.mark.parametrize(
    "subject", [("basque", None, None), (None, "co2", None), ("basque", "co2", None), (None, None, "pr-2023-01")]
)
def test_no_table_is_read_from_end_to_end(subject):
    store = SqliteStore(":memory:")
    with store._reading() as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {query_of(*subject)}",
            {"initiative": "clusters", "member": subject[0], "metric": subject[1], "report": subject[2]},
        ).fetchall()
    store.close()
    steps = [step for _, _, _, step in plan]
    assert any("SEARCH" in step for step in steps)
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert scanned <= {"told", "replaced", "linked"}


@pytest.mark.parametrize("subject", ["member", "metric", "report", "attribute"])
def test_no_record_is_read_for_the_names_there_are(subject):
    store = SqliteStore(":memory:")
    steps = []
    with store._reading() as connection:
        connection.set_trace_callback(steps.append)
        assert names_of(connection, "clusters", subject) == []
        connection.set_trace_callback(None)
        plan = [step for _, _, _, step in connection.execute(f"EXPLAIN QUERY PLAN {steps[0]}")]
    store.close()
    assert len(steps) == 1
    assert plan[0].startswith("SEARCH registers USING COVERING INDEX")
    assert not any(step.startswith("SCAN") for step in plan)


def test_names_are_those_of_each_kind_and_attributes_those_of_members():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        _, joined, *_ = clusters.record(
            InitiativeLaunched("2021", name="Clusters", attributes={"region": "worldwide"}),
            MemberJoined("ohio", "2021-01-01", attributes={"sector": "steel", "country": "USA"}),
            MemberJoined("basque", "2021-01-01", attributes={"country": "Spain"}),
            MemberChanged("basque", "2022-01-01", attributes={"cohort": None}),
            MetricDefined("co2", "t"),
            ReportPublished("pr-2023-01", "2023-01-20"),
        )
        book.initiative("others").record(MemberJoined("humber", "2021", attributes={"port": "yes"}))
        clusters.retract(joined)
        names = {kind: book._store.names("clusters", kind) for kind in ("member", "metric", "report", "attribute")}
        assert names == {
            "member": ["basque", "ohio"],
            "metric": ["co2"],
            "report": ["pr-2023-01"],
            "attribute": ["cohort", "country", "sector"],  # what was once given stays a name that was used
        }


def test_the_history_of_a_report_tells_how_it_was_corrected():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        first, other = clusters.record(
            ReportPublished("pr-2023-01", "2023-01", title="Seventeen"), ReportPublished("pr-2024-01", "2024-01")
        )
        _, right = clusters.correct(first, effective="2023-01-20", reason="found the page")
        now = f"{right.recorded_at:%Y-%m-%d}"
        assert [str(entry) for entry in clusters.history(report="pr-2023-01")] == [
            "2023-01-20 ReportPublished pr-2023-01",
            f"2023-01 ReportPublished pr-2023-01 - corrected on {now}: found the page",
        ]
        assert [entry.record for entry in clusters.history(report="pr-2024-01")] == [other]


def test_what_is_unknown_is_said_with_near_names():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        with pytest.raises(UnknownInitiative):
            clusters.history("basque")
        clusters.record(MemberJoined("basque", "2021-01-01"), MetricDefined("co2", "t"))
        with pytest.raises(UnknownMember, match="did you mean 'basque'"):
            clusters.history("basqe")
        with pytest.raises(UnknownMetric, match="did you mean 'co2'"):
            clusters.history(metric="co")
        with pytest.raises(UnknownMetric):
            clusters.history("basque", metric="basque")
        with pytest.raises(UnknownMember):
            clusters.history("co2", metric="co2")
        assert clusters.history("basque", metric="co2") == ()
        clusters.record(ReportPublished("pr-2023-01", "2023-01-20"))
        with pytest.raises(UnknownReport, match="did you mean 'pr-2023-01'"):
            clusters.history(report="pr-2023-1")


@pytest.mark.parametrize(
    ("member", "metric", "report"),
    [(None, None, None), ("", None, None), (5, None, None), (None, " x", None), (None, None, "")],
)
def test_a_history_is_of_a_member_a_metric_or_a_report(member, metric, report):
    with pytest.raises(BadInput):
        history([], member=member, metric=metric, report=report)


@pytest.mark.parametrize(("member", "metric"), [("basque", None), (None, "co2"), ("basque", "co2")])
def test_a_report_is_named_alone(member, metric):
    with ledger.open(":memory:") as book, pytest.raises(BadInput, match="'pr' was named together with a member or"):
        book.initiative("clusters").history(member, metric=metric, report="pr")


def test_the_attributes_that_members_were_ever_given_are_named_in_order():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        with pytest.raises(UnknownInitiative):
            club.attributes()
        club.record(
            MemberJoined("ada", "2020", attributes={"town": "Bilbao", "country": "Spain"}),
            MemberChanged("ada", "2021", attributes={"town": None, "site": "x"}),
        )
        assert club.attributes() == ("country", "site", "town")
