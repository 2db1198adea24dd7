"""Given, when, then: what passes, what fails, and all that a failure says."""

import pickle

import pytest

import ledger
from ledger import (
    Claim,
    Distinct,
    InitiativeClosed,
    InitiativeLaunched,
    Joined,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    NotAdditive,
    Quantity,
    RecordRetracted,
    Refused,
    ReportPublished,
    Share,
    Value,
    exactly,
    replay,
)
from ledger.model.errors import BadEvent, BadInput, BadQuantity, BadWhen, LedgerClosed, UnknownMetric, UnknownUnit
from ledger.testing.scenarios import Scenario, given

ADA = MemberJoined("ada", "2020-09-01", attributes={"city": "Bilbao"})
BEN = MemberJoined("ben", "2021-03-15")
CLEO = MemberJoined("cleo", "2021-12/2022-01", attributes={"city": "Lagos"})
DUES = MetricDefined("dues", "EUR/year", nonnegative=True)
LEFT = MemberLeft("ben", "2023-01-01", reason="moved away")
PAYS = MetricUpdated("dues", "2022-01-10", "120 EUR/year", member="ada")


@pytest.fixture(scope="module")
def club():
    """Six batches: 1 ada, ben and the dues; 2 cleo; 3 ben left; 4 ada pays; 5 all pay; 6 a letter."""
    return given(
        [DUES, ADA, BEN],
        CLEO,
        LEFT,
        PAYS,
        MetricUpdated("dues", "2022-06", "200..250 EUR/year"),
        ReportPublished("letter", "2022-05/2022-07", claims=[Claim(Members(), "3", at="2022-03-01")]),
    )


def failure(act, *given, **named):
    """What an expectation that fails says."""
    with pytest.raises(AssertionError) as failed:
        act(*given, **named)
    return str(failed.value)


# what holds


def test_a_scenario_is_read_at_one_moment_after_another(club):
    again = (
        club.at("2021-12-15")
        .expect(members=["ben", "ada"], possible_members={"cleo"}, former=[], suspended=[], count="2..3")
        .at("2022-12-31")
        .expect(
            members=("ada", "ben", "cleo"), count=3, totals={"dues": "120 EUR/year"}, missing={"dues": ["ben", "cleo"]}
        )
        .at("2023-01-01")
        .expect(
            former=["ben"], values={"dues": "200..250 EUR/year"}, attributes={"ada": {"city": "Bilbao", "age": None}}
        )
    )
    assert again is club


def test_amounts_are_texts_quantities_or_whole_numbers_in_any_unit(club):
    club.at("2022-12-31").expect(
        count=exactly(3),
        totals={"dues": Quantity.parse("120 EUR/year")},
        values={"dues": "200..250 EUR/year"},
        measures={
            Distinct("city"): 2, "distinct city": "2", Joined("2022-01-15"): "0..1",
            Value("dues", "ada"): "120 EUR/year", "value dues of cleo": None,
            Share(Members({"city": "Bilbao"}), Members({"city": ["Bilbao", "Lagos"]})): "0.5",
        },
    )  # fmt: skip
    given(MetricDefined("co2", "Mt"), MetricUpdated("co2", "2020", "2 Mt")).at("2021-01-01").expect(
        values={"co2": "2000 kt"}
    )


def test_reports_are_those_certainly_published_or_those_that_may_be(club):
    club.at("2022-06-01").expect(reports=[], possible_reports=["letter"])
    club.at("2022-07-31").expect(reports=["letter"], possible_reports=[])


def test_what_was_known_is_asked_by_batch_by_position_or_by_instant(club):
    for known in ({"after_batch": 1}, {"known_at": 3}, {"known_at": "2024-01-01T12:00:00Z"}):
        club.at("2023-06-01", **known).expect(members=["ada", "ben"], former=[])
    club.at("2023-06-01", after_batch=0).expect(members=[])
    club.at("2023-06-01", after_batch=6).expect(members=["ada", "cleo"])


