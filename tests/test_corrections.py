"""Taking back and correcting what was recorded: the laws on whole histories, then every case by example."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from inspect import signature
from uuid import UUID, uuid4

import pytest
from attrs import evolve, fields
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    Initiative,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    Record,
    RecordRetracted,
    Refused,
    ReportPublished,
    Total,
    replay,
)
from ledger.model.errors import BadEvent, BadInput, RetryMismatch, UnknownRecord, UnknownUnit, VersionConflict
from ledger.model.events import EVENTS
from ledger.model.facts import facts_of, window_of
from ledger.recording.corrections import rank_of
from ledger.testing.histories import breakpoints, histories

EXAMPLES = settings.default.max_examples
UNKNOWN_ID = "0190d1f0-0000-7000-8000-00000000ffff"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CO2 = MetricDefined("co2", unit="t", nonnegative=True)


@pytest.fixture
def clusters(ledger_book):
    return ledger_book.initiative("clusters")


def refused(initiative, verb, *given, **more):
    """What a retraction or a correction is refused for."""
    before = list(initiative.records())
    with pytest.raises(Refused) as refusal:
        getattr(initiative, verb)(*given, **more)
    assert list(initiative.records()) == before
    return refusal.value.violations


def codes(violations):
    return [(violation.index, violation.code) for violation in violations]


# laws on whole histories


def id_of(name):
    """The id under which a record that a strategy calls `r1`, `r2` ... is recorded."""
    return str(UUID(f"0190d1f0-0000-7000-8000-{int(name[1:]):012x}"))


def played(clusters, history):
    """Record a drawn history as a user would, and yield after each batch."""
    for instant in dict.fromkeys(record.recorded_at for record in history):
        batch = [record for record in history if record.recorded_at == instant]
        ids = [id_of(record.id) for record in batch]
        events = [record.event for record in batch]
        if batch[-1].replaces is not None:
            # a correction that is drawn may leave the event as it is: then at least the source is another one
            source = f"look {batch[-1].version}"
            yield clusters.correct(id_of(batch[-1].replaces), events[-1], reason="wrong", ids=ids, source=source)
        elif len(batch) == 1 and isinstance(events[0], RecordRetracted):
            yield (clusters.retract(id_of(events[0].record), reason="wrong", ids=ids),)
        else:
            yield clusters.record(*map(retracting, events), ids=ids)


def retracting(event):
    return evolve(event, record=id_of(event.record)) if isinstance(event, RecordRetracted) else event


def answers(state):
    """What every register can hold: everything but where the records stand and what they are called."""
    return {
        register: (
            [(one.fact.rank, *one.fact[2:], one.since, one.until) for one in cell.candidates],
            cell.nothing_yet,
        )
        for register, cell in state.registers.cells.items()
    }


@settings(max_examples=EXAMPLES // 2)
@given(histories(parts=True, max_size=8))
def test_what_was_known_before_stays_as_it_was(history):
    """As `laws.settled_knowledge_never_changes`, of whole states, while anything at all is recorded."""
    days = breakpoints(history)[::3]
    seen = {}
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        for batch in played(clusters, history):
            for day in days:
                seen[day, batch[-1].position] = seen[day, batch[-1].recorded_at] = clusters.at(day)
        for (day, known_at), then in seen.items():
            assert clusters.at(day, known_at) == then


@given(histories(parts=True, max_size=16))
def test_in_the_end_it_is_as_if_the_right_thing_had_been_recorded_in_the_first_place(history):
    """As `laws.a_correction_stands_where_the_mistake_stood`, of all registers with their ranks, on every day."""
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        written = [record for batch in played(clusters, history) for record in batch]
        assert [(one.id, one.replaces) for one in written] == [
            (id_of(one.id), one.replaces and id_of(one.replaces)) for one in history
        ]
        right = as_if_nothing_had_been_wrong(written)
        for day in breakpoints(history) if right else []:
            assert answers(clusters.at(day)) == answers(replay(right, at=day))


def as_if_nothing_had_been_wrong(records):
    """The history with each corrected event where the wrong one stood, and nothing that was taken back."""
    place, events = {}, {}
    for record in records:
        place[record.id] = place.get(record.replaces, record.version)
        events[place[record.id]] = record.event
    standing = {record.id for record in records} - {
        record.event.record for record in records if isinstance(record.event, RecordRetracted)
    }
    return [
        Record(place[record.id], "clusters", place[record.id], record.id, NOON, record.event)
        for record in records
        if record.id in standing and not isinstance(record.event, RecordRetracted)
    ]


@given(histories(parts=True, days=["2021-01-15", "2021-01"], max_size=16), st.data())
def test_to_correct_a_name_on_a_day_when_much_happened_leaves_every_other_register_as_it_was(history, data):
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        joinings = [
            record for batch in played(clusters, history) for record in batch if isinstance(record.event, MemberJoined)
        ]
        gone = {record.event.record for record in book.records() if isinstance(record.event, RecordRetracted)}
        standing = [record for record in joinings if record.id not in gone]
        assume(standing)
        wrong = data.draw(st.sampled_from(standing))
        before = {day: answers(clusters.at(day)) for day in breakpoints(history)}
        clusters.correct(wrong, name="Right Name")
        for day, then in before.items():
            now = answers(clusters.at(day))
            changed = {register for register in now.keys() | then if now.get(register) != then.get(register)}
            assert {(register.id, register.aspect) for register in changed} <= {(wrong.event.member, "name")}


@given(histories(parts=True, max_size=16))
def test_a_correction_is_a_retraction_and_a_record_anew_but_for_its_rank(history):
    with ledger.open(":memory:") as book:
        corrected = [record for batch in played(book.initiative("clusters"), history) for record in batch]
    anew = [evolve(record, replaces=None) for record in corrected]
    gone = {record.event.record for record in anew if isinstance(record.event, RecordRetracted)}
    meeting = registers_whose_windows_meet([record for record in anew if record.id not in gone])
    for day in breakpoints(history) if history else []:
        one, other = (
            {
                register: ([fact[1:] for _, *fact in map(list, cells)], nothing_yet)
                for register, (cells, nothing_yet) in answers(replay(records, at=day)).items()
                if register not in meeting
            }
            for records in (corrected, anew)
        )
        assert one == other


def registers_whose_windows_meet(records):
    windows = {}
    for record in records:
        for said in facts_of(record.event):
            windows.setdefault(said.register, []).append(window_of(record.event))
    meeting = {
        register
        for register, some in windows.items()
        for place, one in enumerate(some)
        for other in some[:place]
        if one[0] <= other[1] and other[0] <= one[1]
    }
    # the latest joining is read off the status
    return meeting | {one._replace(aspect="joined") for one in meeting if one.aspect == "status"}


# retracting


def test_a_retracted_fact_is_gone_from_the_retraction_on_and_there_before(clusters):
    kept, wrong = clusters.record(MemberJoined("a", "2021"), MemberJoined("b", "2021"), source="a list")
    retraction = clusters.retract(wrong, reason="a namesake", source="b itself", by="ann", note="by telephone")
    assert list(clusters.records()) == [kept, wrong, retraction]
    assert retraction.event == RecordRetracted(wrong.id, reason="a namesake")
    assert (retraction.source, retraction.by, retraction.note) == ("b itself", "ann", "by telephone")
    assert (retraction.version, retraction.replaces) == (3, None)
    for known_at in (wrong.position, wrong.recorded_at, retraction.recorded_at - timedelta(microseconds=1)):
        assert clusters.at("2021-12-31", known_at).members.keys() == {"a", "b"}
    for known_at in (retraction.position, retraction.recorded_at, None):
        assert clusters.at("2021-12-31", known_at).members.keys() == {"a"}


def test_a_record_may_be_named_by_its_id(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    _, right = clusters.correct(wrong.id, member="b")
    assert clusters.retract(right.id).event.record == right.id
    assert clusters.at("2022-01-01").members == {}


@pytest.mark.parametrize("verb", ["retract", "correct"])
def test_a_record_that_nobody_wrote_is_unknown(ledger_book, clusters, verb):
    (elsewhere,) = ledger_book.initiative("other").record(MemberJoined("a", "2021"))
    for record in (UNKNOWN_ID, elsewhere, elsewhere.id, "a"):
        with pytest.raises(UnknownRecord, match="look its id up in the history of this initiative"):
            getattr(clusters, verb)(record, **({"effective": "2022"} if verb == "correct" else {}))
    assert list(ledger_book.records()) == [elsewhere]
    assert issubclass(UnknownRecord, KeyError)


@pytest.mark.parametrize("record", [None, 5, ["a"], MemberJoined("a", "2021"), b"0190", UUID(UNKNOWN_ID)])
def test_a_record_is_a_record_or_an_id(clusters, record):
    clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput, match=r"is no Record and no id of one: give what record\(\) or"):
        clusters.retract(record)
    with pytest.raises(BadInput, match="is no Record and no id of one"):
        clusters.correct(record, effective="2022")


@pytest.mark.parametrize("verb", ["retract", "correct"])
def test_what_the_corrector_says_is_text_that_can_be_stored(clusters, verb):
    changes = {"effective": "2022"} if verb == "correct" else {}
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    for field in ("reason", "source", "by", "note"):
        for value in (5, "a\0b", "\ud800"):
            with pytest.raises(BadEvent, match=field):
                getattr(clusters, verb)(wrong, **changes, **{field: value})
    with pytest.raises(BadEvent, match="record"):
        getattr(clusters, verb)("", **changes)
    assert list(clusters.records()) == [wrong]


def test_what_is_retracted_already_is_refused(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    clusters.retract(wrong)
    (violation,) = refused(clusters, "retract", wrong)
    assert violation.code == "already-retracted"
    assert codes(refused(clusters, "correct", wrong, effective="2022")) == [(0, "already-retracted")]


def test_a_record_corrected_already_is_refused_with_the_way_out(clusters):
    (wrong,) = clusters.record(MetricDefined("co2", unit="t"))
    _, right = clusters.correct(wrong, title="CO2")
    (violation,) = refused(clusters, "correct", wrong, title="CO2 emitted")
    assert violation.reason == (
        f"record {wrong.id} has been retracted already: nothing is left to do, "
        "unless another record replaces it and is wrong too: then retract or correct that one"
    )
    clusters.correct(right, title="CO2 emitted")


def test_a_retraction_is_final(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    retraction = clusters.retract(wrong)
    for tried in (
        refused(clusters, "retract", retraction),
        refused(clusters, "correct", retraction, MemberJoined("a", "2021")),
        refused(clusters, "correct", retraction.id, member="b"),
        refused(clusters, "correct", retraction, source="a list"),
    ):
        assert codes(tried) == [(0, "retracted-retraction")]
        assert tried[0].event.record == retraction.id
        assert "retractions are final: record the fact anew" in tried[0].reason
    clusters.record(MemberJoined("a", "2021"))


def test_a_retraction_is_refused_while_others_rest_on_the_record(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021"))
    (changed,) = clusters.record(MemberChanged("a", "2022", name="A"))
    (violation,) = refused(clusters, "retract", joined)
    assert violation.code == "still-needed"
    assert f"record {changed.id}" in violation.reason
    clusters.retract(changed)
    clusters.retract(joined)
    assert clusters.at("2023-01-01").members == {}


# correcting


def test_a_correction_replaces_the_named_fields_and_nothing_else(clusters):
    (wrong,) = clusters.record(
        MemberJoined("a", "2021", name="A", attributes={"country": "Spain", "sector": "steel"}),
        source="a list", by="ann", note="in haste",
    )  # fmt: skip
    retraction, right = clusters.correct(
        wrong, effective="2021-11", attributes={"country": "UK"}, reason="read again", by="ben", note="at leisure"
    )
    assert list(clusters.records()) == [wrong, retraction, right]
    assert retraction.event == RecordRetracted(wrong.id, reason="read again")
    assert right.event == MemberJoined("a", "2021-11", name="A", attributes={"country": "UK"})  # the whole mapping
    assert (retraction.replaces, right.replaces) == (None, wrong.id)
    assert retraction.recorded_at == right.recorded_at > wrong.recorded_at
    assert {(one.source, one.by, one.note) for one in (retraction, right)} == {("a list", "ben", "at leisure")}


def test_the_source_is_kept_unless_another_is_given(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"), source="a list")
    _, right = clusters.correct(wrong, effective="2022", source="a better list")
    assert right.source == "a better list"
    _, alone = clusters.correct(right, source="")  # where only the source was wrong
    assert (alone.source, alone.event) == ("", right.event)


def test_a_whole_event_says_what_changes_cannot(clusters):
    joined, left = clusters.record(MemberJoined("a", "2021"), MemberLeft("a", "2022", reason="insolvent"))
    with pytest.raises(BadInput, match="an event's own reason is corrected by a whole event"):
        clusters.correct(left, reason="merged")
    _, merged = clusters.correct(left, MemberLeft("a", "2022", reason="merged"), reason="confused with another")
    assert merged.event.reason == "merged"
    _, suspended = clusters.correct(merged, MemberSuspended("a", "2022", reason="merged"))  # another kind alone
    assert clusters.at("2023-01-01").suspended.keys() == {"a"}
    assert suspended.replaces == merged.id
    assert joined.id not in {one.replaces for one in clusters.records()}


def test_no_field_of_an_event_is_hidden_by_a_keyword_but_its_reason():
    keywords = signature(Initiative.correct).parameters
    hidden = {
        field.name for event in EVENTS if event is not RecordRetracted for field in fields(event)
    } & keywords.keys()
    assert hidden == {"reason"}


def test_a_correction_keeps_the_rank_however_often_it_is_corrected(clusters):
    day = "2021-06-01"
    (first,) = clusters.record(MemberJoined("a", day, attributes={"country": "Spain"}))
    clusters.record(MemberChanged("a", day, attributes={"country": "UK"}))
    for name in "ABC":
        _, first = clusters.correct(first, name=name)
        assert clusters.at(day)["a"].name == name
        assert clusters.at(day)["a"].attributes["country"] == "UK"


def test_the_rank_of_a_damaged_line_is_found_all_the_same():
    class Two:
        def __init__(self, *records):
            self.record = {record.id: record for record in records}.get

    one = Record(1, "clusters", 1, "one", NOON, MemberJoined("a", "2021"), replaces="two")
    two = Record(2, "clusters", 2, "two", NOON, MemberJoined("a", "2021"), replaces="one")
    assert rank_of(two, Two(one, two).record) == 1
    assert rank_of(one, Two(one, two).record) == 1
    assert rank_of(two, Two(two).record) == 2


def test_the_rank_counts_in_the_initiative_and_not_in_the_ledger(ledger_book, clusters):
    ledger_book.initiative("other").record(MemberJoined("z", "2021"), MemberJoined("y", "2021"))
    (first,) = clusters.record(MemberJoined("a", "2021-01-01", attributes={"country": "Spain"}))
    clusters.record(MemberChanged("a", "2021-01-01", attributes={"country": "UK"}))
    clusters.correct(first, name="A")
    assert clusters.at("2021-01-01") == replay(clusters.records(), at="2021-01-01")
    assert clusters.at("2021-01-01")["a"].attributes["country"] == "UK"


@pytest.mark.parametrize("given", [{}, {"event": None}, {"reason": "wrong"}, {"by": "ann", "note": "x"}])
def test_a_correction_without_anything_to_correct_is_refused(clusters, given):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput, match="nothing to correct: name the fields that were wrong, as in effective="):
        clusters.correct(wrong, **given)
    assert list(clusters.records()) == [wrong]


@pytest.mark.parametrize("given", [
    {"effective": "2021"}, {"effective": "2021", "name": None}, {"attributes": {}}, {"source": "a list"},
    {"event": MemberJoined("a", "2021")}, {"event": MemberJoined("a", "2021"), "source": "a list"},
])  # fmt: skip
def test_a_correction_that_changes_nothing_is_refused(clusters, given):
    (wrong,) = clusters.record(MemberJoined("a", "2021"), source="a list")
    with pytest.raises(BadInput, match=rf"this would change nothing: record {wrong.id} says MemberJoined\(member='a'"):
        clusters.correct(wrong, **given)
    assert list(clusters.records()) == [wrong]


def test_what_was_typed_may_be_corrected_even_where_it_means_the_same(clusters):
    _, value = clusters.record(CO2, MetricUpdated("co2", "2021-01-01", "1 kt"))
    _, right = clusters.correct(value, amount="1000 t", effective="2021-01-01/2021-01-01")
    assert (right.event.amount.text, right.event.effective.text) == ("1000 t", "2021-01-01/2021-01-01")


def test_a_whole_event_and_changes_are_not_given_together(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput, match=r"a whole event and changes \(effective, name\) were given"):
        clusters.correct(wrong, MemberJoined("b", "2021"), effective="2022", name="B")
    assert list(clusters.records()) == [wrong]


@pytest.mark.parametrize(("event", "error", "why"), [
    (RecordRetracted(UNKNOWN_ID), BadInput, r"a retraction replaces nothing: .*use retract\(\)"),
    ("2021-11", BadEvent, "the replacement is a str, and no event of the ledger: give one such as"),
    ([MemberJoined("a", "2022")], BadEvent, "the replacement is a list"),
    (MemberJoined, BadEvent, "the replacement is a type"),
])  # fmt: skip
def test_what_can_replace_nothing_is_refused(clusters, event, error, why):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(error, match=why):
        clusters.correct(wrong, event)
    assert list(clusters.records()) == [wrong]


def test_an_unknown_field_is_refused_and_near_ones_are_named(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput, match="MemberJoined has no field 'efective': did you mean effective"):
        clusters.correct(wrong, name="A", efective="2022")
    with pytest.raises(BadInput, match="no field 'zzz': its fields are member, effective, name, attributes, part_of;"):
        clusters.correct(wrong, zzz=1)
    with pytest.raises(BadInput, match="no field 'amount'"):
        clusters.correct(wrong, amount="5 t")
    assert list(clusters.records()) == [wrong]


@pytest.mark.parametrize(("changes", "error"), [
    ({"effective": "soon"}, BadInput), ({"effective": None}, BadInput), ({"member": ""}, BadEvent),
    ({"attributes": {"country": ""}}, BadEvent), ({"part_of": "a"}, BadEvent),
])  # fmt: skip
def test_the_right_values_are_checked_like_those_of_any_event(clusters, changes, error):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(error):
        clusters.correct(wrong, **changes)
    assert list(clusters.records()) == [wrong]


# what rests on the corrected record


def test_a_joining_on_which_others_rest_may_be_corrected_where_they_still_stand(clusters):
    (joined,) = clusters.record(CO2, MemberJoined("a", "2021-01-01"))[1:]
    clusters.record(
        MemberChanged("a", "2022-01-01", name="A"), MetricUpdated("co2", "2022-01-01", "1 t", member="a"),
        MemberLeft("a", "2023-01-01"), MemberJoined("b", "2021-01-01", part_of="a"),
    )  # fmt: skip
    _, right = clusters.correct(joined, effective="2020-01-01")
    assert clusters.at("2020-01-01").members.keys() == {"a"}
    clusters.correct(right, effective="2023-01-01")  # the day it left: joined first, as recorded
    assert clusters.at("2023-01-01").members.keys() == {"b"}


def test_a_joining_corrected_past_a_leaving_is_refused_and_names_it(clusters):
    joined, left = clusters.record(MemberJoined("a", "2021-01-01"), MemberLeft("a", "2022-01-01"))
    (violation,) = refused(clusters, "correct", joined, effective="2022-01-02")
    assert (violation.code, violation.clash) == ("not-a-member", left.ref)
    assert f"as record {left.id} says: retract or correct that record first" in violation.reason


def test_a_joining_corrected_to_be_of_another_is_refused_while_others_rest_on_it(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021-01-01"))
    (changed,) = clusters.record(MemberChanged("a", "2022-01-01", name="A"))
    (violation,) = refused(clusters, "correct", joined, member="b")
    assert violation.code == "still-needed"
    assert violation.reason == (
        f"record {changed.id} speaks of member 'a': let its replacement speak of the same, or retract those first"
    )
    with pytest.raises(
        Refused, match=r"together, with record\(RecordRetracted\(...\), ...\), or correct this record instead"
    ):
        clusters.record(RecordRetracted(joined.id), MemberJoined("b", "2021-01-01"))
    clusters.retract(changed)
    clusters.correct(joined, member="b")
    assert clusters.at("2022-01-01").members.keys() == {"b"}


def test_a_replacement_that_breaks_a_rule_is_refused_and_the_record_stands(clusters):
    first, other = clusters.record(MemberJoined("a", "2021-01-01"), MemberJoined("b", "2021-01-01"))
    (violation,) = refused(clusters, "correct", other, member="a")
    assert (violation.code, violation.index, violation.clash) == ("already-a-member", 1, first.ref)
    assert codes(refused(clusters, "correct", other, part_of="z")) == [(1, "unknown-member")]
    assert codes(refused(clusters, "correct", first, MetricUpdated("co2", "2021", "1 t"))) == [(1, "unknown-metric")]


def test_a_metric_that_has_values_may_be_described_better(clusters):
    defined, value = clusters.record(CO2, MetricUpdated("co2", "2022-01-01", "1 t"))
    _, right = clusters.correct(defined, unit="kt", title="CO2 emitted")
    assert clusters.at("2022-01-01").metrics["co2"].title == "CO2 emitted"
    for change in ({"unit": "people"}, {"additive": False}, {"nonnegative": False}):
        (violation,) = refused(clusters, "correct", right, **change)
        assert (violation.code, violation.index) == ("definition-fixed", 1)
        assert f"record {value.id}" in violation.reason
    (violation,) = refused(clusters, "correct", right, metric="net")
    assert (violation.code, violation.index) == ("still-needed", 0)
    assert f"record {value.id} speaks of metric 'co2': let its replacement speak of the same" in violation.reason
    with pytest.raises(UnknownUnit):
        clusters.correct(right, unit="knots")
    clusters.retract(value)
    clusters.correct(right, metric="net", unit="people")


def test_a_definition_is_corrected_without_falling_back_on_the_one_before_it(clusters):
    (people,) = clusters.record(MetricDefined("co2", unit="people"))
    (tonnes,) = clusters.record(CO2)
    (value,) = clusters.record(MetricUpdated("co2", "2022-01-01", "1 t"))
    _, right = clusters.correct(tonnes, title="CO2 emitted")
    assert clusters.at("2022-01-01").metrics["co2"].title == "CO2 emitted"
    # under another name it would leave the values to the definition before it
    (violation,) = refused(clusters, "correct", right, metric="net")
    assert (violation.code, violation.index, violation.clash) == ("definition-fixed", 0, people.ref)
    assert f"(by record {value.id}): let its replacement speak of the same, or retract those first" in violation.reason
    clusters.correct(people, title="People")  # it has its rank before the other, and is not in force again
    assert clusters.at("2022-01-01").metrics["co2"].unit == "t"


def test_a_report_may_be_corrected_and_keeps_its_id(clusters):
    (wrong, other) = clusters.record(ReportPublished("r", "2021-01-01"), ReportPublished("s", "2021-01-01"))
    _, right = clusters.correct(wrong, claims=[Claim(Members(), "17")], title="A report")
    assert clusters.at("2021-01-01").reports["r"] == right.event
    (violation,) = refused(clusters, "correct", right, report="s")
    assert (violation.code, violation.clash) == ("duplicate-report", other.ref)
    assert codes(refused(clusters, "correct", right, claims=[Claim(Total("co2"), "1 t")])) == [(1, "unknown-metric")]


def test_a_launch_and_a_closing_may_be_corrected(clusters):
    launched, joined, closed = clusters.record(
        InitiativeLaunched("2021-01-01", name="C"), MemberJoined("a", "2021-06-01"), InitiativeClosed("2023-01-01")
    )
    _, renamed = clusters.correct(launched, name="Clusters")
    assert clusters.at("2022-01-01").name == "Clusters"
    _, later = clusters.correct(closed, effective="2024-01-01")
    assert clusters.at("2023-06-01").members.keys() == {"a"}
    (violation,) = refused(clusters, "correct", later, effective="2021-06-01")
    assert (violation.code, violation.clash) == ("closed", joined.ref)
    assert codes(refused(clusters, "correct", renamed, effective="2024-01-02")) == [(1, "closed")]


# retries, versions, instants


IDS = [str(UUID(int=number)) for number in range(10)]


def test_a_retry_gives_the_old_records_even_when_much_has_happened_since(clusters):
    wrong, other = clusters.record(MemberJoined("a", "2021"), MemberJoined("b", "2021"), source="a list")
    corrected = clusters.correct(wrong, effective="2022", reason="read again", ids=IDS[:2])
    retracted = clusters.retract(other, reason="a namesake", ids=IDS[2:3])
    clusters.correct(corrected[1], effective="2023")
    before = list(clusters.records())
    # a retry comes before every other check
    again = {"expected_version": 99, "recorded_at": "1999-01-01T00:00:00Z"}
    assert clusters.correct(wrong, effective="2022", reason="read again", ids=IDS[:2], **again) == corrected
    assert clusters.correct(wrong.id, evolve(wrong.event, effective="2022"), reason="read again", ids=IDS[:2])
    assert clusters.retract(other.id, reason="a namesake", ids=IDS[2:3], **again) == retracted
    assert list(clusters.records()) == before


def test_ids_recorded_with_other_content_are_no_retry(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"), source="a list")
    retraction, right = clusters.correct(wrong, effective="2022", reason="read again", ids=IDS[:2])
    same = {"effective": "2022", "reason": "read again", "ids": IDS[:2]}
    for other in (
        {"reason": "read it again"}, {"effective": "2023"}, {"source": "a better list"}, {"by": "ann"},
        {"ids": IDS[1::-1]}, {"ids": IDS[1:3]}, {"ids": [IDS[0], IDS[5]]},
    ):  # fmt: skip
        with pytest.raises(RetryMismatch):
            clusters.correct(wrong, **same | other)
    with pytest.raises(RetryMismatch):
        clusters.correct(right, **same | {"effective": "2024"})
    with pytest.raises(RetryMismatch):
        clusters.retract(wrong, reason="wrong", ids=IDS[:1])
    # what a record replaces is part of its content
    plain = {"source": "a list", "ids": IDS[:2]}
    with pytest.raises(RetryMismatch):
        clusters.record(retraction.event, right.event, **plain)
    batch = MemberJoined("b", "2021"), evolve(right.event, member="c")
    recorded = clusters.record(*batch, ids=IDS[3:5])
    assert clusters.record(*batch, ids=IDS[3:5]) == recorded
    with pytest.raises(RetryMismatch):
        clusters.correct(recorded[0], batch[1], ids=IDS[3:5])


def test_a_record_anew_is_no_retry_of_a_correction_of_the_same_content(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    event = MemberJoined("a", "2022")
    clusters.record(RecordRetracted(wrong.id), event, ids=IDS[:2])
    with pytest.raises(RetryMismatch):
        clusters.correct(wrong, event, ids=IDS[:2])


@pytest.mark.parametrize("ids", [IDS[:1], IDS[:3], [], [IDS[0], IDS[0]], ["x", "y"], IDS[0]])
def test_a_correction_takes_two_ids(clusters, ids):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput, match="id"):
        clusters.correct(wrong, effective="2022", ids=ids)
    assert list(clusters.records()) == [wrong]


def test_a_version_that_is_not_the_expected_one_is_a_conflict(clusters):
    (wrong,) = clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(VersionConflict):
        clusters.correct(wrong, effective="2022", expected_version=0)
    with pytest.raises(VersionConflict):
        clusters.retract(wrong, expected_version=2)
    with pytest.raises(BadInput, match="expected_version"):
        clusters.retract(wrong, expected_version=True)
    _, right = clusters.correct(wrong, effective="2022", expected_version=1)
    assert clusters.retract(right, expected_version=3).version == 4


def test_corrections_may_be_imported_with_their_own_instants():
    with ledger.open(":memory:", clock=lambda: NOON) as book:
        clusters = book.initiative("clusters")
        (wrong,) = clusters.record(MemberJoined("a", "2021"), recorded_at="2022-01-01T00:00:00Z")
        with pytest.raises(BadInput, match="is not later than the newest record"):
            clusters.retract(wrong, recorded_at="2022-01-01T00:00:00Z")
        _, right = clusters.correct(wrong, effective="2020", recorded_at="2023-01-01T00:00:00Z")
        clusters.retract(right, recorded_at="2024-01-01T00:00:00Z")
        counts = [len(clusters.at("2020-12-31", f"{year}-06-01T00:00:00Z")) for year in range(2021, 2025)]
    assert counts == [0, 0, 1, 0]


# others who write at the same time


def test_of_many_who_correct_one_record_at_once_one_succeeds(tmp_path):
    path = tmp_path / "clusters.db"
    with ledger.open(path) as book:
        (wrong,) = book.initiative("clusters").record(MemberJoined("a", "2021"))

    def attempt(number):
        with ledger.open(path, timeout=60) as book:
            try:
                book.initiative("clusters").correct(wrong, name=f"Name {number}", by=str(number))
            except Refused as refusal:
                return codes(refusal.violations)[0]
        return number

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert outcomes.count((0, "already-retracted")) == 7
    with ledger.open(path) as book:
        assert book.initiative("clusters").today()["a"].name == f"Name {winner}"
        assert len(list(book.records())) == 3


def test_a_correction_that_fails_half_way_leaves_nothing_behind(tmp_path, monkeypatch):
    with ledger.open(tmp_path / "clusters.db") as book:
        clusters = book.initiative("clusters")
        (wrong,) = clusters.record(MemberJoined("a", "2021"))
        monkeypatch.setattr("ledger.stores.sqlite.append.write_facts", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            clusters.correct(wrong, effective="2022", ids=[str(uuid4()), str(uuid4())])
        monkeypatch.undo()
        assert list(book.records()) == [wrong]
        clusters.correct(wrong, effective="2022")
        assert clusters.at("2022-12-31") == replay(clusters.records(), at="2022-12-31")
