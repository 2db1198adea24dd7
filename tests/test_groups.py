"""Groups: a figure for each value of an attribute, or each group of values; and the shares that they have."""

import pickle
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    Distinct,
    Joined,
    MemberChanged,
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    NotAdditive,
    Quantity,
    Share,
    Total,
    Value,
    replay,
)
from ledger.model.errors import BadInput, UnknownMetric, WrongDimension
from ledger.model.figures import Figures
from ledger.model.measures import UNMAPPED, Grouping, by_of
from ledger.model.outcomes import JOINT_MAX
from ledger.model.shares import within_group
from ledger.testing.histories import breakpoints, histories, questions

ISLES = Grouping("country", {"Spain": "mainland", "UK": "island"})
WESTERN = Grouping("country", {"Spain": "west", "UK": "west"})

groupings = st.sampled_from(["country", "sector", ISLES, WESTERN])


@st.composite
def states(draw):
    """One of `histories`, replayed on one of its `breakpoints`."""
    records = draw(histories())
    return replay(records, at=draw(st.sampled_from(breakpoints(records))))


def asked(ask):
    try:
        return ask()
    except (UnknownMetric, NotAdditive) as error:
        return type(error)


@given(states(), questions(counting=True), groupings)
def test_the_figure_of_a_group_is_that_of_the_measure_of_the_group_alone(state, measure, by):
    groups = asked(lambda: state.measure(measure, by=by))
    if not isinstance(groups, Figures):
        assert asked(lambda: state.measure(measure)) is groups
        return
    for group, figure in groups.items():
        alone = state.measure(within_group(measure, by_of(by), group))
        assert (figure.amount, figure.envelope, figure.support) == (alone.amount, alone.envelope, alone.support)


@given(states(), questions(counting=True))
def test_values_that_belong_to_one_group_are_counted_as_one(state, measure):
    groups = asked(lambda: state.measure(measure, by=WESTERN))
    if isinstance(groups, Figures):
        where = {**dict(measure.where)}
        passing = [value for value in ("Spain", "UK") if value in where.get("country", ("Spain", "UK"))]
        assert set(groups) <= {"west", None}
        if "west" in groups:
            from attrs import evolve

            west = state.measure(evolve(measure, where={**where, "country": passing}))
            assert groups["west"].amount == west.amount


@given(states(), questions(counting=True), groupings)
def test_shares_are_of_the_whole_and_sum_to_one_where_all_is_certain(state, measure, by):
    shares = asked(lambda: state.shares(measure, by=by))
    if not isinstance(shares, Figures):
        return
    whole = state.measure(measure)
    for share in shares.values():
        assert share.amount == state.measure(share.measure).amount
        assert share.measure.whole == measure
    if whole.amount.exact and whole.amount.low > 0 and not whole.possible_members and not isinstance(measure, Distinct):
        groups = state.measure(measure, by=by)
        if all(figure.amount.exact for figure in groups.values()):
            assert sum((share.amount for share in shares.values()), Quantity(0, 0)) == Quantity(1, 1)


@given(states(), questions(counting=True), questions(counting=True), groupings)
def test_a_share_by_groups_is_the_share_within_each_group(state, part, whole, by):
    ask = Share(part, whole)
    try:
        groups = state.measure(ask, by=by)
    except (UnknownMetric, NotAdditive, WrongDimension):
        return
    assert set(groups) == {*state.measure(part, by=by), *state.measure(whole, by=by)}
    for group, figure in groups.items():
        try:
            within = Share(within_group(part, by_of(by), group), within_group(whole, by_of(by), group))
        except BadInput:
            continue  # a filter leaves nothing of the group
        assert figure.amount == state.measure(within).amount


@pytest.fixture
def club():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("co2", "t", nonnegative=True),
            MemberJoined("a", "2020", attributes={"country": "Spain"}),
            MemberJoined("b", "2020", attributes={"country": "Japan"}),
            MemberJoined("c", "2020", attributes={"country": "Spain"}),
            MemberJoined("d", "2020"),
            *(MetricUpdated("co2", "2020", f"{n} t", member=m) for m, n in zip("abcd", (1, 2, 3, 4), strict=True)),
        )
        yield club