def test_steps_branch_and_a_shared_beginning_stays_as_it_was(club):
    records = club.records
    more = club.when(MemberJoined("dora", "2022-06-01"), [MemberJoined("eve", "2022-06-01")])
    fewer = club.retracting(LEFT, reason="another ben").then_recorded()
    other = club.correcting(PAYS, amount="210 EUR/year").then_recorded()
    more.then_recorded().at("2023-01-01").expect(members=["ada", "cleo", "dora", "eve"])
    fewer.at("2023-01-01").expect(members=["ada", "ben", "cleo"])
    other.at("2023-01-01").expect(totals={"dues": "210 EUR/year"}).at("2023-01-01", after_batch=6).expect(
        totals={"dues": "120 EUR/year"}
    )
    club.at("2023-01-01").expect(members=["ada", "cleo"], totals={"dues": "120 EUR/year"})
    assert club.records == records
    assert [len(one.records) for one in (more, fewer, other)] == [len(records) + 2, len(records) + 1, len(records) + 2]


def test_a_record_is_named_by_its_position_by_itself_or_by_its_event(club):
    for wrong in (5, club.records[4], LEFT):
        (*_, retraction) = club.retracting(wrong, reason="another ben").records
        assert retraction.event == RecordRetracted(club.records[4].id, "another ben")
    whole = club.correcting(5, MemberSuspended("ben", "2023-01-01"), source="a letter").at("2023-01-01")
    whole.expect(suspended=["ben"])
    assert whole.scenario.records[-1].source == "a letter"


def test_what_is_recorded_is_the_same_each_time_a_day_apart():
    one, two = (given([DUES, ADA], BEN).when(CLEO) for _ in range(2))
    assert one.records == two.records
    assert [(record.position, str(record.recorded_at)) for record in one.records] == [
        (1, "2024-01-01 00:00:00+00:00"),
        (2, "2024-01-01 00:00:00+00:00"),
        (3, "2024-01-02 00:00:00+00:00"),
        (4, "2024-01-03 00:00:00+00:00"),
    ]
    assert one.records[3].id == "00000000-0000-7000-8000-000000000004"


def test_a_moment_gives_the_state_that_the_ledger_gives(club):
    with club.open() as book:
        clusters = book.initiative("scenario")
        assert tuple(clusters.records()) == club.records
        for day in ("2021-12-15", "2022-12-31", "2023-01-01"):
            assert club.at(day).state == clusters.at(day) == replay(club.records, at=day)
        (new,) = clusters.record(MemberJoined("dora", "2022-06-01"))
        assert str(new.recorded_at.date()) == "2024-01-07"
    assert len(club.records) == new.position - 1
    with pytest.raises(LedgerClosed):
        book.initiatives()


def test_nothing_at_all_may_be_given():
    given().at("2024-01-01").expect(members=[], count=0, reports=[])
    given().when(ADA).then_recorded().at("2024-01-01").expect(members=["ada"])
    given().when(LEFT).then_refused("not-a-member").when(ADA).then_recorded()


def test_scenarios_and_moments_say_what_they_are(club):
    assert repr(club) == "Scenario(8 records)"
    assert repr(club.at("2024-01-01")) == "Moment(2024-01-01)"
    assert repr(club.at("2024-01-01", after_batch=1)) == "Moment(2024-01-01, as known after batch 1)"
    assert pickle.loads(pickle.dumps(club)) == club


# what is refused


def test_a_refusal_is_told_by_its_codes_in_any_order_and_the_scenario_goes_on(club):
    tried = club.when(ADA, MetricUpdated("dues", "2024-01-01", "5 kg", member="dora"))
    tried.then_refused("unknown-member", "already-a-member", "wrong-dimension").at("2024-01-01").expect(count=2)
    assert tried.then_refused().when(MemberJoined("ben", "2024-01-01")).then_recorded().records[:-1] == club.records
    club.retracting(ADA).then_refused("still-needed")


