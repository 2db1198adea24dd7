"""The time machine holds, for every day and every moment of knowledge, what the library answers."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from datetime import UTC, date, datetime
from html import unescape
from itertools import count

import pytest
from attrs import evolve
from hypothesis import given, settings

import ledger
from ledger import (
    Claim,
    InitiativeLaunched,
    Joined,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Share,
    Total,
    Value,
)
from ledger.faces import page as page_module
from ledger.faces import traced, weighed
from ledger.faces.claimed import why_of
from ledger.faces.phrases import NO_FIGURE, Names, reason_of
from ledger.faces.published import STATED
from ledger.model.errors import (
    BadInput,
    LedgerError,
    MissingExtra,
    UnknownAttribute,
    UnknownInitiative,
    UnknownMetric,
)
from ledger.testing.clock import FrozenClock
from ledger.testing.histories import breakpoints
from ledger.testing.ledgers import ledgers
from ledger.testing.scripts import INITIATIVE
from stated import stated_ledgers
from unpacking import Unpacked

EXAMPLES = settings.default.max_examples
STANDINGS = ("certain", "possible", "suspended")


def _measure(said: dict) -> Members | Total | Value:
    if said["kind"] == "total":
        return Total(said["metric"], overlap=said.get("overlap", "refuse"))
    return Members() if said["kind"] == "members" else Value(said["metric"])


def _told(state, measure, names) -> list | None:
    try:
        figure = state.measure(measure)
    except UnknownMetric:
        return None
    except NO_FIGURE as error:
        return ["", "", reason_of(error, names)]
    # a zero that is stated is one, and where nothing is stated there is none
    exists = figure.complete or isinstance(measure, Members) or figure.oldest is not None
    amount, envelope = str(figure.amount) if exists else "", "" if figure.complete else str(figure.envelope)
    if isinstance(measure, Value) and envelope:
        return [amount, envelope, "may be missing" if exists else "missing"]
    return [amount, envelope, ""]


def _hold_against_replay(initiative, unpacked: Unpacked) -> None:
    """See that what was packed is what the library answers, around each day of change and at each moment."""
    records = list(initiative.records())
    names = Names.of(initiative.at(date.max))
    days = sorted({date.min, *breakpoints(records), date.max})
    ends = [one.position for one, two in zip(records, [*records[1:], None], strict=True)
            if two is None or two.recorded_at != one.recorded_at]  # fmt: skip
    assert unpacked.positions == ends
    for moment, position in enumerate(ends, 1):
        for day in days:
            state = initiative.at(day, position)
            cards = unpacked.cards(day, moment)
            views = dict(zip(STANDINGS, (state.members, state.possible_members, state.suspended), strict=True))
            assert {id: STANDINGS[card[0]] for id, card in cards.items()} == {
                id: standing for standing, view in views.items() for id in view
            }
            for view in views.values():
                for id, member in view.items():
                    assert unpacked.texts[cards[id][1]] == member.name
            _hold_groups(state, unpacked, cards)
            told = unpacked.figures(day, moment)
            for number, said in enumerate(unpacked.data["measures"]):
                measure = _measure(said)
                expected = _told(state, measure, names)
                found = told.get(number)
                assert found == expected, (day, position, measure)
                if isinstance(measure, Total) and measure.overlap == "refuse" and expected and any(expected[:2]):
                    _hold_coverage(state.measure(measure), cards, unpacked.values(measure.metric, day, moment))
    _hold_claims(initiative, unpacked, ends)


def _hold_groups(state, unpacked, cards) -> None:
    for place, attribute in enumerate(unpacked.data["attributes"]):
        low, high = Counter(), Counter()
        for card in cards.values():
            for group, surely in card[4][place]:
                low[None if group < 0 else unpacked.texts[group]] += surely
                high[None if group < 0 else unpacked.texts[group]] += 1
        found = state.count(by=attribute)
        assert {group: (figure.amount.low, figure.amount.high) for group, figure in found.items()} == {
            group: (low[group], high[group]) for group in high
        }


def _hold_coverage(figure, cards, given) -> None:
    found = {name: set() for name in ("members", "reporting", "missing", "possible_members", "possibly_missing")}
    oldest = []
    for id, card in cards.items():
        if card[0] == 2:
            continue
        _, lacking, day = given.get(id, [0, 1, 0])
        found["members" if card[0] == 0 else "possible_members"].add(id)
        if card[0] == 0 and not lacking:
            found["reporting"].add(id)
        if card[0] == 0 and id not in given:
            found["missing"].add(id)
        if lacking and (card[0] == 1 or id in given):
            found["possibly_missing"].add(id)
        oldest += [day] if day else []
    for name, who in found.items():
        assert set(getattr(figure, name)) == who, name
    assert (figure.oldest and figure.oldest.toordinal()) == min(oldest, default=None)


def _hold_claims(initiative, unpacked, ends) -> None:
    """See that each finding of an audit at each moment is told, with the reason, and nothing else is."""
    names = Names.of(initiative.at(date.max))
    measures = [_measure(said) for said in unpacked.data["measures"]]
    for moment, position in enumerate(ends, 1):
        reports = initiative.at(date.max, position).reports

        def state_at(day, known, position=position):
            return initiative.at(day, position if known is None else known)

        expected = []
        for one in initiative.audit(known_at=position):
            title = STATED if one.report is None else " ".join((reports[one.report].title or one.report).split())
            why = why_of(evolve(one, holds_at=None, holds_as=None, why=()), state_at(one.at, None), names, state_at)
            before = "" if one.when_published.verdict == one.verdict else one.when_published.verdict
            source = "" if one.report is not None else one.record.source or "no source named"
            shown = measures.index(one.measure) if one.measure in measures else -1
            expected.append((title, shown, one.at.toordinal(), str(one.amount), source, one.verdict, before, why))
        found = [
            (
                report["title"],
                claim["measure"],
                claim["at"],
                claim["amount"],
                claim["source"],
                one["verdict"],
                one["before"],
                "".join(one["why"]),
            )
            for report in unpacked.data["reports"]
            if report["since"] <= moment and (not report["until"] or moment < report["until"])
            for claim in report["claims"]
            for one in claim["found"]
            if one["since"] <= moment and (not one["until"] or moment < one["until"])
        ]
        assert sorted(found) == sorted(expected)


@settings(max_examples=max(EXAMPLES // 4, 5))
@given(ledgers(bounds=True, retractions=True, closing=True, max_size=10))
def test_what_is_packed_is_the_replay_at_every_day_and_moment(book):
    initiative = book.initiative(INITIATIVE)
    _hold_against_replay(initiative, Unpacked(initiative.page()))


@settings(max_examples=max(EXAMPLES // 4, 5))
@given(stated_ledgers())
def test_so_are_zeros_that_are_stated_and_all_that_is_held_against_figures(book):
    initiative = book.initiative(INITIATIVE)
    _hold_against_replay(initiative, Unpacked(initiative.page()))


@settings(max_examples=max(EXAMPLES // 8, 3))
@given(ledgers(bounds=True, parts=True, max_size=8))
def test_so_it_is_where_members_are_part_of_one_another(book):
    initiative = book.initiative(INITIATIVE)
    _hold_against_replay(initiative, Unpacked(initiative.page()))


def club() -> ledger.Initiative:
    """A club in whose history there is something of everything that a page can tell."""
    book = ledger.open(":memory:", clock=FrozenClock(datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=UTC)))
    chess = book.initiative("chess-club")
    joined = chess.record(
        InitiativeLaunched("2020-09-01", name="The Chess Club", supporters=["The City, and others", "A Bank"]),
        MetricDefined("dues", "EUR/year", title="Dues", nonnegative=True),
        MetricDefined("rank", additive=False),
        MetricDefined("debts", "EUR"),
        MemberJoined("ada", "2020-09-01", name="Ada", attributes={"city": "Bilbao"}),
        MemberJoined("ben", "2021/2022-06", name="Ben", attributes={"city": "Lagos"}),
        MemberJoined("cleo", "2021-03-01", attributes={"city": "Lagos"}),
        MetricUpdated("dues", "2020-12-31", "100 EUR/year", member="ada"),
        MetricUpdated("rank", "2020-12-31", "2", member="ada"),
        recorded_at="2022-01-01T12:00:00Z",
    )
    chess.record(
        MemberSuspended("cleo", "2022-03-01"),
        MemberChanged("ada", "2021/2023", attributes={"city": "Osaka"}),
        MetricUpdated("dues", "2021/2022", "60..80 EUR/year", member="ada"),
        MetricUpdated("dues", "2022-12-31", "400 EUR/year"),
        ReportPublished(
            "ar",
            "2022-12-31",
            title="Annual report",
            kind="report",
            url="https://a.example/ar",
            claims=[
                Claim(Members(), "2", text="so many"),
                Claim(Total("dues"), "0.1 kEUR/year", at="2020-12-31"),
                Claim(Total("dues"), "5 t"),
                Claim(Share(Joined("2021-01-01"), Members()), "50 percent"),
            ],
        ),
        ReportPublished("plan", "2023", url="javascript:alert(1)"),
        recorded_at="2023-01-01T12:00:00Z",
    )
    chess.correct(joined[5], effective="2023-02-01", reason="a letter", recorded_at="2023-03-01T12:00:00Z")
    chess.record(
        MetricDefined("dues", "thousand EUR/year", title="Dues", nonnegative=True), recorded_at="2023-04-01T12:00:00Z"
    )
    return chess


def test_a_whole_page_is_what_the_library_answers():
    chess = club()
    unpacked = Unpacked(chess.page())
    _hold_against_replay(chess, unpacked)
    assert [(said["title"], said["basis"]) for said in unpacked.data["measures"]] == [
        ("Members", ""),
        ("debts", "sum over the members"),
        ("Dues", "sum over the members"),
        ("Dues", "as stated for all"),
        ("rank", "sum over the members"),
    ]
    assert unpacked.data["attributes"] == ["city"]
    assert unpacked.data["today"] == date(2024, 5, 6).toordinal()
    report, plan, own = unpacked.data["reports"]
    assert (report["title"], report["kind"], report["url"]) == ("Annual report", "report", "https://a.example/ar")
    assert (plan["title"], plan["url"], plan["when"]) == ("plan", "", "2023")
    assert [(one["what"], one["amount"], [each["verdict"] for each in one["found"]]) for one in report["claims"]] == [
        ('Members ("so many")', "2", ["confirmed", "contradicted"]),
        ("Dues, sum over the members", "0.1 kEUR/year", ["confirmed", "confirmed"]),
        ("Dues, sum over the members", "5 t", ["not comparable", "not comparable"]),
        ("Members who joined since 2021-01-01, as a share of: Members", "50 percent", ["confirmed", "contradicted"]),
    ]
    members, dues, *_ = report["claims"]
    assert [(one["before"], one["amount"]) for one in members["found"]] == [("", "2"), ("confirmed", "2")]
    assert [one["amount"] for one in dues["found"]] == ["100 EUR/year", "0.1 thousand EUR/year"]
    assert (own["title"], own["since"], own["until"], own["when"]) == (STATED, 2, 0, "")
    ((what, source, found),) = [(one["what"], one["source"], one["found"]) for one in own["claims"]]
    assert what == "Dues, as stated for all, held against: Dues, sum over the members"
    assert (source, [one["verdict"] for one in found]) == (
        "no source named",
        ["unverifiable", "contradicted", "contradicted"],
    )


def test_a_claim_that_holds_by_one_figure_and_not_by_another_has_both_findings():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("jobs", "people", nonnegative=True),
            MemberJoined("ada", "2020-01-01"),
            MetricUpdated("jobs", "2020-01-01", "5 people", member="ada"),
            MetricUpdated("jobs", "2021-01-01", "100 people"),
            ReportPublished("r", "2021-01-01", claims=[Claim(Value("jobs"), "100 people")]),
            source="the minutes",
        )
        unpacked = Unpacked(club.page())
        _hold_against_replay(club, unpacked)
        report, own = unpacked.data["reports"]
        assert [(claim["what"], claim["measure"], claim["found"][0]["verdict"]) for claim in report["claims"]] == [
            ("jobs, as stated for all", 2, "confirmed"),
            ("jobs, as stated for all, held against: jobs, sum over the members", 1, "contradicted"),
        ]
        assert [(claim["source"], claim["found"][0]["verdict"]) for claim in own["claims"]] == [
            ("the minutes", "contradicted")
        ]


def test_a_zero_that_is_stated_is_told_and_where_nothing_is_there_is_no_value():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("net", "t"),
            MetricDefined("gas", "t", nonnegative=True),
            MemberJoined("ada", "2020-01-01"),
            MemberJoined("bob", "2020-01-01"),
            MetricUpdated("net", "2021", "0 t"),
            MetricUpdated("gas", "2021-01-01", "0 t", member="ada"),
        )
        unpacked = Unpacked(club.page())
        _hold_against_replay(club, unpacked)
        told = {day: unpacked.figures(date.fromisoformat(day), 1) for day in
                ("2020-06-01", "2021-06-01")}  # fmt: skip
        assert [told["2020-06-01"][number] for number in (1, 2)] == [["", ">= 0 t", ""], ["", ".. t", "missing"]]
        assert [told["2021-06-01"][number] for number in (1, 2)] == [
            ["0 t", ">= 0 t", ""],
            ["0 t", ".. t", "may be missing"],
        ]


def test_groups_that_read_alike_are_two():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            *(MemberJoined(id, "2020-01-01", attributes={"city": city}) for id, city in
              [("ada", "A B"), ("ben", "A  B")]),
        )  # fmt: skip
        unpacked = Unpacked(club.page(by="city"))
        groups = {id: [unpacked.texts[group] for group, _ in card[4][0]] for id, card in
                  unpacked.cards(date(2021, 1, 1), 1).items()}  # fmt: skip
        assert len({*map(tuple, groups.values())}) == len(club.at("2021-01-01").count(by="city"))
        assert (groups["ada"], groups["ben"]) == (["A B (2)"], ["A B"])


def test_what_came_late_or_to_nothing_is_told_as_the_library_tells_it():
    with ledger.open(":memory:") as book:
        chess = book.initiative("chess-club")
        chess.record(MemberJoined("ada", "2020-01-01"), MemberJoined("ben", "2020-02-01"))
        chess.record(MetricDefined("dues", "EUR"), MetricDefined("wealth", "EUR"))
        first, _, _ = chess.record(
            MetricUpdated("dues", "2020-03-01", "5 EUR", member="ada"),
            MetricUpdated("dues", "2020-03-01", "6 EUR", member="ada"),
            MetricUpdated("wealth", "2020-03-01", "900 EUR"),
        )
        chess.retract(first)  # which the other has replaced long since
        chess.record(MemberLeft("ada", "2020-04-01"), MetricUpdated("dues", "2020-03-15", None, member="ada"))
        unpacked = Unpacked(chess.page())
        _hold_against_replay(chess, unpacked)
        assert [(said["kind"], said.get("metric")) for said in unpacked.data["measures"]] == [
            ("members", None),
            ("total", "dues"),
            ("value", "wealth"),
        ]
        assert list(unpacked.data["values"]) == ["dues"]
        march, april = date(2020, 3, 31), date(2020, 4, 1)
        assert (set(unpacked.cards(march, 5)), set(unpacked.cards(april, 5))) == ({"ada", "ben"}, {"ben"})
        assert unpacked.values("dues", date(2020, 3, 1), 5) == {"ada": [unpacked.texts.index("6 EUR"), 0, 737485]}


def test_the_same_ledger_makes_the_same_page_which_says_what_it_was_made_from():
    chess, again = club(), club()
    page = chess.page()
    assert page == chess.page()
    without_ids = [re.sub(r"<code>.*?</code>", "", one) for one in (page, again.page())]
    assert without_ids[0] == without_ids[1]
    text = " ".join(unescape(page).split())
    head = chess._store.head()
    assert f"Made on 2024-05-06 from the first {head.size} records of a ledger" in text
    assert "recorded at 2023-04-01T12:00:00.000000Z" in text
    assert head.root in text
    assert 'Supported by <bdi>"The City, and others", A Bank</bdi>' in text


def test_what_is_shown_can_be_chosen():
    chess = club()
    page = chess.page(metrics=["rank", "dues", "rank"], by="city", title="Of  old")
    data = Unpacked(page).data
    assert [said.get("metric") for said in data["measures"]] == [None, "rank", "dues", "dues"]
    assert (data["attributes"], data["grouped"]) == (["city"], True)
    assert "<h1><bdi>Of old</bdi></h1>" in page
    data = Unpacked(chess.page(metrics=[], by=[])).data
    assert (len(data["measures"]), data["attributes"], data["values"]) == (1, [], {})
    assert "<h1><bdi>The Chess Club</bdi></h1>" in chess.page()


def test_what_cannot_be_shown_is_refused_by_name():
    chess = club()
    with pytest.raises(UnknownMetric, match="no metric 'due' is known; did you mean 'dues'"):
        chess.page(metrics=["due"])
    with pytest.raises(UnknownAttribute, match="no attribute 'town' is known"):
        chess.page(by=["city", "town"])
    for wrong in ({"metrics": 5}, {"by": 5}, {"metrics": [5]}, {"by": [["city"]]}):
        with pytest.raises(LedgerError):
            chess.page(**wrong)
    for title in ("", " \n", 5, "x" * 501, "\u202e", " Old", "Old\u202e"):
        with pytest.raises(BadInput, match="is no title"):
            chess.page(title=title)
    with ledger.open(":memory:") as book, pytest.raises(UnknownInitiative):
        book.initiative("nobody").page()


def test_of_an_initiative_without_members_there_is_a_page_too():
    with ledger.open(":memory:") as book:
        empty = book.initiative("empty")
        empty.record(InitiativeLaunched("2020", "Nobody"))
        unpacked = Unpacked(empty.page())
        assert unpacked.data["members"] == []
        _hold_against_replay(empty, unpacked)


def test_of_too_many_moments_some_can_be_chosen_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr(weighed, "MOMENTS_MAX", 4)
    with ledger.open(":memory:") as book:
        chess = book.initiative("chess-club")
        for number in range(1, 11):
            chess.record(
                MemberJoined(f"m{number}", f"2020-01-{11 - number:02}"), recorded_at=f"2021-01-{number:02}T00:00:00Z"
            )
        page = chess.page()
        unpacked = Unpacked(page)
        assert unpacked.positions == [2, 5, 7, 10]
        for moment, position in enumerate(unpacked.positions, 1):
            for day in ("2020-01-01", "2020-01-04", "2020-01-31"):
                at = date.fromisoformat(day)
                assert set(unpacked.cards(at, moment)) == set(chess.at(day, position))
        said = "Of 10 moments at which something was recorded, 4 can be chosen"
        assert said in page
        monkeypatch.setattr(weighed, "ANSWERS_MAX", 20)
        assert Unpacked(chess.page()).positions == [3, 6, 10]
        monkeypatch.setattr(weighed, "ANSWERS_MAX", 1)
        assert Unpacked(chess.page()).positions == [10]
        monkeypatch.undo()
        assert "can be chosen" not in chess.page()


def test_a_page_of_many_changes_or_claims_tells_the_fewer_moments_apart(monkeypatch):
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("co2", "t"),
            MemberJoined("union", "2019"),
            *(MemberJoined(f"m{number}", "2020-01-01", part_of="union") for number in range(9)),
        )
        club.record(ReportPublished("r", "2020-06-01", claims=[Claim(Total("co2"), "5 t"), Claim(Members(), "1")]))
        values = [MetricUpdated("co2", f"20{20 + number}-01-01", "5 t", member="m1") for number in range(9)]
        wrong, *_ = [club.record(value)[0] for value in values]
        club.retract(wrong)
        assert len(Unpacked(club.page()).positions) == 12
        for name, least in (("ANSWERS_MAX", 100), ("BYTES_MAX", 2_000)):
            with monkeypatch.context() as patched:
                patched.setattr(weighed, name, least)
                assert 1 <= len(Unpacked(club.page()).positions) < 12


def test_what_was_stated_and_taken_back_between_two_moments_is_not_told(monkeypatch):
    monkeypatch.setattr(weighed, "MOMENTS_MAX", 1)
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"), MemberJoined("ada", "2020-01-01"))
        (wrong,) = club.record(MetricUpdated("co2", "2020-01-01", "5 t"))
        club.retract(wrong)
        club.record(MetricUpdated("co2", "2020-02-01", None))
        assert Unpacked(club.page()).data["reports"] == []


def test_of_a_total_of_parts_it_is_said_why_there_is_none():
    with ledger.open(":memory:") as book:
        union = book.initiative("union")
        union.record(
            MetricDefined("co2", "t", nonnegative=True),
            MemberJoined("eu", "2016-10-05", name="The Union"),
            MemberJoined("fr", "2016-11-04", part_of="eu"),
            MetricUpdated("co2", "2018", "5 t", member="eu"),
            ReportPublished("r", "2020-01-01", claims=[Claim(Total("co2"), "5 t")]),
        )
        union.record(MetricUpdated("co2", "2018-06", "2 t", member="fr"))
        unpacked = Unpacked(union.page())
        _hold_against_replay(union, unpacked)
        reasons = {cell[2] for cell in unpacked.data["figures"]["cells"] if isinstance(cell, list)}
        assert reasons == {"cannot be added up, since both would count: fr is part of The Union"}
        assert [(said.get("overlap"), said["basis"]) for said in unpacked.data["measures"][1:]] == [
            (None, "sum over the members"),
            ("parts", "sum over the members, parts without their wholes"),
            ("whole", "sum over the members, wholes without their parts"),
        ]
        told = unpacked.figures(date(2020, 1, 1), 2)
        assert [told[number][0] for number in (2, 3)] == ["2 t", "5 t"]
        (claim,) = unpacked.data["reports"][0]["claims"]
        assert [(one["verdict"], one["amount"]) for one in claim["found"]] == [("unverifiable", "5 t")] * len(
            claim["found"]
        )


def test_a_claim_names_who_is_missing_at_the_moment_though_the_amount_stays():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("dues", "EUR", nonnegative=True),
            *(MemberJoined(id, "2019-01-01") for id in ("ada", "ben")),
        )
        (paid,) = club.record(MetricUpdated("dues", "2019-06-01", "5 EUR", member="ada"))
        club.record(ReportPublished("r", "2020-01-01", claims=[Claim(Total("dues"), "5 EUR")]))
        club.correct(paid, member="ben", reason="it was he")
        club.record(MetricUpdated("dues", "2021-01-01", "7 EUR", member="ada"))  # of a later day
        unpacked = Unpacked(club.page())
        _hold_against_replay(club, unpacked)
        (claim,) = unpacked.data["reports"][0]["claims"]
        assert [
            (one["since"], one["until"], "ben" in one["why"][-1], "ada" in one["why"][-1]) for one in claim["found"]
        ] == [
            (3, 4, True, False),
            (4, 0, False, True),
        ]


def test_a_report_that_was_retracted_is_gone_from_then_on():
    with ledger.open(":memory:") as book:
        chess = book.initiative("chess-club")
        (report,) = chess.record(ReportPublished("r", "2020-01-01", claims=[Claim(Members(), "0")]))
        chess.record(MemberJoined("ada", "2019-01-01"))
        chess.retract(report)
        chess.record(MemberJoined("ben", "2019-01-01"))
        unpacked = Unpacked(chess.page())
        _hold_against_replay(chess, unpacked)
        (told,) = unpacked.data["reports"]
        assert (told["since"], told["until"]) == (1, 3)
        assert [(one["since"], one["until"], one["verdict"]) for one in told["claims"][0]["found"]] == [
            (1, 2, "confirmed"),
            (2, 3, "contradicted"),
        ]


@pytest.mark.unmeasured
def test_a_page_is_of_the_moment_at_which_it_was_begun_while_a_thread_records(tmp_path, monkeypatch):
    with ledger.open(tmp_path / "clubs.db") as book:
        chess = book.initiative("chess-club")
        chess.record(
            MetricDefined("dues", "EUR"),
            *(MemberJoined(f"m{place}", "2020-01-01", attributes={"city": "Bilbao"}) for place in range(9)),
            ReportPublished("r", "2021-01-01", claims=[Claim(Members(), "9"), Claim(Total("dues"), "0 EUR")]),
        )
        head, begun, done = book.head, threading.Semaphore(0), threading.Event()

        def record_without_a_pause() -> None:
            for number in count():
                chess.record(
                    MemberJoined(f"late{number}", "2020-01-01", attributes={f"town{number}": "Lagos"}),
                    MetricDefined(f"late{number}"),
                    MetricUpdated("dues", "2020-06-01", "5 EUR", member=f"m{number % 9}"),
                    ReportPublished(f"late{number}", "2022-01-01", claims=[Claim(Members(), "1")]),
                )
                begun.release()
                if done.is_set():
                    return

        def after_more(*given):
            while begun.acquire(blocking=False):
                pass
            for _ in range(3):
                assert begun.acquire(timeout=30), "whoever records waits for the page"
            return traced.traced(*given)

        monkeypatch.setattr(page_module, "traced", after_more)
        writer = threading.Thread(target=record_without_a_pause)
        writer.start()
        try:
            page = page_module.page(chess, head, datetime(2024, 1, 1, tzinfo=UTC), None, None, None)
            later = Unpacked(chess.page())
        finally:
            done.set()
            writer.join()
        unpacked = Unpacked(page)
        assert (unpacked.positions, unpacked.data["attributes"]) == ([head.size], ["city"])
        assert unpacked.data["members"] == [f"m{place}" for place in range(9)]
        assert [said.get("metric") for said in unpacked.data["measures"]] == [None, "dues"]
        (report,) = unpacked.data["reports"]
        verdicts = [[one["verdict"] for one in claim["found"]] for claim in report["claims"]]
        assert verdicts == [["confirmed"], ["unverifiable"]]
        assert head.root in page
        late = len(later.positions) - 1
        assert len(later.data["members"]) == 9 + late >= 10
        assert len(later.data["reports"]) == 1 + late


def test_what_was_recorded_first_after_the_page_was_begun_is_not_on_it():
    with ledger.open(":memory:") as book:
        head = book.head
        club = book.initiative("club")
        club.record(MemberJoined("ada", "2020-01-01"))
        with pytest.raises(UnknownInitiative):
            page_module.page(club, head, datetime(2024, 1, 1, tzinfo=UTC), None, None, None)


def test_nothing_in_a_text_becomes_markup():
    hostile = "</script><!--<script>alert(1)</script>&amp;"
    with ledger.open(":memory:") as book:
        chess = book.initiative("chess-club")
        chess.record(
            InitiativeLaunched("2020", name=hostile, supporters=[hostile]),
            MetricDefined("m", title=hostile),
            MemberJoined("<id>", "2020", name=hostile, attributes={"<b>": hostile}),
            ReportPublished(
                "<r>", "2021-01-01", title=hostile, kind=hostile, claims=[Claim(Members(), "1", text=hostile)]
            ),
        )
        page = chess.page()
        assert len(re.findall("<script", page)) == 2
        assert len(re.findall("</script", page)) == 2
        assert "<!--" not in page
        assert Unpacked(page).data["members"] == ["<id>"]
        policy = re.search('http-equiv="Content-Security-Policy" content="(.*?)"', page)
        assert policy
        assert unescape(policy[1]).startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy[1]


def test_without_the_template_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "markupsafe", None)
    with pytest.raises(MissingExtra, match=r"jinja2.*pip install 'membership-ledger\[documents\]'"):
        club().page()
