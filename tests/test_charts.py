"""Charts: their data is what the library answers on each day, their texts are texts, and their files what they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from fractions import Fraction
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import altair as alt
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from selenium.webdriver.support.ui import WebDriverWait

import ledger
from browsing import DESKTOP, PHONE
from ledger import (
    Claim,
    Distinct,
    InitiativeLaunched,
    LedgerError,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Share,
    Total,
    Value,
)
from ledger.faces import charted as charted_module
from ledger.faces.charted import ENDS, NAMED_MAX, Step, _drawn, _labels, _mark, _thinned, charted
from ledger.faces.charts import save_chart
from ledger.faces.drawn import TITLES, VERDICTS, _place
from ledger.faces.phrases import Names
from ledger.model.errors import BadInput, MissingExtra, UnknownInitiative
from ledger.model.exact import number
from ledger.model.figures import Figures
from ledger.testing.histories import breakpoints, histories, questions
from ledger.testing.ledgers import ledger_of
from ledger.testing.scripts import batches_of

EXAMPLES = settings.default.max_examples  # of the profile
ROOT = Path(__file__).parents[1]
DAY = timedelta(days=1)
ALERT = "<script>alert(1)</script>"
NOBODY = Names({}, {})


@pytest.fixture
def club():
    with ledger.open(":memory:") as book:
        yield book.initiative("club")


def reporting(club):
    """Two members, of whom one has no value for a while, and values with bounds and without."""
    club.record(
        InitiativeLaunched("2020", name="The Club"),
        MetricDefined("co2", "t/year", title="CO2 emitted", nonnegative=True),
        MetricDefined("profit", "t/year"),
        MemberJoined("a", "2020-01-01", name="Ada", attributes={"city": "Bilbao"}),
        MemberJoined("b", "2020-06-01", name="Ben", attributes={"city": "Lagos"}),
        MetricUpdated("co2", "2020-03-01", "12.5 t/year", member="a"),
        MetricUpdated("co2", "2021-01-01", "4..6 t/year", member="b"),
        MetricUpdated("co2", "2022-01-01", ">= 8 t/year", member="a"),
        MetricUpdated("profit", "2022-01-01", "<= 3 t/year", member="a"),
    )
    return club


def rows_of(chart, mark):
    """The rows of the layers of a kind."""
    spec = chart.to_dict()
    kinds = [(one["mark"]["type"], one.get("data", spec.get("data"))["name"]) for one in spec["layer"]]
    return [row for kind, name in kinds for row in spec["datasets"][name] if kind == mark]


# what a chart shows is what the library answers


def float_of(end):
    return None if end is None else float(end)


def says_nothing(figure):
    """By what the replay says of it: nothing bounds it, or none of the values that it adds up is there."""
    return not figure.has_value or (figure.amount.low is None and figure.amount.high is None)


@settings(max_examples=EXAMPLES // 2)
@given(histories(max_size=8), questions(metrics=2), st.none() | st.sampled_from(["country", "sector"]), st.data())
def test_each_day_of_a_chart_shows_what_the_replay_answers(history, measure, by, data):
    if not history:
        return
    if isinstance(measure, Value):
        by = None
    with ledger_of(*batches_of(history)) as book:
        club = book.initiative(history[0].initiative)
        known_at = data.draw(st.sampled_from([None, *(record.position for record in history)]))
        days = [day for day in breakpoints(history) if date(1900, 1, 1) < day < date(2100, 1, 1)]
        line = club.timeline(measure, by=by)
        try:
            seen = charted(line, days[0] - 3 * DAY, days[-1] + 3 * DAY, known_at, NOBODY, (), 640)
        except LedgerError as error:
            with pytest.raises(type(error)):
                [club.at(day, known_at).measure(measure, by=by) for day in [seen_from(days), *days]]
            return
        assert (seen.thinned, seen.marks, seen.unplaced) == (None, (), 0)
        groups = {label: group for group, label in _labels(groups_of(line, days, known_at), grouped=bool(by)).items()}
        for day in [seen.first, *days, seen.last]:
            state = club.at(day, known_at)
            answer = state.measure(measure, by=by)
            figures = answer if by else {None: answer}
            for label in seen.groups:
                steps = [step for step in seen.steps if step.group == label and step.at <= day < step.until]
                figure = figures.get(groups[label])
                if figure is None:  # nobody can be of that group on this day
                    nothing = [None] * 4 if isinstance(measure, Share) else [0] * 4
                    assert [getattr(step, end) for step in steps for end in ENDS] == nothing
                elif says_nothing(figure):
                    assert [step.is_gap for step in steps] == [True]
                else:
                    [step] = steps
                    expected = [figure.amount.low, figure.amount.high, figure.envelope.low, figure.envelope.high]
                    assert [getattr(step, end) for end in ENDS] == [float_of(end) for end in expected]
                    assert step.exact == (figure.complete and figure.amount.exact)
                    assert step.text == str(figure)
                    named = set(step.uncertain.split(", ")) - {""}
                    assert named == (set() if figure.possible_members is None else set(figure.possible_members))


def seen_from(days):
    return days[0] - 3 * DAY


def groups_of(line, days, known_at):
    answers = line.series(days[0] - 3 * DAY, days[-1] + 3 * DAY, every="change", known_at=known_at)
    return {group for answer in answers for group in (answer if isinstance(answer, Figures) else [None])}


@settings(max_examples=EXAMPLES // 2)
@given(histories(max_size=8).filter(bool), st.booleans(), st.data())
def test_whoever_comes_to_count_or_counts_no_longer_is_named_on_that_day(history, suspended, data):
    with ledger_of(*batches_of(history)) as book:
        club = book.initiative(history[0].initiative)
        days = breakpoints(history)
        first = data.draw(st.sampled_from(days))
        seen = charted(club.timeline(Members(suspended=suspended)), first, days[-1] + DAY, None, NOBODY, (), 640)
        for step in seen.steps[1:]:
            before, now = (set(club.at(day).count(suspended=suspended).members) for day in (step.at - DAY, step.at))
            assert set(step.joined.split(", ")) - {""} == now - before
            assert set(step.left.split(", ")) - {""} == before - now
        assert (seen.steps[0].joined, seen.steps[0].left) == ("", "")  # they are not new


NUMBERS = st.none() | st.integers(-3, 3).map(float)


@settings(max_examples=2 * EXAMPLES)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1), NUMBERS, NUMBERS), max_size=40), st.integers(1, 12))
def test_what_is_left_out_of_many_steps_cannot_be_seen(drawn, width):
    """In each column the extremes stay; what stays is unchanged, and lies on the same days together."""
    first = at = date(2021, 1, 1)
    steps = []
    for length, gap, low, high in drawn:
        at += gap * DAY
        until = at + length * DAY
        steps.append(Step("", at, until, low, high, low, high, exact=False, text=f"{low} {high}", joined="x"))
        at = until
    last = max(at - DAY, first)
    kept = _thinned(steps, first, last, width)
    if len(steps) <= 2 * width:
        assert kept == steps
        return
    plain = {step.at: evolve(step, joined="") for step in steps}
    assert all(evolve(step, until=plain[step.at].until) == plain[step.at] for step in kept)
    assert kept[0].at == steps[0].at
    assert kept[-1].until == steps[-1].until
    assert all(one.until <= two.at for one, two in pairwise(kept))
    days = (last - first).days + 1
    for column in range(width):
        was, stays = (
            [s for s in several if (s.at - first).days * width // days == column] for several in (steps, kept)
        )
        for end in ENDS:
            assert {extreme([getattr(s, end) for s in was])} == {extreme([getattr(s, end) for s in stays])}
    # a gap that is wider than a column is still one
    covered = {step.at + n * DAY for step in kept for n in range((step.until - step.at).days)}
    for one, two in pairwise(steps):
        if one.until < two.at and (two.at - first).days * width // days > (one.at - first).days * width // days:
            assert one.until not in covered


def test_of_many_steps_those_without_a_bound_stay_apart():
    days = [date(2021, 1, 1) + n * DAY for n in range(12)]
    open_ends = [step_on(day, None if n == 5 else 3.0 + n) for n, day in enumerate(days)]
    kept = _thinned(open_ends, days[0], days[-1], 1)
    assert [step.at for step in kept] == [days[0], days[5], days[-1]]
    assert [step.until for step in kept] == [days[5], days[-1], days[-1] + DAY]


def step_on(day, high):
    return Step("", day, day + DAY, 1.0, high, 1.0, high, exact=False, text=f"{day}")


def extreme(ends):
    known = [end for end in ends if end is not None]
    return (min(known, default=None), max(known, default=None), None in ends)


def test_more_steps_than_can_be_seen_are_said_to_be(club):
    club.record(*(MemberJoined(f"m{n}", date(2020, 1, 1) + n * DAY) for n in range(10)))
    told = [" ".join(club.chart(Members(), width=width).to_dict()["title"]["subtitle"]) for width in (5, 6)]
    assert ["11 steps are too many to see" in one for one in told] == [True, False]


@pytest.mark.unmeasured
def test_a_chart_of_many_events_stays_light(club):
    count = 3_000
    first = date(1990, 1, 1)
    joinings = [MemberJoined(f"m{n}", first + 2 * n * DAY, name="A name that is rather long") for n in range(count)]
    club.record(*joinings)
    chart = club.chart(Members(), width=300)
    assert f"{count + 1:,} steps are too many to see" in str(chart.to_dict()["title"]["subtitle"])
    assert len(rows_of(chart, "rect")) <= 4 * 300
    assert len(chart.to_json(indent=None)) < 300_000
    assert {row["joined"] for row in rows_of(chart, "rect")} == {""}
    assert all(date.fromisoformat(row["days"]) for row in rows_of(chart, "rect"))  # the day of the amount, no stretch


def test_who_joined_is_not_read_where_that_takes_long(club, monkeypatch):
    reporting(club)
    monkeypatch.setattr(charted_module, "NAMING_MAX", 1)
    rows = rows_of(club.chart(Total("co2")), "rect")
    assert "12.5 t/year (values are missing)" in {row.get("amount") for row in rows}
    assert not any(row.get("joined") for row in rows)
    monkeypatch.setattr(charted_module, "NAMING_MAX", 60_000)
    rows = rows_of(club.chart(Total("co2")), "rect")
    assert {"12.5 t/year (1 of 2 report)", "12.5 t/year"} <= {row.get("amount") for row in rows}
    assert {"Ada", "Ben"} <= {row.get("joined") for row in rows}


def test_a_long_list_of_names_says_how_many_more_there_are(club):
    club.record(*(MemberJoined(f"m{n:02}", "2020-01-01") for n in range(NAMED_MAX + 5)))
    assert rows_of(club.chart(Members()), "rect")[-1]["joined"].endswith("m19 and 5 more")


# from when to when


def test_it_is_drawn_around_all_that_changes_or_from_day_to_day(club):
    club.record(
        MemberJoined("a", "2020-01-01"),
        MemberJoined("b", "2022-12-31"),
        ReportPublished("r", "2023-06-30", claims=[Claim(Members(), "2")]),
    )
    line = club.timeline(Members())

    def shown(start=None, end=None):
        seen = charted(line, start, end, None, NOBODY, club.audit(), 640)
        return seen.first, seen.last, len(seen.marks)

    margin = (date(2023, 6, 30) - date(2020, 1, 1)).days // 25 * DAY
    assert shown() == (date(2020, 1, 1) - margin, date(2023, 6, 30) + margin, 1)
    assert shown(start="2021-01-01") == (date(2021, 1, 1), date(2023, 6, 30) + margin, 1)
    assert shown(end="2023-01-31") == (date(2020, 1, 1) - margin, date(2023, 1, 31), 0)
    assert shown("2021-01-01", "2021-01-01") == (date(2021, 1, 1), date(2021, 1, 1), 0)
    assert shown("0001-01-01", "9999-12-31") == (date.min, date.max - DAY, 1)
    with pytest.raises(BadInput, match="no days"):
        shown("2021-01-02", "2021-01-01")


def test_where_nothing_ever_changed_it_must_be_said_from_when_to_when(club):
    club.record(MetricDefined("co2", "t"))
    with pytest.raises(BadInput, match="from when to when"):
        club.chart(Members())
    assert len(rows_of(club.chart(Members(), start="2020-01-01", end="2020-12-31"), "rect")) == 1
    empty = club.chart(Members(), by="city", start="2020-01-01", end="2020-12-31")  # there are no groups to draw
    assert rows_of(empty, "rule") == []


def test_a_change_at_the_ends_of_the_calendar_is_drawn(club):
    club.record(MemberJoined("a", "0001-01-02"), MemberLeft("a", "9999-12-30"))
    seen = charted(club.timeline(Members()), None, None, None, NOBODY, (), 640)
    assert (seen.first, seen.last) == (date.min, date.max - DAY)


# how it is drawn


def test_an_open_end_fades_to_the_edge_and_is_no_number(club):
    chart = reporting(club).chart(Total("co2"), start="2022-01-01", end="2022-12-31")
    spec = chart.to_dict()
    [fade] = [one for one in spec["layer"] if isinstance(one["mark"].get("color"), dict)]
    assert fade["encoding"]["y2"] == {"value": 0}  # the top, in pixels
    assert [row["y"] for row in spec["datasets"][fade["data"]["name"]]] == [12]
    assert "Fading away: there is no bound on that side, or values are missing." in spec["title"]["subtitle"]
    assert [row["amount"] for row in rows_of(chart, "rect") if "amount" in row] == [">= 12 t/year"]
    assert {row["y"] for row in rows_of(chart, "line")} == {12}
    assert 12 < fade["encoding"]["y"]["scale"]["domain"][1] < 24


def test_an_end_open_below_fades_to_the_bottom(club):
    chart = reporting(club).chart(Value("profit", "a"), height=200)
    [fade] = [one for one in chart.to_dict()["layer"] if isinstance(one["mark"].get("color"), dict)]
    assert fade["encoding"]["y2"] == {"value": 200}
    assert fade["encoding"]["y"]["scale"]["domain"][0] < 0


def test_what_nothing_is_known_of_is_a_gap(club):
    chart = reporting(club).chart(Total("co2"), start="2019-12-01", end="2020-12-31")
    points = [(row["at"], row["y"]) for row in rows_of(chart, "line")]
    nobody = [("2019-12-01", 0), ("2020-01-01", 0)]
    one_of_one, one_of_two = [("2020-03-01", 12.5), ("2020-06-01", 12.5)], [("2020-06-01", 12.5), ("2021-01-01", 12.5)]
    assert points == [(_place(date.fromisoformat(day)), y) for day, y in [*nobody, *one_of_one, *one_of_two]]
    assert [row["joined"] for row in rows_of(chart, "rect") if row.get("amount") == "nothing is known"] == ["Ada"]
    assert "No line: nothing is known." in chart.to_dict()["title"]["subtitle"]


def test_a_band_lies_between_the_bounds_and_what_is_missing_beyond_it(club):
    club.record(
        MemberJoined("a", "2021", attributes={"city": "Bilbao"}), MemberJoined("b", "2021-06-01"),
        MemberLeft("a", "2023"),
    )  # fmt: skip
    chart = club.chart(Distinct("city"))
    assert {(row["y"], row["y2"]) for row in rows_of(chart, "area")} == {(0, 1)}
    assert (1, 2) in {(row["y"], row["y2"]) for row in rows_of(chart, "rect") if "y2" in row}
    assert "Shaded: from the least to the most that it can be." in chart.to_dict()["title"]["subtitle"]


def test_each_group_has_its_line_its_colour_and_past_eight_its_stroke(club):
    club.record(*(MemberJoined(f"m{n}", "2021-01-01", attributes={"city": f"C{n:02}"}) for n in range(10)))
    club.record(MemberJoined("none", "2021-01-01"), MemberJoined("odd", "2021-01-01", attributes={"city": "(none)"}))
    spec = club.chart(Members(), by="city").to_dict()
    [line] = [one for one in spec["layer"] if one["mark"]["type"] == "line"]
    scales = [line["encoding"][channel]["scale"] for channel in ("color", "strokeDash")]
    assert scales[0]["domain"] == scales[1]["domain"] == ["(none)", *(f"C{n:02}" for n in range(10)), "(none) (2)"]
    looks = list(zip(scales[0]["range"], map(tuple, scales[1]["range"]), strict=True))
    assert len(set(looks)) == len(looks)
    assert spec["title"]["text"] == ["Members, by city"]
    by_size = club.chart(Members(), by={"city": {"(none)": "x", **{f"C{n:02}": "x" for n in range(10)}}})
    assert by_size.to_dict()["title"]["text"] == ["Members, by city"]


def test_labels_of_groups_are_never_the_same():
    groups = ["a", "a ", "a\n", "a (2)", " ", None, "(none)", "(blank)"]
    labels = _labels(groups, grouped=True)
    assert sorted(labels, key=str) == sorted(groups, key=str)
    assert len(set(labels.values())) == len(groups)


def test_a_share_has_no_line_in_a_group_where_nobody_is(club):
    club.record(MemberJoined("a", "2021-01-01", attributes={"city": "Bilbao"}))
    chart = club.chart(Share(Members(), Members()), by="city")
    assert {row["y"] for row in rows_of(chart, "line")} == {1}
    axis = chart.to_dict()["layer"][0]["encoding"]["y"]
    assert axis["title"] == "share"


@pytest.mark.parametrize(
    ("measure", "title", "unit"),
    [
        (Members({"city": "Bilbao"}), "Members where city is Bilbao", "members"),
        (Distinct("city"), "Different values of city", "different values"),
        (Total("co2"), "CO2 emitted, sum over the members", "t/year"),
    ],
)
def test_titles_and_axes_say_what_is_measured(club, measure, title, unit):
    spec = reporting(club).chart(measure, known_at="2100-01-01T00:00:00Z").to_dict()
    assert spec["title"]["text"] == [title]
    assert spec["title"]["subtitle"][0] == "The Club, as known on 2100-01-01T00:00:00.000000Z"
    assert spec["layer"][0]["encoding"]["y"]["title"] == unit
    assert club.chart(measure, known_at=9).to_dict()["title"]["subtitle"][0] == "The Club, as known at position 9"


def test_a_day_is_the_same_in_every_time_zone(club):
    spec = reporting(club).chart(Members()).to_dict()
    assert {one["encoding"]["x"]["scale"]["type"] for one in spec["layer"]} == {"utc"}
    assert _place(date(1970, 1, 2)) == 86_400_000
    assert [row["days"] for row in rows_of(club.chart(Members(), start="2020-05-31", end="2020-06-01"), "rect")] == [
        "2020-05-31",
        "2020-06-01",
    ]


@pytest.mark.parametrize(("members", "values"), [(1, [0, 1]), (8, list(range(9))), (9, None)])
def test_there_is_no_half_of_a_member_on_the_axis(club, members, values):
    club.record(*(MemberJoined(f"m{n}", "2021-01-01") for n in range(members)))
    axis = club.chart(Members()).to_dict()["layer"][0]["encoding"]["y"]["axis"]
    assert axis.get("values") == values


def test_a_timeline_draws_itself_by_ids(club):
    chart = reporting(club).timeline(Total("co2")).chart("2020-01-01", "2022-12-31")
    assert chart.to_dict()["title"]["text"] == ["co2, sum over the members"]
    assert "b" in {row.get("joined") for row in rows_of(chart, "rect")}
    assert rows_of(chart, "point") == []


# claims


def test_each_claim_of_the_measure_is_marked_by_what_was_found_of_it(club):
    reporting(club)
    club.record(
        ReportPublished(
            "annual",
            "2022-12-31",
            claims=[
                Claim(Total("co2"), "12.5 t/year", at="2020-04-01", text="as we said"),
                Claim(Total("co2"), "17000..18000 kg/year", at="2021-06-30"),
                Claim(Total("co2"), "30 t/year", at="2020-08-01"),
                Claim(Total("co2"), ">= 100 t/year", at="2021-02-01"),
                Claim(Total("co2"), "<= 20 t/year", at="2021-03-01"),
                Claim(Total("co2"), "9 t/year", at="2020-05-01", definition="another"),
                Claim(Members(), "2"),
                Claim(Total("co2"), "5 people", at="2021-02-01"),
            ],
        )
    )
    chart = club.chart(Total("co2"))
    points = rows_of(chart, "point")
    findings = [one for one in club.audit() if one.measure == Total("co2") and one.claim.amount.unit != "people"]
    assert [(row["day"], row["verdict"], row["found"]) for row in points] == [
        (str(one.at), one.verdict, one.sentence) for one in findings
    ]
    assert [row["y"] for row in points] == [12.5, 17, 30, 100, 20, 9]
    assert {row["verdict"] for row in points} == {*VERDICTS}
    assert [row["claimed"] for row in points][:2] == ["as we said", "17000..18000 kg/year"]
    assert {row["source"] for row in points} == {"annual"}
    assert sorted((row["y"], row["y2"]) for row in rows_of(chart, "rule")) == [
        (17, 18), (20, 20), (100, None)
    ]  # fmt: skip
    spec = chart.to_dict()
    assert "1 claims in a unit of another kind are not marked." in spec["title"]["subtitle"]
    [point] = [one for one in spec["layer"] if one["mark"]["type"] == "point"]
    assert point["encoding"]["shape"]["scale"]["domain"] == list(VERDICTS)
    assert rows_of(club.chart(Total("co2"), reports=False), "point") == []
    assert rows_of(club.chart(Total("co2"), by="city"), "point") == []


def test_a_value_stated_for_the_initiative_is_a_claim_of_its_total(club):
    reporting(club)
    [record] = club.record(MetricUpdated("co2", "2020-04-01", "12.5 t/year"), source="the chair")
    [row] = rows_of(club.chart(Total("co2")), "point")
    assert (row["source"], row["verdict"], row["claimed"]) == ("the chair", "confirmed", "12.5 t/year")
    finding = next(one for one in club.audit() if one.record is not None and one.record.id == record.id)
    assert _mark(evolve(finding, record=None), "t/year").source == ""


def test_marks_and_tooltips_have_words():
    assert {*TITLES} >= {"days", "amount", "verdict"}
    assert len({shape for _, shape in VERDICTS.values()}) == len(VERDICTS)
    assert len({colour for colour, _ in VERDICTS.values()}) == len(VERDICTS)


# what is refused


@pytest.mark.parametrize("side", [0, -1, 10_001, 1.5, "wide", True, None])
def test_a_size_that_is_none_is_refused(club, side):
    club.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput, match="width="):
        club.chart(Members(), width=side)
    with pytest.raises(BadInput, match="height="):
        club.timeline(Members()).chart(height=side)


def test_of_what_was_never_recorded_there_is_no_chart(club):
    with pytest.raises(UnknownInitiative):
        club.chart(Members())


def test_a_number_too_large_to_have_a_place_is_refused():
    assert _drawn(number("0.1")) == 0.1
    with pytest.raises(BadInput, match="308 digits"):
        _drawn(number("1") * 10**400)
    with pytest.raises(BadInput, match="308 digits"):
        _drawn(Fraction(10**400, 3))


# files


@pytest.fixture(scope="module")
def hostile():
    """A chart in which every text from the ledger is hostile."""
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            InitiativeLaunched("2021-01-01", name=ALERT),
            MemberJoined("a", "2021-02-01", name=ALERT, attributes={"city": ALERT}),
            MemberJoined("b", "2021-03-01", name="<!--<script>", attributes={"city": "]]>&amp;"}),
            ReportPublished(ALERT, "2021-04-01", claims=[Claim(Members({"city": ALERT}), "1", text=ALERT)]),
        )
        yield club.chart(Members({"city": ALERT})), club.chart(Members(), by="city")


class Parsed(HTMLParser):
    """The tags of a page, and what its scripts say."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.scripts, self.attributes, self.within = [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.within = tag

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within == "script":
            self.scripts.append(data)