def test_a_refusal_that_was_expected_for_other_reasons_says_all_there_were(club):
    tried = club.when(ADA, MemberLeft("dora", "2024-01-01"))
    assert failure(tried.then_refused, "not-a-member", "not-a-member") == (
        "refused for other reasons than expected:\n"
        "  expected  not-a-member, not-a-member\n"
        "  found     already-a-member, not-a-member\n"
        "  event 0 (MemberJoined) [already-a-member]: 'ada' joins on 2020-09-01 while already a member (by record "
        "00000000-0000-7000-8000-000000000002): record the leaving first, or correct or retract the joining that is "
        "wrong\n"
        "  event 1 (MemberLeft) [not-a-member]: 'dora' leaves on 2024-01-01 while not a member: record the joining "
        "first, or check the id and the date"
    )


REASON = (
    "  event 0 (MemberLeft) [not-a-member]: 'dora' leaves on 2024-01-01 while not a member: record the joining first, "
    "or check the id and the date"
)


def test_a_code_is_named_as_often_as_it_occurs(club):
    tried = club.when(MemberLeft("dora", "2024-01-01"), MemberLeft("eve", "2024-01-01"))
    tried.then_refused("not-a-member", "not-a-member")
    for codes in (["not-a-member"], ["not-a-member"] * 3):
        assert f"  expected  {', '.join(codes)}\n  found     not-a-member, not-a-member\n" in failure(
            tried.then_refused, *codes
        )


def test_a_refusal_that_nobody_expects_stops_whatever_comes_next(club):
    tried = club.when(MemberLeft("dora", "2024-01-01"))
    assert failure(tried.then_recorded) == f"expected to be recorded, and refused:\n{REASON}"
    for act in (lambda: tried.at("2024-01-01"), lambda: tried.when(ADA), tried.open, lambda: tried.retracting(1)):
        assert failure(act) == f"what was tried was refused, and no then_refused(...) expects it:\n{REASON}"


def test_a_batch_that_should_have_been_refused_is_shown_as_it_was_recorded(club):
    tried = club.when(MemberJoined("dora", "2024"), MemberLeft("dora", "2025-01-01"))
    shown = "  #9 2024 MemberJoined dora\n  #10 2025-01-01 MemberLeft dora"
    assert failure(tried.then_refused) == f"expected to be refused, and recorded:\n{shown}"
    assert failure(tried.then_refused, "not-a-member", "x") == (
        f"expected to be refused for not-a-member, x, and recorded:\n{shown}"
    )


def test_what_is_given_must_be_sound():
    with pytest.raises(Refused) as refused:
        given(ADA, [BEN, ADA])
    assert refused.value.__notes__ == ["this is batch 2 of what is given; what may be refused is tried with when(...)"]


# what a failed expectation says


def test_who_is_not_as_expected_is_told_with_where_they_are_and_by_which_records(club):
    moment = (
        club.retracting(PAYS).when(MemberJoined("ben", "2026-01-01"), InitiativeClosed("2025-01-01")).then_refused()
    )
    assert failure(moment.at("2023-06-01").expect, members=["ada", "ben", "cloe"]) == (
        "2023-06-01 is not as expected:\n"
        "  members\n"
        "    expected  ada, ben, cloe\n"
        "    found     ada, cleo\n"
        "    ben is among `former`:\n"
        "      #3 2021-03-15 MemberJoined ben\n"
        "      #5 2023-01-01 MemberLeft ben\n"
        "    nothing is recorded on cloe; did you mean cleo?\n"
        "    cleo is among `members`:\n"
        "      #4 2021-12/2022-01 MemberJoined cleo"
    )
    closed = club.when(InitiativeLaunched("2020", "Club"), InitiativeClosed("2025-01-01"))
    assert failure(closed.at("2025-01-01").expect, members=["ada"]) == (
        "2025-01-01 is not as expected:\n"
        "  members\n"
        "    expected  ada\n"
        "    found     none\n"
        "    ada is among `former`:\n"
        "      #2 2020-09-01 MemberJoined ada\n"
        "      #10 2025-01-01 InitiativeClosed"
    )


