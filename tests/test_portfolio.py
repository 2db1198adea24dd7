"""Several initiatives together: their figures add up, and a member of two counts once where that is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    Distinct,
    Joined,
    MemberJoined,
    MemberLeft,
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
from ledger.model.answers import Question
from ledger.model.errors import BadInput, Overlapping, UnknownInitiative, UnknownMetric, WrongDimension
from ledger.model.measures import Grouping
from ledger.queries.portfolio import Portfolio
from ledger.testing.histories import breakpoints, histories, questions

CONTINENTS = Grouping("country", {"Spain": "Europe", "UK": "Europe"})


@pytest.fixture
def book():
    with ledger.open(":memory:") as book:
        yield book


def state_of(records, name, at):
    from attrs import evolve

    state = replay([evolve(record, initiative=name) for record in records], at=at)
    return evolve(state, initiative=name)


@st.composite
def pairs(draw, **options):
    """Two of `histories`, replayed on one of their `breakpoints`."""
    one, other = draw(histories(max_size=8, **options)), draw(histories(max_size=8, **options))
    at = draw(st.sampled_from(breakpoints([*one, *other])))
    return state_of(one, "a", at), state_of(other, "b", at)


counting = questions(counting=True)


def answers(measure, *states):
    """The figures of all, or None where one of them cannot be asked."""
    try:
        return [state.measure(measure) for state in states]
    except (UnknownMetric, NotAdditive):
        return None


@given(pairs(), counting.filter(lambda measure: not isinstance(measure, Distinct)))
def test_counts_and_totals_of_initiatives_add_up(states, measure):
    """As `laws.disjoint_initiatives_add_up`, of any measure and filter, with the envelope and all whom it names."""
    figures = answers(measure, *states)
    if figures is None:
        with pytest.raises((UnknownMetric, NotAdditive)):
            Portfolio(states).figure(measure)
        return
    one, other = figures
    both = Portfolio(states).figure(measure)
    assert both.amount == one.amount + other.amount
    assert both.envelope == one.envelope + other.envelope
    assert both.complete == (one.complete and other.complete)
    for who in "members", "reporting", "missing", "possible_members", "possibly_missing":
        named = [f"{state.initiative}/{id}" for state, one in zip(states, figures, strict=True)
                 for id in getattr(one, who)]  # fmt: skip
        assert list(getattr(both, who)) == named


@given(pairs(), counting)
def test_once_is_the_same_where_nobody_is_in_both(states, measure):
    everyone = [{key.id for key in state.registers.cells if key.subject == "member"} for state in states]
    if everyone[0] & everyone[1] or answers(measure, *states) is None:
        return
    separate, once = Portfolio(states).figure(measure), Portfolio(states, once=True).figure(measure)
    if not isinstance(measure, Distinct):
        assert (once.amount, once.envelope) == (separate.amount, separate.envelope)
    assert {id.split("/")[1] for id in separate.members} == set(once.members)


@given(pairs(), counting)
def test_one_initiative_beside_an_empty_one_is_that_initiative(states, measure):
    state, _ = states
    if answers(measure, state) is None:
        return
    for once in False, True:
        assert Portfolio([state], once).figure(measure).amount == state.measure(measure).amount
        groups = Portfolio([state], once).groups(measure, CONTINENTS)
        expected = state.measure(measure, by=CONTINENTS)
        assert {group: figure.envelope for group, figure in groups.items()} == {
            group: figure.envelope for group, figure in expected.items()
        }


@given(pairs(rough=False, bounds=False), counting)
def test_once_counts_the_union_where_all_is_exact(states, measure):
    figures = answers(measure, *states)
    if figures is None:
        return
    once = Portfolio(states, once=True).figure(measure)
    one, other = figures
    assert set(once.members) == {*one.members, *other.members}
    assert set(once.missing) == (({*one.missing, *other.missing}) - {*one.reporting, *other.reporting})
    if isinstance(measure, Members | Joined):
        assert once.amount == Quantity(len(once.members), len(once.members))


@pytest.fixture
def clubs(book):
    chess, go = book.initiative("chess"), book.initiative("go")
    for club, unit in ((chess, "EUR"), (go, "EUR")):
        club.record(MetricDefined("dues", unit, nonnegative=True))
    chess.record(
        MemberJoined("ada", "2020", attributes={"city": "Bilbao"}),
        MemberJoined("ben", "2020", attributes={"city": "Lagos"}),
        MetricUpdated("dues", "2020", "10 EUR", member="ada"),
        MetricUpdated("dues", "2020", "5 EUR", member="ben"),
    )
    go.record(
        MemberJoined("ada", "2021", attributes={"city": "Bilbao"}),
        MemberJoined("cleo", "2021", attributes={"city": "Lagos"}),
        MetricUpdated("dues", "2021", "30 EUR", member="ada"),
    )
    return book


def test_a_member_of_two_counts_in_each_or_once(clubs):
    assert str(clubs.measure(Members(), "2022-01-01")) == "4"
    once = clubs.measure(Members(), "2022-01-01", once=True)
    assert once.members == ("ada", "ben", "cleo")
    assert clubs.measure(Members(), "2022-01-01").members == ("chess/ada", "chess/ben", "go/ada", "go/cleo")


def test_one_who_has_a_value_in_each_counts_with_either(clubs):
    total = clubs.measure(Total("dues"), "2022-01-01")
    assert str(total) == "45 EUR (3 of 4 report)"
    once = clubs.measure(Total("dues"), "2022-01-01", once=True)
    assert once.amount == Quantity.parse("15..35 EUR")
    assert (once.reporting, once.missing) == (("ada", "ben"), ("cleo",))


def test_one_who_has_no_value_in_one_counts_with_that_of_the_other(clubs):
    clubs.initiative("go").record(MetricUpdated("dues", "2021-06-01", None, member="ada"))
    once = clubs.measure(Total("dues"), "2022-01-01", once=True)
    assert (str(once.amount), once.missing) == ("15 EUR", ("cleo",))


def test_one_who_has_no_value_in_either_counts_without_one(clubs):
    for club in ("chess", "go"):
        clubs.initiative(club).record(MetricUpdated("dues", "2021-06-01", None, member="ada"))
    once = clubs.measure(Total("dues"), "2022-01-01", once=True)
    assert (str(once.amount), once.members, once.missing) == ("5 EUR", ("ada", "ben", "cleo"), ("ada", "cleo"))


def test_one_may_be_in_three(clubs):
    third = clubs.initiative("shogi")
    third.record(
        MetricDefined("dues", "EUR"), MemberJoined("ada", "2019"), MetricUpdated("dues", "2021", "90 EUR", member="ada")
    )
    assert clubs.measure(Total("dues", {"city": [None, "Bilbao"]}), "2022-01-01", once=True).amount == Quantity.parse(
        "10..90 EUR"
    )
    rested = [clubs.measure(Members(), "2022-01-01", of=of, once=True).oldest for of in (["go", "shogi"], ["go"])]
    assert [day.year for day in rested] == [2019, 2021]
    clubs.initiative("sailing").record(MetricDefined("dues", "people"))
    with pytest.raises(WrongDimension, match="'sailing'"):
        clubs.measure(Total("dues"), "2022-01-01", of=["chess", "go", "sailing"])


@pytest.mark.parametrize("of", [["a", "b"], ["b", "a"]])
def test_a_value_missing_in_several_can_be_whatever_any_of_them_allows(book, of):
    for name, nonnegative in (("a", True), ("b", False)):
        book.initiative(name).record(MetricDefined("net", "t", nonnegative=nonnegative), MemberJoined("x", "2020"))
    assert book.measure(Total("net"), "2021-01-01", of=of, once=True).envelope == Quantity(None, None, "t")
    # one that is in the first alone keeps what that says of it
    book.initiative("b").record(MemberLeft("x", "2020-12-31"), MetricUpdated("net", "2020", "1 t", member="x"))
    book.initiative("a").record(MemberJoined("y", "2020"), MetricUpdated("net", "2020", "1 t", member="x"))
    assert book.measure(Total("net"), "2021-01-01", of=of, once=True).envelope == Quantity(1, None, "t")


def test_one_who_left_one_of_two_is_a_member_still(clubs):
    clubs.initiative("chess").record(MemberLeft("ada", "2021-06-01"))
    assert "ada" in clubs.measure(Members(), "2022-01-01", once=True).members
    assert str(clubs.measure(Total("dues"), "2022-01-01", once=True).amount) == "35 EUR"


def test_groups_and_shares_of_several(clubs):
    by_city = clubs.measure(Members(), "2022-01-01", by="city", once=True)
    assert {city: str(figure) for city, figure in by_city.items()} == {"Bilbao": "1", "Lagos": "2"}
    europe = clubs.measure(Members(), "2022-01-01", by={"city": {"Bilbao": "Europe", "Lagos": "Africa"}})
    assert {group: str(figure) for group, figure in europe.items()} == {"Africa": "2", "Europe": "2"}
    share = Share(Members(where={"city": "Lagos"}), Members())
    assert clubs.measure(share, "2022-01-01").amount == Quantity.parse("0.5")
    by = clubs.measure(share, "2022-01-01", by="city")
    assert {city: str(figure.amount) for city, figure in by.items()} == {"Bilbao": "0", "Lagos": "1"}
    assert str(clubs.measure(Distinct("city"), "2022-01-01")) == "2"


@pytest.mark.parametrize(("nonnegative", "most"), [((True, True), 1), ((True, False), 15), ((False, True), 15)])
def test_a_part_is_at_most_all_of_the_whole_where_nothing_is_negative_anywhere(book, nonnegative, most):
    for name, never in zip("ab", nonnegative, strict=True):
        book.initiative(name).record(
            MetricDefined("dues", "EUR", nonnegative=never),
            MemberJoined(name, "2020", attributes={"city": "Lagos"}),
            MetricUpdated("dues", "2020", "1..15 EUR" if name == "a" else "0 EUR", member=name),
        )
    share = Share(Total("dues", {"city": "Lagos"}), Total("dues"))
    found = book.measure(share, "2021-01-01")
    assert found.amount.high == most
    assert book.measure(share, "2021-01-01", by="city")["Lagos"].amount == found.amount


def test_only_the_initiatives_that_are_named_are_measured(clubs):
    assert str(clubs.measure(Members(), "2022-01-01", of=["go"])) == "2"
    assert str(clubs.measure(Members(), "2022-01-01", known_at=2)) == "0"
    assert clubs.measure(Total("dues", members_at="2020-12-31"), "2022-01-01").basis.year == 2020


def test_units_are_converted_and_what_differs_is_refused(book):
    a, b, c, d = (book.initiative(name) for name in "abcd")
    a.record(MetricDefined("co2", "Mt"), MemberJoined("x", "2020"), MetricUpdated("co2", "2020", "1 Mt", member="x"))
    b.record(
        MetricDefined("co2", "kt", nonnegative=True, definition="emitted"),
        MemberJoined("x", "2020"),
        MetricUpdated("co2", "2020", "500 kt", member="x"),
    )
    c.record(MetricDefined("co2", "kt/year"))
    d.record(MetricDefined("co2", "kt", definition="could be saved"), MetricDefined("rank", additive=False))
    assert str(book.measure(Total("co2"), "2021-01-01", of=["a", "b"])) == "1.5 Mt"
    assert str(book.measure(Total("co2"), "2021-01-01", of=["b", "a"], once=True)) == "500..1000 kt"
    with pytest.raises(WrongDimension, match=r"'a'.*'c'"):
        book.measure(Total("co2"), "2021-01-01", of=["a", "c"])
    # whoever stands between them and says nothing
    for of in (["b", "d"], ["a", "b", "d"], ["b", "a", "d"]):
        with pytest.raises(BadInput, match=r"'b' \(emitted\).*'d' \(could be saved\)"):
            book.measure(Total("co2"), "2021-01-01", of=of)
    e = book.initiative("e")
    e.record(MetricDefined("co2"))
    with pytest.raises(WrongDimension, match=r"measured in Mt by 'a', and in plain numbers by 'e'"):
        book.measure(Total("co2"), "2021-01-01", of=["a", "e"])
    with pytest.raises(WrongDimension, match=r"measured in plain numbers by 'e', and in Mt by 'a'"):
        book.measure(Total("co2"), "2021-01-01", of=["e", "a"])
    with pytest.raises(UnknownMetric, match=r"'a'.*of="):
        book.measure(Total("rank"), "2021-01-01")
    with pytest.raises(NotAdditive):
        book.measure(Total("rank"), "2021-01-01", of=["d"])


def test_members_of_strange_initiatives_do_not_come_to_share_a_name(book):
    book.initiative("a/b").record(MemberJoined("c", "2020"))
    book.initiative("a").record(MemberJoined("b/c", "2020"), MemberJoined("%2Fb/c", "2020"))
    book.initiative("a%2Fb").record(MemberJoined("c", "2020"))
    found = book.measure(Members(), "2021-01-01")
    assert (str(found), len(set(found.members))) == ("4", 4)


@pytest.mark.parametrize("of", ["chess", [], ["chess", "chess"], 5, None])
def test_the_initiatives_are_named_once_each_in_a_list(book, of):
    with pytest.raises(BadInput):
        book.measure(Members(), "2022-01-01", of=of)


def test_what_cannot_be_asked_of_several(clubs):
    with pytest.raises(UnknownInitiative):
        clubs.measure(Members(), "2022-01-01", of=["chess", "gone"])
    with pytest.raises(BadInput, match="of one initiative"):
        clubs.measure(Value("dues"), "2022-01-01")
    with pytest.raises(BadInput, match="no measure"):
        clubs.measure("members", "2022-01-01")


# --- members that are part of one another


@pytest.fixture
def unions(book):
    union, treaty = book.initiative("union"), book.initiative("treaty")
    for one in union, treaty:
        one.record(MetricDefined("co2", "Mt/year", nonnegative=True))
    union.record(
        MemberJoined("eu", "2000"),
        MemberJoined("fr", "2000", part_of="eu"),
        MetricUpdated("co2", "2001-01-01", "100 Mt/year", member="eu"),
        MetricUpdated("co2", "2001-01-01", "40 Mt/year", member="fr"),
    )
    treaty.record(MemberJoined("fr", "2000"), MetricUpdated("co2", "2001-01-01", "40 Mt/year", member="fr"))
    return book


@pytest.mark.parametrize(("overlap", "amount", "members"), [("whole", "100", ("eu",)), ("parts", "40", ("fr",))])
def test_who_is_part_of_a_member_of_one_initiative_is_so_in_all_of_them(unions, overlap, amount, members):
    once = unions.measure(Total("co2", overlap=overlap), "2002-01-01", once=True)
    assert (str(once), once.members) == (f"{amount} Mt/year", members)


def test_a_union_and_its_part_that_count_in_two_initiatives_are_not_summed_twice(unions):
    unions.initiative("union").record(MemberLeft("eu", "2001-06-01"))
    unions.initiative("treaty").record(
        MemberJoined("eu", "2001-06-01"), MetricUpdated("co2", "2001-06-01", "100 Mt/year", member="eu")
    )
    with pytest.raises(Overlapping, match="'fr' of 'eu'"):
        unions.measure(Total("co2"), "2002-01-01", once=True)
    assert str(unions.measure(Total("co2", overlap="parts"), "2002-01-01", once=True)) == "40 Mt/year"
    # each initiative by itself has no overlap
    assert str(unions.measure(Total("co2"), "2002-01-01")) == "180 Mt/year"


def test_one_who_may_be_part_of_another_one_somewhere_may_be_left_out(unions):
    unions.initiative("treaty").record(
        MemberJoined("no", "2000"), MetricUpdated("co2", "2001-01-01", "10 Mt/year", member="no")
    )
    unions.initiative("union").record(MemberJoined("no", "2002/2003", part_of="eu"))
    once = unions.measure(Total("co2", overlap="whole"), "2002-06-01", once=True)
    assert (str(once.amount), once.possible_members) == ("100..110 Mt/year", ("no",))
    by = unions.measure(Total("co2", overlap="whole"), "2002-06-01", once=True, by="country")
    assert [str(figure.amount) for figure in by.values()] == ["100..110 Mt/year"]


def test_initiatives_that_make_two_members_parts_of_one_another_have_no_total(unions):
    unions.initiative("treaty").record(MemberJoined("eu", "2001", part_of="fr"))
    for overlap in "refuse", "parts", "whole":
        with pytest.raises(BadInput, match="'eu' is part of 'fr' by one initiative"):
            unions.measure(Total("co2", overlap=overlap), "2002-01-01", once=True)
    assert str(unions.measure(Members(), "2002-01-01", once=True)) == "2"


def test_the_members_of_another_day_are_read_once_for_all_groups(unions, monkeypatch):
    reads = []
    read = Question.on_basis_of
    monkeypatch.setattr(Question, "on_basis_of", lambda self, measure: reads.append(1) or read(self, measure))
    unions.measure(Total("co2", overlap="parts", members_at="2000-12-31"), "2002-01-01", by="country")
    assert len(reads) == 2


@pytest.mark.parametrize("once", ["x", 1, None])
def test_once_is_true_or_false(clubs, once):
    with pytest.raises(BadInput, match=f"once={once!r} must be True or False"):
        clubs.measure(Members(), "2022-01-01", once=once)