CONTINENTS = {"Spain": "Europe", "Japan": "Asia", "France": "Europe"}


def test_countries_by_continent(club):
    state = club.at("2021-01-01")
    expected = {"Asia": "1", "Europe": "2", None: "1"}
    assert {group: str(figure) for group, figure in state.count(by={"country": CONTINENTS}).items()} == expected
    assert [str(figure) for figure in state.total("co2", by=Grouping("country", CONTINENTS)).values()] == [
        "2 t",
        "4 t",
        "4 t",
    ]
    line = club.timeline(Total("co2"), by={"country": CONTINENTS})
    assert line.at("2021-01-01") == state.total("co2", by={"country": CONTINENTS})
    assert line.by == Grouping("country", CONTINENTS)


def test_shares_of_a_total(club):
    shares = club.at("2021-01-01").shares(Total("co2"), by={"country": CONTINENTS})
    assert {group: str(share.amount) for group, share in shares.items()} == {
        "Asia": "0.2",
        "Europe": "0.4",
        None: "0.4",
    }
    assert shares["Europe"].measure == Share(Total("co2", {"country": ["France", "Spain"]}), Total("co2"))
    for a, b in pairwise(shares.values()):
        assert a.basis == b.basis


def test_a_value_that_belongs_to_no_group_is_named(club):
    club.record(MemberChanged("d", "2022-01-01", attributes={"country": "Chile"}))
    by = {"country": CONTINENTS}
    line = club.timeline(Members(), by=by)
    assert line.at("2021-12-31")["Europe"] == club.at("2021-12-31").count(by=by)["Europe"]
    for ask in lambda: club.at("2022-01-01").count(by=by), lambda: line.at("2022-01-01"):
        with pytest.raises(BadInput, match=r"'Chile'.*in no group"):
            ask()
    # who does not count need not be named
    assert club.at("2022-01-01").count({"country": ["Spain", "Japan"]}, by=by).keys() == {"Asia", "Europe"}


def test_many_values_that_belong_to_no_group_are_named_in_part(club):
    club.record(*(MemberJoined(f"m{n}", "2020", attributes={"country": f"C{n}"}) for n in range(9)))
    with pytest.raises(BadInput, match="'C4' and 5 more, which is in no group: name the group of each"):
        club.at("2021-01-01").count(by={"country": {"Spain": "Europe"}})


@pytest.mark.parametrize(
    "by",
    [
        "",
        5,
        {},
        {"country": {}},
        {"country": "Europe"},
        {"country": {"Spain": None}},
        {"country": {"Spain": ""}},
        {"country": {5: "Europe"}},
        {"country": {"Spain": "Europe"}, "sector": {"steel": "heavy"}},
        {5: {"Spain": "Europe"}},
        ["country"],
    ],
)
def test_what_is_no_grouping_is_refused(club, by):
    for ask in (
        lambda: club.at("2021-01-01").count(by=by),
        lambda: club.timeline(Members(), by=by),
        lambda: club.at("2021-01-01").shares(Members(), by=by),
    ):
        with pytest.raises(BadInput):
            ask()


def test_a_grouping_names_each_value_once():
    with pytest.raises(BadInput, match="twice"):
        Grouping("country", [("Spain", "Europe"), ("Spain", "Asia")])
    with pytest.raises(BadInput, match="no mapping"):
        Grouping("country", 5)
    with pytest.raises(BadInput, match="NUL character"):
        Grouping("country", {"Spain": f"{UNMAPPED}x"})  # else it could be taken for a value that is not named


def test_equal_groupings_are_one():
    one, other = Grouping("country", {"b": "x", "a": "y"}), Grouping("country", {"a": "y", "b": "x"})
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one
    assert (one.group_of(None), one.values_of(None)) == (None, (None,))


def test_single_values_and_shares_have_no_shares(club):
    state = club.at("2021-01-01")
    for measure in Value("co2"), Share(Members(), Members()):
        with pytest.raises(BadInput):
            state.shares(measure, by="country")
    with pytest.raises(BadInput, match="no measure"):
        state.shares("co2", by="country")
    for share in Share(Value("co2"), Total("co2")), Share(Total("co2"), Value("co2")):
        for ask in (
            lambda one=share: state.measure(one, by="country"),
            lambda one=share: club.timeline(one, by="country"),
        ):
            with pytest.raises(BadInput, match="a value is one figure and has no groups"):
                ask()