def test_one_who_is_no_member_yet_is_nowhere_yet_and_a_retracted_record_is_marked(club):
    mistaken = club.retracting(CLEO, reason="a namesake")
    assert failure(mistaken.at("2020-12-31").expect, members=[], possible_members=["ben", "cleo"]) == (
        "2020-12-31 is not as expected:\n"
        "  members\n"
        "    expected  none\n"
        "    found     ada\n"
        "    ada is among `members`:\n"
        "      #2 2020-09-01 MemberJoined ada\n"
        "  possible_members\n"
        "    expected  ben, cleo\n"
        "    found     none\n"
        "    ben is nowhere yet:\n"
        "      #3 2021-03-15 MemberJoined ben\n"
        "      #5 2023-01-01 MemberLeft ben\n"
        "    cleo is nowhere yet:\n"
        "      #4 2021-12/2022-01 MemberJoined cleo - retracted on 2024-01-07: a namesake"
    )


def test_only_what_was_known_at_the_moment_is_told(club):
    for known, words in (({"after_batch": 1}, "after batch 1"), ({"known_at": 3}, "at 3")):
        assert failure(club.at("2023-06-01", **known).expect, former=["ben"], reports=["letter"]) == (
            f"2023-06-01, as known {words}, is not as expected:\n"
            "  former\n"
            "    expected  ben\n"
            "    found     none\n"
            "    ben is among `members`:\n"
            "      #3 2021-03-15 MemberJoined ben\n"
            "  reports\n"
            "    expected  letter\n"
            "    found     none\n"
            "    nothing is recorded on letter"
        )


def test_a_figure_is_told_with_what_each_member_adds(club):
    doubtful = club.when(MetricUpdated("dues", "2022-06/2022-12", "60 EUR/year", member="cleo"))
    assert failure(
        doubtful.at("2022-06-30").expect, count=4, totals={"dues": "180 EUR/year"}, missing={"dues": []}
    ) == (
        "2022-06-30 is not as expected:\n"
        "  count\n"
        "    expected  4\n"
        "    found     3\n"
        "    ada:\n"
        "      #2 2020-09-01 MemberJoined ada\n"
        "    ben:\n"
        "      #3 2021-03-15 MemberJoined ben\n"
        "    cleo:\n"
        "      #4 2021-12/2022-01 MemberJoined cleo\n"
        "  total dues\n"
        "    expected  180 EUR/year\n"
        "    found     120..180 EUR/year (1 of 3 report)\n"
        "    ada, 120 EUR/year:\n"
        "      #2 2020-09-01 MemberJoined ada\n"
        "      #6 2022-01-10 MetricUpdated dues ada 120 EUR/year\n"
        "    ben, no value:\n"
        "      #3 2021-03-15 MemberJoined ben\n"
        "    cleo, 0..60 EUR/year or no value:\n"
        "      #4 2021-12/2022-01 MemberJoined cleo\n"
        "      #9 2022-06/2022-12 MetricUpdated dues cleo 60 EUR/year\n"
        "  missing of dues\n"
        "    expected  none\n"
        "    found     ben\n"
        "    no dues of ben is recorded"
    )


