"""What can be asked of a state: plain values, with filters in one form."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime

import pytest
from attrs import evolve, fields
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import BadEvent, LedgerError
from ledger.model.measures import MEASURES, Distinct, Joined, Members, Share, Total, Value, singles_of, where_of
from ledger.testing.strategies import ids, measures, names

values = st.none() | st.sampled_from(["Spain", "steel"]) | names()
filters = st.dictionaries(st.sampled_from(["country", "sector"]) | ids(), st.lists(values, min_size=1), max_size=3)


def kind(value: object) -> str:
    return type(value).__name__


# --- filters ---


@given(filters, st.randoms())
def test_equal_filters_come_to_one_form_however_they_are_written(where, random):
    expected = where_of(where)
    names_in_disorder = random.sample(list(where), len(where))
    for same in (
        {name: random.sample(where[name], len(where[name])) for name in names_in_disorder},
        {name: where[name] * 2 for name in names_in_disorder},
        {name: set(where[name]) for name in where},
        {name: iter(where[name]) for name in where},
        list(where.items()),
        expected,
        dict(expected),
    ):
        assert where_of(same) == expected
    assert expected == tuple(sorted((name, tuple_of(some)) for name, some in where.items()))


def tuple_of(some: list[str | None]) -> tuple[str | None, ...]:
    return (None,) * (None in some) + tuple(sorted({value for value in some if value is not None}))


@given(filters)
def test_a_filter_is_made_of_tuples_and_texts(where):
    for name, allowed in where_of(where):
        assert isinstance(name, str)
        assert isinstance(allowed, tuple)
        assert len(set(allowed)) == len(allowed) > 0
        assert set(allowed) == set(where[name])


def test_a_single_value_may_stand_alone():
    assert where_of({"country": "Spain"}) == where_of({"country": ["Spain"]}) == (("country", ("Spain",)),)
    assert where_of({"country": None}) == where_of({"country": [None]}) == (("country", (None,)),)


@pytest.mark.parametrize("nothing", [None, {}, (), []])
def test_no_filter_is_an_empty_one(nothing):
    assert where_of(nothing) == ()
    assert Members(where=nothing) == Members()


@pytest.mark.parametrize(
    "given_", [5, 0, 1.5, True, "country", ["country"], [("a", "b", "c")], object(), 10**5000, "\ud800"], ids=kind
)
def test_what_is_no_filter_is_refused_with_the_form_to_write(given_):
    with pytest.raises(BadEvent, match=r"is no mapping of attributes to values, as in {'country': 'Spain'}") as refused:
        Members(where=given_)
    assert len(str(refused.value).encode()) < 200


@pytest.mark.parametrize("name", ["", " a", "a\n", "x" * 10_000, "e\u0301", "\ud800", "\0", None, 5, b"a"], ids=ascii)
def test_a_filter_on_what_is_no_attribute_name_is_refused(name):
    with pytest.raises(BadEvent, match=r"^where: attribute"):
        Members(where={name: "Spain"})


@pytest.mark.parametrize(
    "value",
    [5, 1.5, True, b"Spain", [5], [["Spain"]], " Spain", "a\nb", "\ud800", "x" * 10_000, 10**5000, object(), {1: 2}],
    ids=kind,
)
def test_a_filter_for_what_is_no_attribute_value_is_refused(value):
    with pytest.raises(BadEvent, match=r"^where: country"):
        Members(where={"country": value})


@pytest.mark.parametrize("nothing", [[], (), {}, set(), iter([])])
def test_a_filter_that_lets_nothing_pass_is_refused(nothing):
    with pytest.raises(BadEvent, match="where: country allows no value at all: name one, or leave it out"):
        Members(where={"country": nothing})


# --- measures ---


@given(measures())
def test_a_measure_is_a_value(measure):
    again = type(measure)(**{f.name: getattr(measure, f.name) for f in fields(type(measure))})
    for twin in (again, pickle.loads(pickle.dumps(measure)), copy.deepcopy(measure)):
        assert twin == measure
        assert hash(twin) == hash(measure)
        assert repr(twin) == repr(measure)


@given(measures(), measures())
def test_measures_are_equal_when_they_ask_the_same(one, other):
    assert (one == other) == (repr(one) == repr(other))


def test_measures_of_different_kinds_are_different():
    kinds = [Members(), Joined("2020-01-01"), Distinct("a"), Total("a"), Value("a"), Share(Members(), Members())]
    assert [type(measure) for measure in kinds] == list(MEASURES)
    assert len(set(kinds)) == len(kinds)
    assert Members() != Members(suspended=True)
    assert Value("a") != Value("a", "a")


@given(measures())
def test_nothing_of_a_measure_can_be_changed(measure):
    for f in fields(type(measure)):
        with pytest.raises(FrozenInstanceError):
            setattr(measure, f.name, None)


@pytest.mark.parametrize("since", ["2023-01-20", date(2023, 1, 20)])
def test_joined_since_takes_a_day_as_date_or_text(since):
    assert Joined(since).since == date(2023, 1, 20)


@pytest.mark.parametrize(
    "since", ["2023", "2023-02-30", "", None, 5, 1.5, b"2023-01-20", datetime(2023, 1, 20, tzinfo=UTC)], ids=kind
)
def test_joined_since_what_is_no_exact_day_is_refused(since):
    with pytest.raises(LedgerError, match=r"day|calendar"):
        Joined(since)


NOT_IDS = ["", " a", "a\n", "x" * 10_000, "e\u0301", "\ud800", "\0", 5, 1.5, True, b"a", [], {}, object(), 10**5000]


@pytest.mark.parametrize("bad", [None, *NOT_IDS], ids=kind)
@pytest.mark.parametrize(("cls", "name"), [(Distinct, "attribute"), (Total, "metric"), (Value, "metric")])
def test_a_measure_of_what_is_no_name_is_refused(cls, name, bad):
    with pytest.raises(BadEvent, match=rf"^{cls.__name__}\.{name} "):
        cls(bad)


@pytest.mark.parametrize("bad", NOT_IDS, ids=kind)
def test_a_value_of_what_is_no_member_is_refused(bad):
    with pytest.raises(BadEvent, match=r"^Value\.member "):
        Value("co2", bad)


@pytest.mark.parametrize("bad", [None, 0, 1, "True", "", []])
@pytest.mark.parametrize("measure", [Members(), Distinct("country"), Total("co2")], ids=kind)
def test_counting_the_suspended_is_true_or_false(measure, bad):
    with pytest.raises(BadEvent, match=rf"^{kind(measure)}\.suspended must be True or False"):
        evolve(measure, suspended=bad)


def test_suspended_is_given_by_name_alone():
    for make in (lambda: Members({}, True), lambda: Distinct("a", {}, True), lambda: Total("a", {}, True)):
        with pytest.raises(TypeError):
            make()


@pytest.mark.parametrize("bad", [None, "Members()", 5, Members, Share(Members(), Members()), [Members()]], ids=kind)
def test_a_share_is_made_of_two_other_measures(bad):
    with pytest.raises(BadEvent, match=r"^Share\.part must be a measure other than a share, not"):
        Share(bad, Members())
    with pytest.raises(BadEvent, match=r"^Share\.whole must be a measure other than a share, not"):
        Share(Members(), bad)


def test_a_filter_that_names_an_attribute_twice_is_refused():
    with pytest.raises(BadEvent, match="names an attribute twice: give it all its values at once"):
        Members(where=[("town", "a"), ("town", "b")])


@given(measures())
def test_the_singles_of_a_measure_are_no_shares_and_make_it_up(measure):
    singles = singles_of(measure)
    assert not any(isinstance(single, Share) for single in singles)
    assert measure == (Share(*singles) if len(singles) > 1 else singles[0])