@pytest.mark.unmeasured
def test_hostile_texts_are_texts_in_a_picture(hostile, tmp_path):
    for place, chart in enumerate(hostile):
        path = save_chart(chart, tmp_path / f"{place}.svg")
        root = ET.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert {one.tag.split("}")[1] for one in root.iter()}.isdisjoint({"script", "foreignObject", "a", "image"})
        assert ALERT in " ".join(root.itertext()).replace("\N{WORD JOINER}", "")


@pytest.mark.unmeasured
def test_hostile_texts_are_texts_in_a_page_that_asks_nothing_of_others(hostile, tmp_path):
    for place, chart in enumerate(hostile):
        path = save_chart(chart, str(tmp_path / f"{place}.HTML"))
        page = path.read_text("utf-8")
        parsed = Parsed(page)
        assert parsed.tags.count("script") == 2  # the programs, and the chart
        assert not {"src", "href"} & set(parsed.attributes)
        spec = json.loads(re.search(r"const spec = (\{.*\});\n", page)[1])
        assert ALERT in json.dumps(spec["title"], ensure_ascii=False).replace("\N{WORD JOINER}", "")
        assert spec["usermeta"]["embedOptions"]["actions"]["editor"] is False
        assert not any("url" in one for one in spec["layer"])
        for other in (chart.to_html(), chart.to_html(inline=True)):  # and as altair shows and saves it by itself
            assert "<script>alert" not in other
            assert '</script>"' not in other