def test_measures_of_every_kind_are_told_with_their_records(club):
    measures = {
        "distinct city": "1",
        Joined("2022-01-15"): 0,
        "value dues of ada": None,
        Value("dues", "ben"): 5,
        Share(Members({"city": "Bilbao"}), Members()): 1,
    }
    assert failure(club.at("2021-12-15").expect, values={"dues": "1 EUR/year"}, measures=measures) == (
        "2021-12-15 is not as expected:\n"
        "  value dues\n"
        "    expected  1 EUR/year\n"
        "    found     no value\n"
        "    nothing is recorded of it by then\n"
        "  distinct city\n"
        "    expected  1\n"
        "    found     1..2 (1 of 2 report)\n"
        "    ada, Bilbao:\n"
        "      #2 2020-09-01 MemberJoined ada\n"
        "    ben, none:\n"
        "      #3 2021-03-15 MemberJoined ben\n"
        "    cleo, Lagos, may count:\n"
        "      #4 2021-12/2022-01 MemberJoined cleo\n"
        "  value dues of ben\n"
        "    expected  5\n"
        "    found     no value\n"
        "    in plain numbers and in EUR/year: their units measure different things\n"
        "    nothing is recorded of it by then\n"
        "  share of members where city is Bilbao in members\n"
        "    expected  1\n"
        "    found     0.333333333333333…..0.5\n"
        "    members where city is Bilbao, 1:\n"
        "      ada:\n"
        "        #2 2020-09-01 MemberJoined ada\n"
        "    members, 2..3:\n"
        "      ada:\n"
        "        #2 2020-09-01 MemberJoined ada\n"
        "      ben:\n"
        "        #3 2021-03-15 MemberJoined ben\n"
        "      cleo, may count:\n"
        "        #4 2021-12/2022-01 MemberJoined cleo"
    )
    assert failure(
        club.at("2022-06-15").expect, values={"dues": "200..250 EUR/year"}, measures={"joined since 2024-01-01": "1"}
    ) == (
        "2022-06-15 is not as expected:\n"
        "  value dues\n"
        "    expected  200..250 EUR/year\n"
        "    found     200..250 EUR/year or no value\n"
        "    #7 2022-06 MetricUpdated dues 200..250 EUR/year\n"
        "  joined since 2024-01-01\n"
        "    expected  1\n"
        "    found     0\n"
        "    nobody counts"
    )


def test_values_attributes_and_reports_are_told_with_their_records(club):
    moved = club.when(MemberChanged("ada", "2022/2023", attributes={"city": None}))
    expect = moved.at("2022-12-31").expect
    attributes = {"ada": {"city": "Bilbao"}, "ben": {"city": "Lagos"}, "zed": {"city": "Lagos"}, "cleo": {"city": None}}
    assert failure(expect, missing={"dues": ["ada", "ben", "cleo"]}, attributes=attributes, reports=[]) == (
        "2022-12-31 is not as expected:\n"
        "  missing of dues\n"
        "    expected  ada, ben, cleo\n"
        "    found     ben, cleo\n"
        "    ada:\n"
        "      #6 2022-01-10 MetricUpdated dues ada 120 EUR/year\n"
        "  city of ada\n"
        "    expected  Bilbao\n"
        "    found     Bilbao or none\n"
        "    #2 2020-09-01 MemberJoined ada\n"
        "    #9 2022/2023 MemberChanged ada\n"
        "  city of ben\n"
        "    expected  Lagos\n"
        "    found     none\n"
        "    ben is among `members`:\n"
        "      #3 2021-03-15 MemberJoined ben\n"
        "      #5 2023-01-01 MemberLeft ben\n"
        "  city of zed\n"
        "    expected  Lagos\n"
        "    found     none\n"
        "    nothing is recorded on zed\n"
        "  city of cleo\n"
        "    expected  none\n"
        "    found     Lagos\n"
        "    #4 2021-12/2022-01 MemberJoined cleo\n"
        "  reports\n"
        "    expected  none\n"
        "    found     letter\n"
        "    letter is among `reports`:\n"
        "      #8 2022-05/2022-07 ReportPublished letter"
    )


def test_of_many_members_a_dozen_are_told():
    many = given([MemberJoined(f"m{number:02}", "2020") for number in range(1, 15)])
    said = failure(many.at("2021-01-01").expect, count=13).splitlines()
    assert said[-3:] == ["    m12:", "      #12 2020 MemberJoined m12", "    and 2 more"]


# wrong use says so