def test_a_part_is_more_than_the_whole_where_another_one_adds_less_than_nothing(club):
    club.record(
        MetricDefined("net", "t"),
        *(MetricUpdated("net", "2020", f"{n} t", member=m) for m, n in zip("abcd", (5, -3, 0, 0), strict=True)),
    )
    share = Share(Total("net", {"country": "Spain"}), Total("net"))
    for figure in club.at("2021-01-01").measure(share), club.timeline(share).at("2021-01-01"):
        assert str(figure.amount) == "2.5"
    for by in (
        club.at("2021-01-01").shares(Total("net"), by="country"),
        club.timeline(share, by="country").at("2021-01-01"),
    ):
        assert by["Spain"].amount.high >= 1
    assert str(club.at("2021-01-01").shares(Total("net"), by="country")["Spain"].amount) == "2.5"


def test_a_timeline_of_shares_by_groups(club):
    ask = Share(Members(where={"country": "Spain"}), Members())
    line = club.timeline(ask, by="country")
    assert line.at("2021-01-01") == club.at("2021-01-01").measure(ask, by="country")
    assert line.at("2021-01-01")["Japan"].support == club.at("2021-01-01").measure(ask, by="country")["Japan"].support
    assert line.at("2019-01-01") == {}
    assert str(line.at("2021-01-01")["Spain"]) == "1"
    joined = Share(Joined("2021-01-01"), Members())
    assert club.timeline(joined, by="country").at("2021-01-01") == club.at("2021-01-01").measure(joined, by="country")


def test_one_who_is_too_uncertain_to_enumerate_is_in_the_groups_of_the_filter_alone(club):
    countries = [f"C{number}" for number in range(JOINT_MAX // 50)]
    club.record(*(MemberChanged("a", "2022", attributes={"country": country}) for country in countries))
    state, where = club.at("2022-06-30"), {"country": ["C1", "C2"]}
    continents = {"country": {"C1": "Europe", "C2": "Asia"}}
    for measure in Members(where), Total("co2", where):
        assert state.measure(measure).possible_members == ("a",)
        assert state.measure(measure, by="country").keys() == state.shares(measure, by="country").keys() == {"C1", "C2"}
        assert state.shares(measure, by=continents).keys() == {"Asia", "Europe"}
    assert [one.values for one in state.explain(Distinct("country", where))] == [("C1", "C2")]
    assert state.count({"country": "C0"}, by={"country": {"C0": "Europe"}}).keys() == {"Europe"}
    assert state.count({"country": "gone"}, by="country") == {}
    everywhere = Members({"country": ["Spain", *countries]})
    assert state.measure(everywhere).members == ("a", "c")
    assert state.measure(everywhere, by="country").keys() == {"Spain", *countries}


def test_shares_where_one_is_left_out_for_one_of_another_group_are_refused(club):
    club.record(
        MemberChanged("a", "2020-06", attributes={"kind": "union"}),
        MemberChanged("b", "2020-06", attributes={"kind": "state"}, part_of="a"),
        MemberChanged("d", "2020-06", attributes={"kind": "state"}),
    )
    state, total = club.at("2021-01-01"), Total("co2", overlap="whole")
    groups = state.measure(total, by="kind")
    assert {group: str(one.amount) for group, one in groups.items()} == {"state": "4 t", "union": "1 t", None: "3 t"}
    assert str(state.measure(Total("co2", {"kind": "state"}, overlap="whole")).amount) == "6 t"
    with pytest.raises(BadInput, match="group 'state' is left out for one of another group"):
        state.shares(total, by="kind")
    by_part = state.shares(Total("co2", overlap="parts"), by="kind")  # the union has no part in this one
    assert sum((one.amount for one in by_part.values()), Quantity(0, 0)) == Quantity(1, 1)


def test_what_lies_within_its_whole_in_a_group_is_at_most_all_of_it():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("a", "2021-01"), MemberJoined("b", "2021-01-15/2021-02-01"))
        shares = club.at("2021-01-31").measure(Share(Members(), Members({"country": None})), by="country")
        assert str(shares[None].amount) == "0.5..1"
