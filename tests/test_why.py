"""Why a figure changed: effects and bridges that sum exactly, and what they are called."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from attrs import astuple
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ledger
from ledger.model.errors import BadInput, NotAdditive, UnknownMetric, WrongDimension
from ledger.model.events import (
    InitiativeClosed,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
)
from ledger.model.exact import ZERO, add, negate, total
from ledger.model.measures import Distinct, Joined, Members, Share, Total, Value
from ledger.model.quantity import Quantity, between, exactly
from ledger.model.records import Record
from ledger.model.state import replay
from ledger.model.wording import measure_of
from ledger.queries.bridge import CLOSING, OPENING, Line
from ledger.queries.standing import turn
from ledger.queries.why import KINDS, Part, why
from ledger.testing.clock import FIRST_INSTANT
from ledger.testing.histories import breakpoints
from ledger.testing.scripts import history_of
from ledger.testing.strategies import histories, hostile_histories, points, questions

EXAMPLES = settings.default.max_examples  # of the profile


def recorded(*events):
    """Write each event a day after the one before; a position is thus a moment of knowledge."""
    return history_of(*([event] for event in events))


def why_of(measure, records, a, b):
    (day, then), (other, known_at) = a, b
    corners = (day, then), (day, known_at), (other, known_at)
    return why(measure, *(replay(records, at=at, known_at=moment) for at, moment in corners))


def told(found):
    return [(effect.kind, effect.subject, effect.low_change, effect.high_change) for effect in found.effects]


@st.composite
def asked(draw, drawn):
    """Draw a history, one of `questions`, and two of `points`, as pairs."""
    records, measure = draw(drawn), draw(questions(metrics=3))
    return records, measure, *(astuple(draw(points(records))) for _ in range(2))


def answered(case):
    try:
        return why_of(case[1], case[0], case[2], case[3])
    except (UnknownMetric, NotAdditive, WrongDimension) as error:
        records, measure, *points = case
        states = (replay(records, at=day, known_at=known_at) for day, known_at in points)
        definitions = [state.metrics.get(measure.metric) for state in states]
        if isinstance(error, UnknownMetric):
            assert None in definitions
        elif isinstance(error, NotAdditive):
            assert not all(one.additive for one in definitions)
        else:
            assert len({Quantity(1, 1, one.unit).dimension for one in definitions}) == 2
        assume(False)


def summed(changes):
    changes = list(changes)
    return None if None in changes else total(changes)


def difference(a, b):
    return None if a is None or b is None else add(a, negate(b))


# --- sums


@given(asked(histories()) | asked(hostile_histories()))
@settings(max_examples=EXAMPLES)
def test_the_effects_sum_exactly_to_the_change_of_the_figure_at_each_end(case):
    """As `laws.why_accounts_for_every_change`, of any measure, whatever the history."""
    records, measure, a, b = case
    found = answered(case)
    opening = replay(records, at=a[0], known_at=a[1]).measure(measure)
    closing = replay(records, at=b[0], known_at=b[1]).measure(measure)
    assert (found.measure, found.opening, found.closing) == (measure, opening, closing)
    before = opening.amount.to(closing.amount.unit)
    for end in ("low", "high"):
        change = difference(getattr(closing.amount, end), getattr(before, end))
        assert getattr(found, f"{end}_change") == change
        left_open = getattr(found, f"open_{end}")
        assert bool(left_open) is (change is None)
        for effect in found.effects:
            if effect.subject not in left_open:
                assert getattr(effect, f"{end}_change") is not None
        if change is not None:
            assert summed(getattr(effect, f"{end}_change") for effect in found.effects) == change


@given(asked(histories()) | asked(hostile_histories()))
@settings(max_examples=EXAMPLES // 2)
def test_the_bridge_sums_exactly_too_and_holds_each_effect_once(case):
    found = answered(case)
    opening, *lines, closing = found.bridge()
    assert (opening.kind, closing.kind) == (OPENING, CLOSING)
    assert [line.kind for line in lines] == [
        kind for kind in KINDS if any(effect.kind == kind for effect in found.effects)
    ]
    subjects = [(effect.kind, effect.subject) for effect in found.effects]
    assert len(set(subjects)) == len(subjects)
    assert [(line.kind, subject) for line in lines for subject in line.subjects] == [
        (kind, subject) for kind, subject in subjects if subject is not None
    ]
    for end in ("low", "high"):
        if getattr(found, f"{end}_change") is not None:
            assert summed(getattr(line, end) for line in (opening, *lines)) == getattr(closing, end)
    assert [row["kind"] for row in found.bridge().to_rows()] == [line.kind for line in found.bridge()]
    assert str(found)


@given(asked(histories()))
@settings(max_examples=EXAMPLES)
def test_what_was_learned_and_what_happened_each_sum_by_themselves(case):
    records, measure, a, b = case
    found = answered(case)
    assert not (a == b and found.effects)
    between_ = replay(records, at=a[0], known_at=b[1]).measure(measure).amount.to(found.closing.amount.unit)
    opening = found.opening.amount.to(between_.unit)
    for end in ("low", "high"):
        ends = [getattr(amount, end) for amount in (opening, between_, found.closing.amount)]
        if None not in ends:
            learned = [getattr(effect, f"{end}_change") for effect in found.effects if effect.kind == "restated"]
            assert summed(learned) == difference(ends[1], ends[0])


@given(asked(histories()))
@settings(max_examples=EXAMPLES)
def test_each_member_s_effects_lead_from_what_it_contributes_before_to_after(case):
    records, measure, a, b = case
    assume(not isinstance(measure, Distinct | Value))
    found = answered(case)
    unit = found.closing.amount.unit
    corners = {"before": a, "between": (a[0], b[1]), "after": b}
    parts = {
        name: {one.member: one for one in replay(records, at=day, known_at=known_at).explain(measure)}
        for name, (day, known_at) in corners.items()
    }
    for effect in found.effects:
        learned = effect.kind == "restated"
        assert effect.before == part_of(parts["before" if learned else "between"], effect, unit) or learned
        assert effect.after in (part_of(parts[name], effect, unit) for name in ("between", "after"))
        for part, sides in ((effect.before, ("before", "between")), (effect.after, ("between", "after"))):
            assert part is None or part.records in [
                parts[one][effect.subject].records for one in sides if effect.subject in parts[one]
            ]
    for member in {*parts["before"], *parts["after"]}:
        effects = [effect for effect in found.effects if effect.subject == member]
        for end in ("low", "high"):
            old, new = (
                getattr(parts[name][member].amount.to(unit), end) if member in parts[name] else ZERO
                for name in ("before", "after")
            )
            if old is not None and new is not None:
                assert summed(getattr(effect, f"{end}_change") for effect in effects) == difference(new, old)


def part_of(contributions, effect, unit):
    one = contributions.get(effect.subject)
    return one and Part(one.amount.to(unit), one.certain, one.missing, (), ())


@given(histories(rough=False, retractions=False, closing=False), st.data())
@settings(max_examples=EXAMPLES)
def test_where_all_is_certain_the_lines_of_a_count_are_those_who_came_and_went(records, data):
    a, b = sorted(data.draw(st.sampled_from(breakpoints(records))) for _ in range(2))
    before, after = replay(records, at=a), replay(records, at=b)
    lines = {line.kind: set(line.subjects) for line in why(Members(), before, before, after).bridge()}
    come, gone = set(after.members) - set(before.members), set(before.members) - set(after.members)
    assert lines.get("joined", set()) == {one for one in come if one not in {*before.suspended, *before.former}}
    assert lines.get("left", set()) == gone & set(after.former)
    assert lines.get("suspended", set()) == gone & set(after.suspended)
    again = {one for one in come & set(before.suspended) if after[one].joined_from > a}
    assert lines.get("rejoined", set()) == (come & set(before.former)) | again
    assert lines.get("reinstated", set()) == come & set(before.suspended) - again


# --- what they are called

STORY = recorded(
    MetricDefined("co2", "t", nonnegative=True),
    MemberJoined("basque", "2021-01-01", attributes={"country": "Spain"}),
    MetricUpdated("co2", "2021-01-01", "5 t", member="basque"),
    MemberJoined("humber", "2021-01-01", attributes={"country": "UK"}),
    MetricUpdated("co2", "2021-01-01", "7 t", member="humber"),
    MemberLeft("basque", "2021-03-01"),
    MemberSuspended("humber", "2021-04-01"),
    MemberJoined("ohio", "2021-05/2021-06", attributes={"country": "UK"}),
    MemberReinstated("humber", "2021-07-01"),
    MemberJoined("basque", "2021-08-01"),
    MetricUpdated("co2", "2021-09-01", "6 t", member="basque"),
)


@pytest.mark.parametrize(
    ("measure", "a", "b", "effects"),
    [
        (Members(), "2020-12-31", "2021-01-01", [("joined", "basque", 1, 1), ("joined", "humber", 1, 1)]),
        (Members(), "2021-02-28", "2021-03-01", [("left", "basque", -1, -1)]),
        (Members(), "2021-03-31", "2021-04-01", [("suspended", "humber", -1, -1)]),
        (Members(), "2021-04-30", "2021-05-01", [("joined", "ohio", 0, 1)]),
        (Members(), "2021-05-01", "2021-06-30", [("joined", "ohio", 1, 0)]),
        (Members(), "2021-04-30", "2021-06-30", [("joined", "ohio", 1, 1)]),
        (Members(), "2021-06-30", "2021-07-01", [("reinstated", "humber", 1, 1)]),
        (Members(), "2021-07-31", "2021-08-01", [("rejoined", "basque", 1, 1)]),
        (Members(), "2021-02-28", "2021-08-01", [("joined", "ohio", 1, 1)]),
        (Members(), "2021-08-01", "2021-07-31", [("rejoined", "basque", -1, -1)]),
        (Members(suspended=True), "2021-03-31", "2021-04-01", []),
        (Members(suspended=True), "2021-03-31", "2021-07-01", [("joined", "ohio", 1, 1)]),
        (Joined("2021-08-01"), "2021-02-28", "2021-08-01", [("rejoined", "basque", 1, 1)]),
        (Total("co2"), "2021-02-28", "2021-03-01", [("left", "basque", -5, -5)]),
        (Total("co2"), "2021-08-31", "2021-09-01", [("changed", "basque", 1, 1)]),
        (Total("co2"), "2021-08-01", "2021-09-01", [("changed", "basque", 1, 1)]),
        (Total("co2"), "2021-02-28", "2021-09-01", [("joined", "ohio", 0, 0), ("rejoined", "basque", 1, 1)]),
        (Value("co2", "basque"), "2021-02-28", "2021-09-01", [("changed", "basque", 1, 1)]),
        (Value("co2"), "2021-02-28", "2021-09-01", []),
        (Distinct("country"), "2021-02-28", "2021-03-01", [("left", "Spain", -1, -1)]),
        (Distinct("country"), "2021-04-30", "2021-05-01", [("undecided", None, 0, 1)]),
        (Distinct("country"), "2021-05-01", "2021-06-30", [("joined", "UK", 1, 1), ("undecided", None, 0, -1)]),
        (Distinct("country"), "2020-12-31", "2021-08-01", [("joined", "Spain", 1, 1), ("joined", "UK", 1, 1)]),
    ],
)
def test_effects_are_called_by_what_happened(measure, a, b, effects):
    assert told(why_of(measure, STORY, (a, None), (b, None))) == effects


def test_members_of_one_value_who_came_in_different_ways_changed_it():
    records = recorded(
        MemberJoined("ohio", "2021-01-01"),
        MemberJoined("basque", "2021-02-01", attributes={"country": "Spain"}),
        MemberChanged("ohio", "2021-02-01", attributes={"country": "Spain"}),
    )
    found = why_of(Distinct("country"), records, ("2021-01-31", None), ("2021-02-01", None))
    assert told(found) == [("changed", "Spain", 1, 1)]
    assert found.effects[0].after.members == ("basque", "ohio")
    assert [ref.id for ref in found.effects[0].after.records] == ["r1", "r2", "r3"]


def test_a_value_that_may_be_missing_is_undecided():
    records = recorded(
        MemberJoined("basque", "2021-01-01"), MemberChanged("basque", "2021-02", attributes={"country": "Spain"})
    )
    points = [(day, None) for day in ("2021-01-31", "2021-02-01", "2021-02-28")]
    assert [told(why_of(Distinct("country"), records, a, b)) for a, b in pairwise(points)] == [
        [("undecided", None, 0, 1)],
        [("changed", "Spain", 1, 1), ("undecided", None, 0, -1)],
    ]


def test_a_member_that_passes_a_filter_now_changed_and_a_closing_makes_everyone_leave():
    records = recorded(
        MemberJoined("basque", "2021-01-01"),
        MemberChanged("basque", "2021-02-01", attributes={"country": "Spain"}),
        InitiativeClosed("2021-03"),
    )
    spanish = Members({"country": "Spain"})
    points = [(day, None) for day in ("2021-01-31", "2021-02-01", "2021-03-01", "2021-03-31")]
    found = [told(why_of(spanish, records, a, b)) for a, b in pairwise(points)]
    assert found == [
        [("changed", "basque", 1, 1)],
        [("left", "basque", -1, 0)],
        [("left", "basque", 0, -1)],
    ]


def test_a_member_may_have_learned_and_done_something():
    records = recorded(
        MetricDefined("co2", "t"),
        MemberJoined("basque", "2021-01-01"),
        MetricUpdated("co2", "2021-01-01", "5 t", member="basque"),
        RecordRetracted("r3"),
        MetricUpdated("co2", "2021-01-01", "6 t", member="basque"),
        MemberLeft("basque", "2021-02-01"),
    )
    found = why_of(Total("co2"), records, ("2021-01-31", 3), ("2021-02-01", None))
    assert told(found) == [("left", "basque", -6, -6), ("restated", "basque", 1, 1)]
    left, restated = found.effects
    assert [[ref.id for ref in part.records] for part in (restated.before, restated.after)] == [
        ["r2", "r3"],
        ["r2", "r5"],
    ]
    assert (left.before, left.after) == (restated.after, None)
    assert str(found) == (
        "Total co2, in t\n"
        "opening    5  2021-01-31\n"
        "left      -6  basque\n"
        "restated  +1  basque\n"
        "closing    0  2021-02-01\n"
        "  left basque: 6 t -> nothing (-6)\n"
        "  restated basque: 5 t -> 6 t (+1)"
    )


def test_an_end_that_is_open_only_in_between_makes_one_effect_of_two():
    records = recorded(
        MetricDefined("co2", "t"),
        MemberJoined("basque", "2021-01-01"),
        MetricUpdated("co2", "2021-01-01", "5 t", member="basque"),
        MetricUpdated("co2", "2021-01-01", ">= 5 t", member="basque"),
        MetricUpdated("co2", "2021-02-01", "8 t", member="basque"),
    )
    found = why_of(Total("co2"), records, ("2021-01-31", 3), ("2021-02-01", None))
    assert told(found) == [("restated", "basque", 3, 3)]
    assert (found.open_low, found.open_high) == ((), ())


def test_who_leaves_an_end_open_is_named_even_without_an_effect():
    records = recorded(
        MetricDefined("co2", "t"),
        MemberJoined("basque", "2021-01-01"),
        MetricUpdated("co2", "2021-01-01", ">= 5 t", member="basque"),
        MemberJoined("ohio", "2021-02-01"),
        MetricUpdated("co2", "2021-02-01", "2..3 t", member="ohio"),
    )
    found = why_of(Total("co2"), records, ("2021-01-31", None), ("2021-02-01", None))
    assert (found.low_change, found.high_change) == (2, None)
    assert (found.open_low, found.open_high) == ((), ("basque",))
    assert told(found) == [("joined", "ohio", 2, 3)]
    assert found.bridge().lines[0] == Line("opening", Decimal(5), None, note="2021-01-31")
    assert str(found.bridge()) == (
        "Total co2, in t\n"
        "         low  high\n"
        "opening    5  open  2021-01-31\n"
        "joined    +2    +3  ohio\n"
        "closing    7  open  2021-02-01"
    )


def test_changes_are_in_the_closing_unit_though_the_opening_was_told_in_another():
    records = recorded(
        MetricDefined("energy", "J"),
        MemberJoined("basque", "2021-01-01"),
        MetricUpdated("energy", "2021-01-01", "1 J", member="basque"),
        MetricDefined("energy", "kWh"),
        MetricUpdated("energy", "2021-02-01", "2 J", member="basque"),
    )
    found = why_of(Total("energy"), records, ("2021-01-31", 3), ("2021-02-01", None))
    assert isinstance(found.low_change, Fraction)
    assert found.effects[0].low_change == found.low_change == Fraction(found.closing.amount.low) / 2
    opening, changed, closing = found.bridge()
    assert add(opening.low, changed.low) == closing.low
    assert "…" in str(found)


def test_a_value_that_is_missing_is_open_and_who_reports_is_noted():
    records = recorded(
        MetricDefined("co2", "Mt/year", nonnegative=True),
        MetricUpdated("co2", "2021-02-01", "451 Mt/year"),
        MemberJoined("basque", "2021-02-01"),
    )
    found = why_of(Value("co2"), records, ("2021-01-31", None), ("2021-02-01", None))
    assert (found.low_change, found.high_change, found.open_high) == (451, None, ("clusters",))
    assert found.effects[0].after.records[0].id == "r2"
    assert str(found.effects[0]) == "changed clusters: >= 0 Mt/year, missing -> 451 Mt/year (low +451, high open)"
    assert str(why_of(Total("co2"), records, ("2021-01-31", None), ("2021-02-01", None)).bridge()) == (
        "Total co2, in Mt/year\nopening  0  2021-01-31\njoined   0  basque\nclosing  0  2021-02-01, 0 of 1 report"
    )


def test_rows_of_a_bridge_are_plain():
    found = why_of(Members(), STORY, ("2020-12-31", None), ("2021-01-01", None))
    assert found.bridge().to_rows() == [
        {"kind": "opening", "low": 0, "high": 0, "subjects": [], "note": "2020-12-31", "unit": ""},
        {"kind": "joined", "low": 2, "high": 2, "subjects": ["basque", "humber"], "note": "", "unit": ""},
        {"kind": "closing", "low": 2, "high": 2, "subjects": [], "note": "2021-01-01", "unit": ""},
    ]


def test_the_heading_of_a_bridge_is_its_measure_in_words():
    points = ("2020-12-31", None), ("2021-01-01", None)
    for measure, heading in {
        Members({"country": ["New Zealand", None]}): 'Members where country is none or "New Zealand"',
        Distinct("country", suspended=True): "Distinct country, with the suspended",
    }.items():
        found = str(why_of(measure, STORY, *points).bridge())
        assert found.startswith(f"{heading}\n")
        assert measure_of(heading) == measure


def test_only_the_first_few_of_many_are_named_in_the_table():
    many = [MemberJoined(f"m{place}", "2021-01-01") for place in range(6)]
    points = ("2020-12-31", None), ("2021-01-01", None)
    assert "joined   +6  m0, m1, m2, m3 and 2 more" in str(why_of(Members(), recorded(*many), *points))
    assert "joined   +5  m0, m1, m2, m3, m4\n" in str(why_of(Members(), recorded(*many[:5]), *points))


# --- what cannot be asked


def test_a_share_has_no_effects_of_its_own():
    with pytest.raises(BadInput, match="ask why of its part and of its whole"):
        why_of(Share(Members(), Members()), STORY, ("2021-01-01", None), ("2021-01-02", None))


def test_a_metric_must_be_known_at_both_points():
    for a, b in ((0, None), (None, 0)):
        with pytest.raises(UnknownMetric, match=r"not at version 0, while at version 11 it is: choose two moments"):
            why_of(Total("co2"), STORY, ("2021-01-01", a), ("2021-01-01", b))
    with pytest.raises(UnknownMetric, match="did you mean 'co2'"):
        why_of(Total("co3"), STORY, ("2021-01-01", None), ("2021-01-01", None))


def test_a_metric_defined_anew_in_another_dimension_has_no_change():
    records = recorded(MetricDefined("co2", "t"), RecordRetracted("r1"), MetricDefined("co2", "people"))
    with pytest.raises(WrongDimension):
        why_of(Total("co2"), records, ("2021-01-01", 1), ("2021-01-01", None))


def test_states_that_do_not_belong_together_are_refused():
    one, later = (replay(STORY, at=day) for day in ("2021-01-01", "2021-01-02"))
    with pytest.raises(BadInput, match="it must be at 2021-01-01, the day of before"):
        why(Members(), one, later, later)
    with pytest.raises(BadInput, match="version 2"):
        why(Members(), one, one, replay(STORY, at="2021-01-02", known_at=2))
    with pytest.raises(BadInput, match="a str is no state"):
        why(Members(), one, one, "2021-01-01")
    other = Record(1, "others", 1, "x", FIRST_INSTANT, MemberJoined("basque", "2021-01-01"))
    with pytest.raises(BadInput, match="several initiatives"):
        why(Members(), replay([other], at="2021-01-01"), one, later)
    with pytest.raises(BadInput, match="no measure"):
        why("members", one, one, later)


def test_an_initiative_is_asked_by_two_points():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("basque", "2021-01-01"))
        clusters.record(MemberJoined("humber", "2021-01-01"), MemberJoined("ohio", "2021-02-01"))
        found = clusters.why(Members(), ("2021-01-01", 1), "2021-02-01")
        assert told(found) == [("joined", "ohio", 1, 1), ("restated", "humber", 1, 1)]
        assert (found.opening.amount, found.closing.amount) == (exactly(1), exactly(3))
        assert found.opening.amount != between(1, 2)


def test_the_way_back_to_no_status_at_all_is_told_by_the_turn_that_led_away_from_it():
    records = history_of([MemberJoined("ada", "2021-01-01")])
    after, before = (replay(records, at=day) for day in ("2022-01-01", "2020-01-01"))
    assert turn(after, before, "ada") == "joined"