@pytest.mark.parametrize(("named", "error", "message"), [
    ({}, BadInput, r"nothing is expected: name something, as in expect\(members=\['ada'\], count=1\)"),
    ({"totals": {}}, BadInput, "nothing is expected"),
    ({"members": "ada"}, BadInput, r"members='ada' must name ids in a list, each of them as text; \[\] is none at all"),
    ({"former": 8}, BadInput, "former=8 must name ids in a list"),
    ({"count": True}, BadInput, "True is no exact amount: write a text"),
    ({"count": 1.5}, BadInput, "1.5 is no exact amount"),
    ({"count": "many"}, BadQuantity, "'many' is not a number"),
    ({"totals": {"dues": "5 flurbs"}}, UnknownUnit, "flurbs"),
    ({"totals": {"due": 5}}, UnknownMetric, "no metric 'due' is known; did you mean 'dues'?"),
    ({"totals": {"dues": None}}, BadInput, "total dues is expected to be None, and only the value of a metric can be"),
    ({"measures": {"sum of it": 5}}, BadInput, "'sum of it' is no measure"),
    ({"measures": {5: 5}}, BadInput, "5 is no measure"),
    ({"member": ["ada"]}, TypeError, "unexpected keyword argument 'member'"),
])  # fmt: skip
def test_an_expectation_that_cannot_be_meant_is_no_failure(club, named, error, message):
    with pytest.raises(error, match=message):
        club.at("2022-12-31").expect(**named)


def test_a_total_of_what_has_none_is_no_failure():
    rank = given(MetricDefined("rank", additive=False))
    with pytest.raises(NotAdditive):
        rank.at("2022-12-31").expect(totals={"rank": 1})


@pytest.mark.parametrize("batch", [-1, 7, True, "1", 1.0])
def test_a_batch_that_there_is_not_is_named(club, batch):
    with pytest.raises(BadInput, match=f"after_batch={batch!r} is no batch: 6 were recorded, counted from 1"):
        club.at("2024-01-01", after_batch=batch)


def test_a_moment_is_named_once_and_well(club):
    with pytest.raises(BadInput, match="known_at and after_batch are two ways to say one thing"):
        club.at("2024-01-01", 3, after_batch=1)
    with pytest.raises(BadWhen):
        club.at("2024")
    with pytest.raises(BadWhen):
        club.at("2024-01-01", "yesterday")


@pytest.mark.parametrize(("wrong", "count"), [
    (0, "no"), (10, "no"), (MemberJoined("ada", "2021"), "no"), ("ada", "no"), (DUES, "2"),
])  # fmt: skip
def test_a_record_that_is_not_one_is_named(club, wrong, count):
    twice = club.when(DUES).then_recorded()
    with pytest.raises(BadInput, match=f"names {count} records of the 9 there are: name one by its position, from 1"):
        twice.retracting(wrong)


def test_nothing_can_be_said_of_what_was_never_tried(club):
    for act in (club.then_recorded, club.then_refused, club.when(ADA).then_refused().then_refused):
        with pytest.raises(BadInput, match=r"nothing was tried: say when\(...\), retracting\(...\)"):
            act()


def test_a_batch_names_events(club):
    for act in (club.when, lambda: club.when([]), lambda: given([]), lambda: given(ADA, ())):
        with pytest.raises(BadInput, match="a batch without events records nothing"):
            act()
    for act in (lambda: club.when("ada"), lambda: given(5), lambda: given([ADA, None])):
        with pytest.raises(BadEvent, match="and no event of the ledger"):
            act()
    with pytest.raises(BadInput, match="day"):
        club.correcting(ADA, day="2020")


def test_nothing_is_left_open(monkeypatch):
    """Every ledger that a scenario opens is closed, also where something is refused."""
    opened = []
    close = ledger.Ledger.close
    monkeypatch.setattr(ledger.Ledger, "close", lambda book: (opened.remove(book), close(book)))
    make = ledger.Ledger.__init__
    monkeypatch.setattr(ledger.Ledger, "__init__", lambda book, *given: (opened.append(book), make(book, *given))[1])
    scenario = given(ADA).when(ADA).then_refused().retracting(1).at("2024-01-01").expect(count=0)
    with pytest.raises(Refused):
        given(ADA, ADA)
    with pytest.raises(BadInput):
        scenario.correcting(1)
    assert isinstance(scenario, Scenario)
    assert opened == []
