"""The vocabulary: every event is a well-formed, immutable, comparable value, or is refused with its field."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve, fields, has
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import BadEvent, BadQuantity, BadWhen, LedgerError, UnknownUnit
from ledger.model.events import (
    ATTRIBUTES_MAX,
    EVENTS,
    NAMES_MAX,
    Attributes,
    Claim,
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
from ledger.model.measures import Members, Total
from ledger.model.quantity import Quantity, exactly
from ledger.model.when import When
from ledger.testing.strategies import attributes, events, whens


def kind(value: object) -> str:
    return type(value).__name__


def parts(value: Any) -> dict[str, Any]:
    return {f.name: getattr(value, f.name) for f in fields(type(value))}


def loose(value: Any) -> Any:
    """Give a value in the way that somebody would type it."""
    match value:
        case When() | Quantity():
            return value.text
        case date():
            return value.isoformat()
        case Attributes():
            return dict(reversed(list(value.items())))
        case tuple():
            return list(value)
        case _:
            return value


def inside(value: Any) -> list[Any]:
    """List a value with everything that it is made of."""
    if isinstance(value, tuple):
        return [value, *(deep for one in value for deep in inside(one))]
    if has(type(value)):
        return [value, *(deep for one in parts(value).values() for deep in inside(one))]
    if isinstance(value, Attributes):
        return [value, *(deep for pair in value.items() for deep in inside(pair))]
    return [value]


# --- a value ---


def test_every_event_of_the_vocabulary_is_in_the_list():
    assert set(EVENTS) == {
        *(InitiativeLaunched, InitiativeChanged, InitiativeClosed),
        *(MemberJoined, MemberLeft, MemberSuspended, MemberReinstated, MemberChanged),
        *(MetricDefined, MetricUpdated, ReportPublished, RecordRetracted),
    }
    assert len(EVENTS) == 12


@given(events())
def test_an_event_equals_its_copies_and_one_made_of_the_same_parts(event):
    for twin in (
        type(event)(**parts(event)),
        pickle.loads(pickle.dumps(event)),
        copy.copy(event),
        copy.deepcopy(event),
    ):
        assert twin == event
        assert hash(twin) == hash(event)
        assert parts(twin) == parts(event)
        assert str(twin) == str(event)


@given(events())
def test_an_event_is_made_of_what_somebody_would_type(event):
    typed = {name: loose(value) for name, value in parts(event).items()}
    assert type(event)(**typed) == event
    assert str(type(event)(**typed)) == str(event)


@given(events(), events())
def test_events_are_equal_when_their_class_and_their_parts_are(one, other):
    assert (one == other) == (type(one) is type(other) and parts(one) == parts(other))


@given(events())
def test_nothing_of_an_event_can_be_changed_however_deep(event):
    for part in inside(event):
        assert hash(part) is not None
        if has(type(part)):
            for name in parts(part):
                with pytest.raises(FrozenInstanceError):
                    setattr(part, name, None)
                with pytest.raises(FrozenInstanceError):
                    delattr(part, name)
            with pytest.raises((AttributeError, TypeError)):
                part.more = 1
        else:
            assert isinstance(part, (str, bool, date, Decimal, tuple, Attributes, type(None)))


def test_what_an_event_was_made_of_may_change_afterwards():
    supporters, given_attributes, made = ["EPRI"], {"country": "Spain"}, [Claim(Members(), "17")]
    launched = InitiativeLaunched("2021", "Clusters", supporters, given_attributes)
    published = ReportPublished("r", "2023-01-20", claims=made)
    supporters.append("Accenture")
    given_attributes["country"] = "France"
    made.clear()
    assert launched.supporters == ("EPRI",)
    assert launched.attributes == {"country": "Spain"}
    assert len(published.claims) == 1


def test_amounts_that_are_equal_make_equal_events():
    one, other = (MetricUpdated("co2", "2022", amount) for amount in ("1 Gt", "1000 Mt"))
    assert one == other
    assert hash(one) == hash(other)


# --- what a field takes, and the name of the field that is refused ---

VALID: dict[type, dict[str, Any]] = {
    InitiativeLaunched: {"effective": "2021", "name": "Clusters"},
    InitiativeChanged: {"effective": "2021"},
    InitiativeClosed: {"effective": "2021"},
    MemberJoined: {"member": "a", "effective": "2021"},
    MemberLeft: {"member": "a", "effective": "2021"},
    MemberSuspended: {"member": "a", "effective": "2021"},
    MemberReinstated: {"member": "a", "effective": "2021"},
    MemberChanged: {"member": "a", "effective": "2021"},
    MetricDefined: {"metric": "co2"},
    MetricUpdated: {"metric": "co2", "effective": "2021", "amount": "5"},
    ReportPublished: {"report": "r", "effective": "2021-01-01"},
    RecordRetracted: {"record": "x"},
    Claim: {"measure": Members(), "amount": "17"},
}
FIELDS = [(cls, f.name) for cls in VALID for f in fields(cls)]

# fmt: off
NOT_TEXT = (5, 1.5, True, b"a", object(), 10**5000, float("nan"), Decimal("NaN"), [], {})
NO_ID = ("", " a", "a ", "a\n", "a\0", "\ud800", "\u202eabc", "e\u0301", "\u200d", "x" * 10_000, *NOT_TEXT)
NO_LINE = (" a", "a\nb", "a\0", "\ud800", "\u202eabc", "e\u0301", "x" * 1_001, None, *NOT_TEXT)
NO_PROSE = ("a\0", "\ud800", "x" * 100_001, *NOT_TEXT)
NO_WHEN = (
    "", "soon", "2023-02-30", "2023-W03", "2021/", "2023/2021", "0000", "2021\n", "\ud800", "x" * 10_000,
    b"2021", 5, 1.5, True, [], {}, 10**5000, datetime(2021, 1, 1, tzinfo=UTC),
)
NO_AMOUNT = (
    "", "five", "NaN", "Infinity t", "5 tonn", "2..1", "5 t\n", "\ud800", "1" * 35, "x" * 10_000, b"5",
    5, 1.5, True, float("nan"), Decimal(5), Decimal("NaN"), [], {}, 10**5000,
    exactly(1, "Wh").to("toe"), Quantity(Decimal("1" * 35), None), Quantity(None, Decimal("1e34")),
    Quantity(Decimal("1e-35"), Decimal("1e-35")),
)
NO_NAMES = (
    "EPRI", 5, b"a", {"a"}, frozenset("a"), {"a": "b"}, ["a", "a"], [""], [" a"], ["a\0"], ["\ud800"], ["x" * 10_000],
    [5], [None], [["a"]], [str(n) for n in range(NAMES_MAX + 1)], object(), 10**5000, True,
)
NO_ATTRIBUTES = (
    5, 0, False, "country", ["country"], [("a", "b", "c")], {"": "x"}, {" a": "x"}, {"a\n": "x"}, {5: "x"},
    {"a": ""}, {"a": " x"}, {"a": "x\ny"}, {"a": "\ud800"}, {"a": 5}, {"a": ["x"]}, {"a": "x" * 1_001},
    {"a": "x", 5: "y"}, {str(n): "x" for n in range(ATTRIBUTES_MAX + 1)}, object(), 10**5000,
)
NO_CLAIMS = (
    5, "17", None, [5], [None], ["17"], {"a": 1}, object(), 10**5000, [Claim(Members(), "1")] * (NAMES_MAX + 1),
)
# fmt: on
BAD: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(["member", "metric", "report", "record", "kind", "name"], NO_ID),
    "part_of": tuple(bad for bad in NO_ID if bad != ""),
    **dict.fromkeys(["title", "url"], NO_LINE),
    "unit": (*NO_LINE, "tonn", "5", "t/Wh"),
    **dict.fromkeys(["reason", "text", "definition"], NO_PROSE),
    **dict.fromkeys(["effective", "period"], NO_WHEN),
    "at": (*NO_WHEN, "2021", "2021-01", "2021-01-01~"),
    "amount": NO_AMOUNT,
    **dict.fromkeys(["supporters", "successors"], NO_NAMES),
    "attributes": NO_ATTRIBUTES,
    **dict.fromkeys(["additive", "nonnegative"], (None, 0, 1, "True", "", [], 10**5000)),
    "quality": ("", "Reported", "guess", None, 5, [], {}, "\ud800", 10**5000),
    "claims": NO_CLAIMS,
    "measure": (None, "Members()", 5, Members, [], object()),
}


def is_named(name: str, message: str) -> bool:
    """Does a message say what is wrong: the field, or the kind of thing that it is to hold?"""
    a_date = "date|day|calendar|0001|span|instant|blank|ends before|ASCII"
    words = {
        **dict.fromkeys(["effective", "period", "at"], a_date),
        "amount": "amount|number|unit|digits|ends below",
        "attributes": "attribute",
        "claims": "claim",
    }
    return any(word in message for word in words.get(name, name).split("|"))


@pytest.mark.parametrize(("cls", "name"), FIELDS)
def test_a_field_refuses_what_it_cannot_hold_and_says_so(cls, name):
    assert cls(**VALID[cls])
    required = getattr(fields(cls), name).default is not None and (cls, name) != (MetricUpdated, "amount")
    for bad in (None, *BAD[name]) if required and name != "attributes" else BAD[name]:
        with pytest.raises((BadEvent, BadWhen, BadQuantity, UnknownUnit)) as refused:
            cls(**{**VALID[cls], name: bad})
        assert isinstance(refused.value, ValueError)
        assert len(str(refused.value).encode()) < 400
        assert is_named(name, str(refused.value)), (bad, str(refused.value))


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.binary() | whens()
several = st.lists(anything, max_size=3) | st.dictionaries(st.text() | st.none(), anything, max_size=3)


@given(events(), st.data())
def test_a_field_given_anything_at_all_is_taken_or_refused(event, data):
    name = data.draw(st.sampled_from(sorted(parts(event))))
    given_ = data.draw(anything | several)
    try:
        assert evolve(event, **{name: given_})
    except LedgerError as error:
        check_readable(error)


def check_readable(error: LedgerError) -> None:
    assert len(str(error).encode()) < 700  # and no lone surrogate


@pytest.mark.parametrize("cls", [*VALID], ids=lambda cls: cls.__name__)
def test_a_field_without_a_default_must_be_given_and_no_other_may_be(cls):
    for name in VALID[cls]:
        with pytest.raises(TypeError, match=name):
            cls(**{other: value for other, value in VALID[cls].items() if other != name})
    with pytest.raises(TypeError, match="colour"):
        cls(**VALID[cls], colour="blue")


@pytest.mark.parametrize("missing", [MetricUpdated("co2", "2021", None).amount, InitiativeChanged("2021").supporters])
def test_what_may_be_left_open_is_none(missing):
    assert missing is None


def test_what_may_be_left_out_has_its_default():
    assert parts(MemberJoined("a", "2021")) == {
        "member": "a",
        "effective": When("2021"),
        "name": None,
        "attributes": Attributes(),
        "part_of": None,
    }
    assert MetricDefined("co2").additive is True
    assert MetricDefined("co2").nonnegative is False
    assert MetricUpdated("co2", "2021", "5").quality == "reported"
    assert ReportPublished("r", "2021").kind == "report"
    assert InitiativeChanged("2021", supporters=[]).supporters == ()


@pytest.mark.parametrize("quality", ["reported", "estimated", "modelled"])
def test_a_value_is_reported_estimated_or_modelled(quality):
    assert MetricUpdated("co2", "2021", "5", quality=quality).quality == quality


# --- limits of what can be written down and read again ---


@pytest.mark.parametrize(
    "amount",
    [
        "9" * 34 + " t",
        "0." + "9" * 34,
        "1e33",
        "1e-34",
        "-" + "9" * 34,
        f"{'1' * 34}..{'2' * 34} t",
        Quantity(None, None),
    ],
)
def test_amounts_of_up_to_34_digits_are_recorded(amount):
    assert MetricUpdated("m", "2021", amount).amount == Quantity.of(amount)
    assert Claim(Members(), amount).amount == Quantity.of(amount)


@pytest.mark.parametrize("end", [Decimal("1" * 35), Decimal("1e34"), Decimal("1e-35"), Decimal("-1.1e34")])
@pytest.mark.parametrize("open_end", ["low", "high", None])
def test_a_computed_amount_too_long_to_type_is_refused_with_a_way_out(end, open_end):
    amount = Quantity(None if open_end == "low" else end, None if open_end == "high" else end, "t")
    with pytest.raises(BadEvent, match=r"^MetricUpdated\.amount .* more than 34 digits: round it outwards to a range"):
        MetricUpdated("m", "2021", amount)
    with pytest.raises(BadEvent, match=r"^Claim\.amount .* more than 34 digits"):
        Claim(Members(), amount)


@pytest.mark.parametrize(
    "amount", [Quantity(Fraction(1, 3), None), Quantity(None, Fraction(1, 3)), Quantity(0, Fraction(1, 3))]
)
def test_an_amount_without_a_finite_decimal_is_refused_with_a_way_out(amount):
    with pytest.raises(BadEvent, match=r"^MetricUpdated\.amount .* round it outwards to a range"):
        MetricUpdated("m", "2021", amount)


def test_up_to_a_thousand_names_and_claims_and_a_hundred_attributes_are_kept():
    many = [f"n{n}" for n in range(NAMES_MAX)]
    assert len(InitiativeLaunched("2021", "x", many).supporters) == NAMES_MAX
    assert len(MemberLeft("a", "2021", successors=many).successors) == NAMES_MAX
    assert len(ReportPublished("r", "2021-01-01", claims=[Claim(Members(), "1")] * NAMES_MAX).claims) == NAMES_MAX
    assert len(Attributes(dict.fromkeys(many[:ATTRIBUTES_MAX], "x"))) == ATTRIBUTES_MAX


def test_names_keep_the_order_in_which_they_are_given():
    assert InitiativeLaunched("2021", "x", ["b", "a"]).supporters == ("b", "a")
    assert InitiativeChanged("2021", supporters=("b", "a")).supporters == ("b", "a")
    assert MemberLeft("a", "2021", successors=iter("cb")).successors == ("c", "b")


# --- part of ---


@pytest.mark.parametrize("cls", [MemberJoined, MemberChanged])
def test_no_member_is_part_of_itself(cls):
    assert cls("a", "2021", part_of="b").part_of == "b"
    with pytest.raises(BadEvent, match="member 'a' cannot be part of itself"):
        cls("a", "2021", part_of="a")


def test_a_change_may_say_that_a_member_is_part_of_none_but_a_joining_just_leaves_it_out():
    assert MemberChanged("a", "2021", part_of="").part_of == ""
    with pytest.raises(BadEvent, match=r"^MemberJoined\.part_of"):
        MemberJoined("a", "2021", part_of="")


# --- reports ---


def test_a_claim_needs_a_day_where_the_report_has_no_exact_one():
    claim = Claim(Members(), "17")
    assert ReportPublished("r", "2023-01-20", claims=[claim])
    assert ReportPublished("r", "2023-01-20~", claims=[claim])
    with pytest.raises(BadEvent, match=r"report 'r', claim 1 needs a day of its own \(at=\.\.\.\).*2023-01,"):
        ReportPublished("r", "2023-01", claims=[evolve(claim, at="2023-01-01"), claim])


@pytest.mark.parametrize(
    ("effective", "latest", "after"), [("2023-01-20", "2023-01-20", "2023-01-21"), ("2023", "2023-12-31", "2024-01-01")]
)
def test_a_claim_speaks_of_no_day_after_its_report(effective, latest, after):
    assert ReportPublished("r", effective, claims=[Claim(Members(), "17", at=latest)])
    with pytest.raises(
        BadEvent, match=rf"report 'r', claim 0 speaks of {after}, after the report was published \({effective}\)"
    ):
        ReportPublished("r", effective, claims=[Claim(Members(), "17", at=after)])


def test_what_is_no_claim_is_refused_with_its_place():
    with pytest.raises(BadEvent, match="report 'r', claim 1: a Claim was expected, not str"):
        ReportPublished("r", "2023-01-20", claims=[Claim(Total("co2"), "1 t"), "17"])


# --- attributes ---


@given(attributes(clearing=True))
def test_attributes_are_a_mapping_sorted_by_name(one):
    plain = dict(one)
    assert list(one) == sorted(plain)
    assert one == plain
    assert (len(one), list(one.items())) == (len(plain), sorted(plain.items()))
    assert all(one[name] == plain[name] and name in one for name in plain)
    assert eval(repr(one)) == one


@given(attributes(clearing=True), st.randoms())
def test_attributes_are_equal_in_any_order_and_from_any_source(one, random):
    pairs = random.sample(list(one.items()), len(one))
    for twin in (Attributes(dict(pairs)), Attributes(one)):
        assert twin == one
        assert hash(twin) == hash(one)
        assert repr(twin) == repr(one)


@given(attributes(clearing=True), attributes(clearing=True))
def test_attributes_are_equal_when_they_hold_the_same(one, other):
    assert (one == other) == (dict(one) == dict(other))


def test_a_name_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        Attributes({"country": "Spain"})["sector"]
    assert Attributes({"country": "Spain"}).get("sector") is None


def test_attributes_do_not_change():
    one = Attributes({"country": "Spain"})
    with pytest.raises(TypeError):
        one["country"] = "France"
    with pytest.raises(TypeError):
        del one["country"]
    for name in ("_pairs", "country"):
        with pytest.raises(AttributeError, match="attributes do not change: record a MemberChanged"):
            setattr(one, name, ())
        with pytest.raises(AttributeError, match="attributes do not change: record a MemberChanged"):
            delattr(one, name)
    assert one == {"country": "Spain"}


def test_an_attribute_is_taken_away_by_none_and_by_nothing_else():
    assert Attributes({"sector": None})["sector"] is None
    with pytest.raises(BadEvent, match="attribute 'sector' is empty: leave it out, or give None to take it away"):
        Attributes({"sector": ""})


@pytest.mark.parametrize("nothing", [None, {}, Attributes()])
def test_no_attributes_are_an_empty_mapping(nothing):
    assert MemberJoined("a", "2021", attributes=nothing).attributes == {}


def test_more_than_a_hundred_attributes_are_refused_with_a_way_out():
    with pytest.raises(BadEvent, match="101 attributes in one event; at most 100 are kept: use several events"):
        Attributes({f"n{n}": "x" for n in range(101)})


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: MemberJoined(Text("a"), "2021"),
        lambda: MemberJoined("a", "2021", attributes={"town": Text("b")}),
        lambda: MemberLeft("a", "2021", reason=Text("moved")),
        lambda: When(Text("2021")),
        lambda: Quantity.parse(Text("5 t")),
        lambda: Quantity(1, 2, Text("t")),
    ],
)
def test_what_only_behaves_like_text_is_refused_before_it_is_written(make):
    with pytest.raises(LedgerError, match=r"text.*Text"):
        make()