def test_a_picture_has_twice_the_size(club, tmp_path):
    club.record(MemberJoined("a", "2021-02-01"), MemberJoined("b", "2022-02-01"))
    path = save_chart(club.chart(Members(), width=200, height=100), tmp_path / "club.png")
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(content[place : place + 4], "big") for place in (16, 20))
    assert 400 < width < 600
    assert 200 < height < 400


@pytest.mark.parametrize("name", ["club", "club.gif", "club.json", "png"])
def test_another_format_is_refused(hostile, name, tmp_path):
    with pytest.raises(BadInput, match="png, svg, html"):
        save_chart(hostile[0], tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_without_its_libraries_it_says_what_to_install(club, hostile, monkeypatch, tmp_path):
    club.record(MemberJoined("a", "2021"))
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtra, match=r"vl-convert-python.*'membership-ledger\[charts\]'"):
        save_chart(hostile[0], tmp_path / "club.png")
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingExtra, match=r"altair.*'membership-ledger\[charts\]'"):
        club.chart(Members())


def test_where_altair_is_not_installed_all_else_works(tmp_path):
    (tmp_path / "altair.py").write_text("raise ModuleNotFoundError(\"No module named 'altair'\", name='altair')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import ledger, ledger.faces.charts\n"
        "club = ledger.open(':memory:').initiative('club')\n"
        "_ = club.record(ledger.MemberJoined('ada', '2020'))\n"
        "print(club.timeline(ledger.Members()).at('2020-12-31'))\n"
        "for draw in club.chart, lambda measure: club.timeline(measure).chart():\n"
        "    try: draw(ledger.Members())\n"
        "    except ledger.LedgerError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    missing = "a chart needs altair, which is not installed: pip install 'membership-ledger[charts]'"
    assert done.stdout.splitlines() == ["1", missing, missing]


def test_importing_the_library_does_not_load_altair():
    code = "import sys, ledger; print({'altair', 'ledger.faces.charts'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


def test_a_saved_page_fits_the_screen_it_is_read_on_and_the_chart_stays_as_it_is(tmp_path, club):
    reporting(club)
    chart = club.chart(Members(), by="city")
    before = chart.to_dict()
    saved = save_chart(chart, tmp_path / "members.html").read_text("utf-8")
    assert chart.to_dict() == before
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in saved
    assert '"width": "container"' in saved
    assert "#vis { max-width: 720px }" in saved
    other = alt.Chart(alt.NamedData("none")).mark_point().properties(width=900)  # of somebody else, and left alone
    saved = save_chart(other, tmp_path / "other.html").read_text("utf-8")
    assert '"width": 900' in saved
    assert "#vis { max-width: none }" in saved


@pytest.mark.parametrize(("size", "widths"), [(PHONE, (320, 390)), (DESKTOP, (620, 720))])
def test_nothing_of_a_saved_chart_hangs_out_of_a_screen(browser, tmp_path, club, size, widths):
    reporting(club)
    club.record(
        *(MemberJoined(f"m{n}", "2021-01-01", attributes={"city": f"A city of a long name: {n}"}) for n in range(9))
    )
    browser.resize(size)
    for place, chart in enumerate([club.chart(Members(), by="city"), club.chart(Total("co2"))]):
        browser.open(save_chart(chart, tmp_path / f"{place}.html"))
        WebDriverWait(browser.driver, 10).until(lambda _: browser.run("return !!document.querySelector('#vis .marks')"))
        width, scrolled, shown = browser.run(
            "return [document.querySelector('#vis .marks').getBoundingClientRect().width,"
            "document.documentElement.scrollWidth, innerWidth]"
        )
        assert scrolled == shown == size[0]
        assert widths[0] <= width <= widths[1]
        assert browser.complaints() == []
        assert len(browser.requests()) == 1
