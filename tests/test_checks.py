"""Checks of claims: the wording of each verdict by example, and none of them against any possible world."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.model.errors import LedgerError
from ledger.model.events import (
    Claim,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MetricDefined,
    MetricUpdated,
)
from ledger.model.exact import add
from ledger.model.measures import Distinct, Joined, Members, Share, Total, Value
from ledger.model.quantity import Quantity, at_least, at_most, exactly
from ledger.model.state import replay
from ledger.queries.checks import CONFIRMED, CONTRADICTED, NOT_COMPARABLE, UNVERIFIABLE, VERDICTS, changed_by, check
from ledger.testing.histories import MEMBERS
from ledger.testing.scripts import history_of
from ledger.testing.strategies import histories, hostile_histories, points, questions
from ledger.testing.worlds import Worlds

EXAMPLES = settings.default.max_examples  # of the profile

DAY = "2023-01-20"
CO2 = MetricDefined("co2", "Mt/year", nonnegative=True, definition="emitted per year")
NET = MetricDefined("net", "t")
RANK = MetricDefined("rank", additive=False)


def recorded(*events):
    """Write each event a day after the one before; a position is thus a moment of knowledge."""
    return history_of(*([event] for event in events))


def checked(measure, amount, *events, definition=None):
    claim = Claim(measure, amount, definition=definition)
    return check(claim, replay(recorded(*events), at=DAY))


def joined(member, effective="2022-01-01", country=None, part_of=None):
    attributes = {} if country is None else {"country": country}
    return MemberJoined(member, effective, attributes=attributes, part_of=part_of)


def updated(member, amount, metric="co2", effective="2022-06-30"):
    return MetricUpdated(metric, effective, amount, member=member)


TWO = (joined("basque", country="Spain"), joined("humber", country="UK"))
ROUGH = joined("ohio", "2023", country="US")


# --- verdicts and their wording


@pytest.mark.parametrize(("measure", "amount", "events", "verdict", "gap", "reason"), [
    (Members(), "2", TWO, CONFIRMED, "0", "Members: 2 on 2023-01-20, as claimed."),
    (Members(), ">= 1", TWO, CONFIRMED, ">= -1", "Members: 2 on 2023-01-20, within the >= 1 claimed."),
    (Members(), "3", TWO, CONTRADICTED, "1",
     "Members: 3 claimed for 2023-01-20, and there were 2: basque, humber."),
    (Members(), "4", (*TWO, ROUGH), CONTRADICTED, "1..2",
     "Members: 4 claimed for 2023-01-20, and there were 2..3: basque, humber; may or may not count: ohio."),
    (Members(), "3", (*TWO, ROUGH), UNVERIFIABLE, "0..1",
     "Members: 3 claimed for 2023-01-20, and what is known, 2..3, leaves it open: may or may not count: ohio."),
    (Members({"country": "Spain"}), "2", TWO, CONTRADICTED, "1",
     "Members where country is Spain: 2 claimed for 2023-01-20, and there was 1: basque."),
    (Joined("2023-01-01"), "1", TWO, CONTRADICTED, "1",
     "Joined since 2023-01-01: 1 claimed for 2023-01-20, and there were 0."),
    (Distinct("country"), "3", TWO, CONTRADICTED, "1",
     "Distinct country: 3 claimed for 2023-01-20, and there were 2: Spain, UK."),
    (Distinct("country"), "1", (*TWO, MemberChanged("basque", "2023", attributes={"country": "UK"})),
     UNVERIFIABLE, "-1..0",
     ("Distinct country: 1 claimed for 2023-01-20, and what is known, 1..2, leaves it open: "
     "known only roughly: basque.")),
    (Distinct("country"), "3", (*TWO, joined("ohio")), UNVERIFIABLE, "1",
     ("Distinct country: 3 claimed for 2023-01-20, and what is known, 2..3, leaves it open: "
     "no country is known of 1 of 3 members (ohio).")),
    (Total("co2"), "451 Mt/year", (CO2, *TWO), UNVERIFIABLE, "451 Mt/year",
     ("Total co2: 451 Mt/year claimed for 2023-01-20, and nothing can be said against it or for it: "
     "no value is known of 2 of 2 members (basque, humber).")),
    (Total("co2"), "451 Mt/year", (CO2, *TWO, updated("basque", "300 Mt/year")), UNVERIFIABLE, "151 Mt/year",
     ("Total co2: 451 Mt/year claimed for 2023-01-20, and what is known, >= 300 Mt/year, leaves it open: "
     "no value is known of 1 of 2 members (humber).")),
    (Total("co2"), "0.2 Gt/year", (CO2, *TWO, updated("basque", "300 Mt/year")), CONTRADICTED, "-100 Mt/year",
     ("Total co2: 0.2 Gt/year claimed for 2023-01-20, and it was >= 0.3 Gt/year: basque; "
     "no value is known of 1 of 2 members (humber).")),
    (Total("co2"), "300 Mt/year", (CO2, *TWO[:1], updated("basque", "299..301 Mt/year")), UNVERIFIABLE,
     "-1..1 Mt/year",
     ("Total co2: 300 Mt/year claimed for 2023-01-20, and what is known, 299..301 Mt/year, leaves it open: "
     "known only roughly: basque.")),
    (Total("co2"), "5 Mt/year", (CO2, *TWO, ROUGH, updated("basque", "3 Mt/year"),
                                 updated("humber", "2 Mt/year", effective="2023")),
     UNVERIFIABLE, "0..2 Mt/year",
     ("Total co2: 5 Mt/year claimed for 2023-01-20, and what is known, >= 3 Mt/year, leaves it open: "
     "may or may not count: ohio; may have no value: humber, ohio.")),
    (Total("co2"), "451 Mt/year", (CO2, *TWO[:1], updated("basque", "451.2 Mt/year")), CONTRADICTED, "-0.2 Mt/year",
     ("Total co2: 451 Mt/year claimed for 2023-01-20, and it was 451.2 Mt/year: basque; "
     "the claim would hold if it was rounded, as 450.5..451.5 Mt/year.")),
    (Total("co2"), "451..451 Mt/year", (CO2, *TWO[:1], updated("basque", "451.2 Mt/year")), CONTRADICTED,
     "-0.2 Mt/year",
     "Total co2: 451..451 Mt/year claimed for 2023-01-20, and it was 451.2 Mt/year: basque."),
    (Total("co2"), "451 Mt/year", (CO2, *TWO, updated("basque", "451.2 Mt/year")), CONTRADICTED, "-0.2 Mt/year",
     ("Total co2: 451 Mt/year claimed for 2023-01-20, and it was >= 451.2 Mt/year: basque; "
     "no value is known of 1 of 2 members (humber).")),
    (Total("co2", members_at="2022-01-01"), "3 Mt/year", (CO2, *TWO[:1], updated("basque", "3 Mt/year")), CONFIRMED,
     "0 Mt/year",
     "Total co2, members at 2022-01-01: 3 Mt/year on 2023-01-20, as claimed."),
    (Total("co2"), "<= 451 Mt/year", (CO2, *TWO[:1], updated("basque", "451.2 Mt/year")), CONTRADICTED, None,
     "Total co2: <= 451 Mt/year claimed for 2023-01-20, and it was 451.2 Mt/year: basque."),
    (Total("co2"), "5 Mt/year", (CO2, ROUGH, updated("ohio", "5 Mt/year")), UNVERIFIABLE, "0..5 Mt/year",
     ("Total co2: 5 Mt/year claimed for 2023-01-20, and what is known, 0..5 Mt/year, leaves it open: "
     "may or may not count: ohio.")),
    (Distinct("country"), "9", (*TWO, ROUGH, joined("elbe"),
                                MemberChanged("elbe", "2023", attributes={"country": "Germany"})), CONTRADICTED, None,
     ("Distinct country: 9 claimed for 2023-01-20, and there were 2..4: Spain, UK; may or may not count: ohio; "
     "may have no country: elbe.")),
    (Value("co2", "basque"), "3 Mt/year", (CO2, *TWO, updated("basque", "1..3 Mt/year")), UNVERIFIABLE,
     "0..2 Mt/year",
     "Value co2 of basque: 3 Mt/year claimed for 2023-01-20, and what is known, 1..3 Mt/year, leaves it open."),
    (Value("co2", "basque"), "4 Mt/year", (CO2, *TWO, updated("basque", "1..3 Mt/year")), CONTRADICTED,
     "1..3 Mt/year",
     "Value co2 of basque: 4 Mt/year claimed for 2023-01-20, and it was 1..3 Mt/year."),
    (Value("co2"), "4 Mt/year", (CO2,), UNVERIFIABLE, "<= 4 Mt/year",
     "Value co2: 4 Mt/year claimed for 2023-01-20, and nothing can be said against it or for it: no value is known."),
    (Value("co2"), "4 Mt/year", (CO2, updated(None, "4 Mt/year", effective="2023")), UNVERIFIABLE, "0 Mt/year",
     ("Value co2: 4 Mt/year claimed for 2023-01-20, and what is known, >= 0 Mt/year, leaves it open: "
     "there may be no value by then.")),
    (Share(Members({"country": "Spain"}), Members()), "50%", TWO, CONFIRMED, "0.0",
     "Share of members where country is Spain in members: 50 % on 2023-01-20, as claimed."),
    (Share(Members({"country": "Spain"}), Members()), "20%", TWO, CONTRADICTED, "-0.3",
     "Share of members where country is Spain in members: 20% claimed for 2023-01-20, and it was 50 %: 1 of 2."),
    (Share(Members({"country": "Spain"}), Members()), "33%", (*TWO, joined("ohio")), CONTRADICTED, None,
     ("Share of members where country is Spain in members: 33% claimed for 2023-01-20, and it was "
     "33.3333333333333… %: 1 of 3; the claim would hold if it was rounded, as 32.5..33.5 %.")),
    (Share(Members({"country": "Spain"}), Members()), "20%", (), UNVERIFIABLE, "..",
     ("Share of members where country is Spain in members: 20% claimed for 2023-01-20, and nothing can be said "
     "against it or for it: the whole, members, is not sure to be more than 0.")),
    (Share(Members({"country": "Spain"}), Members()), "40%", (*TWO, ROUGH), UNVERIFIABLE, None,
     ("Share of members where country is Spain in members: 40% claimed for 2023-01-20, and what is known, "
     "33.3333333333333…..50 %, leaves it open: of the whole: may or may not count: ohio.")),
    (Share(Total("net", {"country": "Spain"}), Total("net")), "40%", (NET, *TWO, updated("basque", "1 t", "net")),
     UNVERIFIABLE, None,
     ("Share of total net where country is Spain in total net: 40% claimed for 2023-01-20, and nothing can be said "
     "against it or for it: of the whole: no value is known of 1 of 2 members (humber); the whole, total net, is not "
     "sure to be more than 0.")),
    (Share(Total("net", {"country": "Spain"}), Total("co2")), "40%", (NET, MetricDefined("co2", "t"), *TWO),
     UNVERIFIABLE, None,
     ("Share of total net where country is Spain in total co2: 40% claimed for 2023-01-20, and nothing can be said "
     "against it or for it: of the part: no value is known of 1 of 1 members (basque); of the whole: no value is known "
     "of 2 of 2 members (basque, humber); the whole, total co2, is not sure to be more than 0.")),
    (Share(Members(), Members(suspended=True)), "80%", (*TWO, ROUGH), UNVERIFIABLE, None,
     ("Share of members in members, with the suspended: 80% claimed for 2023-01-20, and what is known, "
     "66.6666666666667…..100 %, leaves it open: of the part and of the whole: may or may not count: ohio.")),
    # what measures or means something else
    (Total("co2"), "451 Mt", (CO2,), NOT_COMPARABLE, None,
     "Total co2: 451 Mt claimed for 2023-01-20, and it is measured in Mt/year, another dimension."),
    (Members(), "451 Mt", (), NOT_COMPARABLE, None,
     "Members: 451 Mt claimed for 2023-01-20, and it is measured in plain numbers, another dimension."),
    (Total("co2"), "451 Mt/year", (), NOT_COMPARABLE, None,
     "Total co2: 451 Mt/year claimed for 2023-01-20, and no metric co2 is defined."),
    (Total("c02"), "451 Mt/year", (CO2,), NOT_COMPARABLE, None,
     "Total c02: 451 Mt/year claimed for 2023-01-20, and no metric c02 is defined; did the claim mean co2?"),
    (Total("rank"), "1", (RANK,), NOT_COMPARABLE, None,
     "Total rank: 1 claimed for 2023-01-20, and that metric is not additive, so it has no total."),
    (Share(Total("co2"), Members()), "1", (CO2,), NOT_COMPARABLE, None,
     ("Share of total co2 in members: 1 claimed for 2023-01-20, and its part is measured in another dimension than "
     "its whole.")),
])  # fmt: skip
def test_each_verdict_says_why(measure, amount, events, verdict, gap, reason):
    found = checked(measure, amount, *events)
    assert (found.verdict, found.reason) == (verdict, reason)
    if verdict == NOT_COMPARABLE:
        assert found.gap is None
    else:
        assert found.figure.measure == measure
        assert found.gap == Quantity.of(amount).to(found.figure.amount.unit) - found.figure.amount
        if gap is not None:
            assert found.gap == Quantity.parse(gap)


@pytest.mark.parametrize(("measure", "events", "definition", "verdict", "reason"), [
    (Total("co2"), (CO2,), "emitted per year", CONFIRMED, "Total co2: 0 Mt/year on 2023-01-20, as claimed."),
    (Total("co2"), (CO2,), "", CONFIRMED, "Total co2: 0 Mt/year on 2023-01-20, as claimed."),
    (Total("co2"), (CO2,), "could\nsave", NOT_COMPARABLE,
     ('Total co2: 0 Mt/year claimed for 2023-01-20, defined as "could save", and this ledger defines co2 as '
     '"emitted per year".')),
    (Value("co2"), (MetricDefined("co2", "Mt/year"),), "x" * 90, NOT_COMPARABLE,
     (f'Value co2: 0 Mt/year claimed for 2023-01-20, defined as "{"x" * 80}...", and this ledger states no definition '
     "of co2.")),
])  # fmt: skip
def test_a_claim_that_names_another_definition_is_not_comparable(measure, events, definition, verdict, reason):
    found = checked(measure, "0 Mt/year", *events, definition=definition)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.figure is not None
    assert [ref.id for ref in found.records] == (["r1"] if definition else [])


def test_a_count_has_no_definition_and_either_part_of_a_share_may_have_the_one_named():
    assert checked(Members(), "2", *TWO, definition="those that signed").reason == (
        'Members: 2 claimed for 2023-01-20, defined as "those that signed", and a count of members has no definition '
        "of its own."
    )
    share = Share(Total("co2"), Total("co2", {"country": "Spain"}))
    events = (CO2, *TWO, updated("basque", "3 Mt/year"), updated("humber", "3 Mt/year"))
    assert checked(share, "2", *events, definition="emitted per year").verdict == CONFIRMED
    share = Share(Value("net"), Value("gross"))
    gross = MetricDefined("gross", "t", definition="all of it")
    found = checked(share, "2", NET, gross, definition="some of it")
    assert found.verdict == NOT_COMPARABLE
    assert found.reason.endswith(
        'defined as "some of it", and this ledger defines gross as "all of it", and this ledger states no definition '
        "of net."
    )
    assert checked(share, "2", NET, gross, definition="all of it").verdict == UNVERIFIABLE


def test_a_definition_of_eighty_signs_is_quoted_in_full():
    found = checked(Value("co2"), "0 Mt/year", CO2, definition="x" * 80)
    assert f'defined as "{"x" * 80}", and' in found.reason


def test_the_verdicts_are_four():
    assert VERDICTS == ("confirmed", "contradicted", "unverifiable", "not comparable")


def test_a_count_is_never_rounded():
    found = checked(Members(), "1e1", *(joined(member) for member in "abcdef"))
    assert found.reason == "Members: 1e1 claimed for 2023-01-20, and there were 6: a, b, c, d, e, f."


def test_checks_agree_if_verdict_amount_and_envelope_do():
    one, two = (updated("basque", f"{amount} Mt/year") for amount in (1, 2))
    none = checked(Total("co2"), "0 Mt/year", CO2, *TWO[:1])
    zero = checked(Total("co2"), "0 Mt/year", CO2, *TWO[:1], updated("basque", "0..1 Mt/year"))
    assert (none.verdict, none.agrees(none), none.agrees(zero)) == (UNVERIFIABLE, True, False)
    # the same envelope of another amount, since any value can be missing, and the same amount in another envelope
    net = [(NET, *TWO, MetricUpdated("net", "2022", f"{amount} t", member="basque")) for amount in (1, 2)]
    found = [checked(Total("net"), "3 t", *events) for events in (*net, net[0][:1] + net[0][1:2] + net[0][3:])]
    assert [check.verdict for check in found] == [UNVERIFIABLE, UNVERIFIABLE, CONTRADICTED]
    assert found[0].figure.envelope == found[1].figure.envelope
    assert not found[0].agrees(found[1])
    alike = [checked(Total("co2"), ">= 1.5 Mt/year", CO2, *members, one) for members in (TWO[:1], TWO)]
    assert alike[0].figure.amount == alike[1].figure.amount
    sure, open_still = (checked(Total("co2"), ">= 1 Mt/year", CO2, *members, two) for members in (TWO[:1], TWO))
    assert (sure.verdict, open_still.verdict, sure.figure.amount == open_still.figure.amount) == (
        CONFIRMED, CONFIRMED, True,
    )  # fmt: skip
    assert not sure.agrees(open_still)


def test_at_most_twenty_are_named():
    found = checked(Members(), "1", *(joined(f"m{place:02}") for place in range(23)))
    assert found.reason.endswith(
        "and there were 23: " + ", ".join(f"m{place:02}" for place in range(20)) + " and 3 more."
    )


def test_the_union_and_its_states_must_be_told_apart():
    events = (CO2, joined("union"), joined("spain"), joined("italy"))
    parts = [MemberChanged(state, "2022-01-01", part_of="union") for state in ("spain", "italy")]
    found = checked(Total("co2"), "5 Mt/year", *events, *parts)
    assert (found.verdict, found.figure, found.gap) == (UNVERIFIABLE, None, None)
    assert found.reason == (
        "Total co2: 5 Mt/year claimed for 2023-01-20, and it is open what it counts, since members would count beside "
        "parts of them (italy of union, spain of union): the claim must say whether the parts or the wholes are "
        "added up (overlap); it would be >= 0 Mt/year with the parts, >= 0 Mt/year with the wholes."
    )
    assert [ref.id for ref in found.records] == ["r5", "r6"]
    named = checked(Total("co2"), "5 Mt/year", *events, *parts, definition="emitted per year")
    assert [ref.id for ref in named.records] == ["r1", "r5", "r6"]
    values = [updated(*value) for value in (("union", "0.1 Gt/year"), ("spain", "15 Mt/year"), ("italy", "25 Mt/year"))]
    told = checked(Total("co2"), "5 Mt/year", *events, *parts, *values)
    assert told.reason.endswith("; it would be 40 Mt/year with the parts, 100 Mt/year with the wholes.")
    told = checked(Share(Total("co2"), Total("co2", overlap="whole")), "5", *events, *parts, *values)
    assert told.reason.endswith("; it would be 0.4 with the parts, 1 with the wholes.")
    open_still = checked(Total("net"), "5 t", NET, *events, *parts)
    assert open_still.reason.endswith(" (overlap).")
    unknown = checked(Total("co2"), "5 Mt/year")
    assert (unknown.figure, unknown.agrees(found), found.agrees(found)) == (None, False, True)
    # what it means comes first
    assert checked(Total("co2"), "5 Mt", *events, *parts).verdict == NOT_COMPARABLE
    other = checked(Total("co2"), "5 Mt/year", *events, *parts, definition="could save")
    assert (other.verdict, other.figure) == (NOT_COMPARABLE, None)
    unknown_too = checked(Share(Total("co2"), Total("other")), "5", *events, *parts)
    assert (unknown_too.verdict, unknown_too.figure) == (NOT_COMPARABLE, None)
    share = checked(Share(Total("co2"), Total("net")), "5", NET, *events, *parts)
    assert (share.verdict, share.figure) == (UNVERIFIABLE, None)
    assert checked(Total("co2", overlap="whole"), "5 Mt/year", *events, *parts).verdict == UNVERIFIABLE


def test_a_value_stated_for_the_initiative_is_held_against_the_total():
    events = (CO2, *TWO, updated("basque", "1 Mt/year"), updated("humber", "2 Mt/year"))
    state = replay(recorded(*events), at=DAY)
    total = Total("co2")
    reasons = [check(Claim(Value("co2"), f"{amount} Mt/year"), state, total).reason for amount in (3, ">= 2", 4)]
    assert reasons == [
        "Total co2: 3 Mt/year on 2023-01-20, as stated for the initiative.",
        "Total co2: 3 Mt/year on 2023-01-20, within the >= 2 Mt/year stated for the initiative.",
        "Total co2: 4 Mt/year stated for the initiative on 2023-01-20, and it was 3 Mt/year: basque, humber.",
    ]
    found = check(Claim(Value("co2"), "3 Mt/year"), state, total)
    assert [ref.id for ref in found.records] == ["r2", "r3", "r4", "r5"]  # those of the total


@pytest.mark.parametrize(("measure", "ids"), [
    (Members(), ["r2", "r3"]),
    (Total("co2"), ["r2", "r3", "r4"]),
    (Value("co2", "basque"), ["r4"]),
    (Share(Value("co2"), Total("co2")), ["r2", "r3", "r4", "r5"]),
    (Share(Members({"country": "Spain"}), Members()), ["r2", "r3"]),  # each once
])  # fmt: skip
def test_it_names_the_records_that_the_figure_rests_on(measure, ids):
    events = (CO2, *TWO, updated("basque", "1 Mt/year"), updated(None, "2 Mt/year"), MemberLeft("humber", "2024"))
    amount = "1 Mt/year" if isinstance(measure, Total | Value) else "1"
    assert [ref.id for ref in checked(measure, amount, *events).records] == ids


def test_of_a_share_only_the_total_that_does_not_choose_is_open():
    events = (CO2, joined("union", country="EU"), joined("spain", country="EU"), joined("italy"))
    parts = [MemberChanged(state, "2022-01-01", part_of="union") for state in ("spain", "italy")]
    share = Share(Total("co2", {"country": "EU"}), Total("co2", overlap="whole"))
    found = checked(share, "5", *events, *parts)
    assert (found.figure, [ref.id for ref in found.records]) == (None, ["r5"])


def test_what_was_not_compared_agrees_with_its_like_in_any_case():
    one, two = (checked(Members(), "1 t", *events) for events in (TWO[:1], TWO))
    assert one.figure != two.figure
    assert (one.verdict, one.agrees(two)) == (NOT_COMPARABLE, True)
    assert not one.agrees(checked(Members(), "1", *TWO))


@pytest.mark.parametrize(("measure", "more", "ids"), [
    (Members(), [MemberLeft("basque", "2022-05-01")], ["r2", "r6"]),
    (Members(), [InitiativeLaunched("2020-01-01", "Clusters"), InitiativeClosed("2023-01-01")], ["r7"]),
    (Members(), [InitiativeLaunched("2020-01-01", "Clusters"), MemberLeft("basque", "2022-05-01")], ["r2", "r7"]),
    (Total("co2"), [MemberChanged("humber", "2022-05-01", part_of="x")], []),
    (Members({"country": "Spain"}), [joined("ohio", country="US"), MemberChanged("humber", "2022-05-01",
     attributes={"country": "Spain"})], ["r3", "r7"]),
    (Joined("2021-01-01"), [joined("ohio")], ["r6"]),
    (Value("co2", "basque"), [updated("basque", "2 Mt/year", effective="2022-07-01")], ["r4", "r6"]),
    (Total("co2"), [MemberChanged("humber", "2022-05-01", part_of="basque"), joined("ohio", part_of="x")],
     ["r6", "r7"]),
    (Total("co2", members_at="2022-02-01"), [MemberLeft("basque", "2022-05-01"), joined("ohio")], ["r7"]),
    (Share(Members({"country": "UK"}), Members()), [joined("ohio", country="US")], ["r6"]),
    (Total("co2"), [MetricDefined("co2", "kt/year")], ["r1", "r6"]),
    (Total("co2"), [updated("ohio", "2 Mt/year")], []),
])  # fmt: skip
def test_what_changed_a_figure_are_the_records_that_differ(measure, more, ids):
    events = [CO2, *TWO, updated("basque", "1 Mt/year"), updated("humber", "2 Mt/year")]
    before, after = (replay(recorded(*some), at=DAY) for some in (events, [*events, *more]))
    assert [ref.id for ref in changed_by(measure, before, after)] == ids
    assert changed_by(measure, after, after) == ()


# --- laws


@st.composite
def near(draw, quantity):
    """Draw an amount that touches another one, or nearly does, in its unit or in one near it."""
    ends = [end for end in (quantity.low, quantity.high) if end is not None] or [exactly(0).low]
    one, other = (add(draw(st.sampled_from(ends)), exactly(draw(st.integers(-2, 2))).low) for _ in range(2))
    unit = quantity.unit
    drawn = draw(st.sampled_from([
        exactly(one, unit), at_least(one, unit), at_most(one, unit), Quantity(min(one, other), max(one, other), unit),
    ]))  # fmt: skip
    return drawn.to("kg") if unit == "t" and draw(st.booleans()) else drawn


def asked_near(data, state, measure):
    try:
        figure = state.measure(measure)
    except LedgerError:
        assume(False)
    return Claim(measure, data.draw(near(data.draw(st.sampled_from([figure.envelope, figure.amount])))))


@given(st.data(), questions(bases=True), st.booleans())
@settings(max_examples=EXAMPLES)
def test_no_verdict_is_against_any_possible_world(data, measure, parts):
    records = data.draw(histories(parts=parts, max_size=9))
    point = data.draw(points(records))
    state = replay(records, at=point.day, known_at=point.known_at)
    claim = asked_near(data, state, measure)
    found = check(claim, state)
    worlds = Worlds.of(records, at=point.day, known_at=point.known_at)
    answers = [worlds.answer(world, measure).envelope for world in worlds.worlds(measure)]
    if found.verdict == CONFIRMED:
        assert all(claim.amount.contains(answer) for answer in answers)
    elif found.verdict == CONTRADICTED:
        assert not any(claim.amount.meets(answer) for answer in answers)
    else:
        assert found.verdict == UNVERIFIABLE
        assert not claim.amount.contains(state.measure(measure).envelope)


@given(st.data(), questions())
@settings(max_examples=EXAMPLES)
def test_where_one_world_is_possible_and_nothing_is_missing_nothing_is_left_open(data, measure):
    records = data.draw(histories(rough=False, bounds=False, max_size=9))
    point = data.draw(points(records))
    state = replay(records, at=point.day, known_at=point.known_at)
    claim = asked_near(data, state, measure)
    found = check(claim, state)
    if found.figure.complete and claim.amount.exact:
        assert found.verdict in (CONFIRMED, CONTRADICTED)
    elif found.verdict == UNVERIFIABLE and not found.figure.complete:
        assert any(member in found.reason for member in found.figure.missing) or measure == Value(
            measure.metric, measure.member
        )


@given(st.data(), questions(metrics=3), st.sampled_from([None, *MEMBERS]))
@settings(max_examples=EXAMPLES)
def test_whatever_was_recorded_a_check_can_be_made(data, measure, member):
    records = data.draw(histories(parts=True) | hostile_histories(parts=True))
    point = data.draw(points(records))
    state = replay(records, at=point.day, known_at=point.known_at)
    if data.draw(st.booleans()):
        measure = Share(
            measure, data.draw(st.sampled_from([Members(), Total("co2"), Value("net", member), Joined("2021-01-01")]))
        )
    claim = Claim(
        measure,
        data.draw(st.sampled_from(["1", "1..5 t", ">= 2 people", ".."])),
        definition=data.draw(st.sampled_from([None, "x"])),
    )
    found = check(claim, state)
    assert found.verdict in VERDICTS
    assert found.reason.isprintable()
    assert list(found.records) == sorted(set(found.records))
    assert set(found.records) <= set(state.registers.refs.values())
    assert (found.gap is None) is (found.verdict == NOT_COMPARABLE or found.figure is None)
    assert found.agrees(found)
