"""The case the library was written for, asked as its user would ask it."""

import importlib.util
from pathlib import Path

import pytest

import ledger
from ledger import Distinct, Joined, Members, Quantity, Total, Value, between, exactly, replay

EXAMPLE = Path(__file__).parents[1] / "examples" / "industrial_clusters.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("industrial_clusters", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example


@pytest.fixture
def clusters(tmp_path, example):
    with ledger.open(tmp_path / "clusters.db") as book:
        example.record_press_release(book.initiative("industrial-clusters"))
    with ledger.open(tmp_path / "clusters.db") as book:
        yield book.initiative("industrial-clusters")


def test_8_members_the_day_before_and_17_on_the_day(clusters):
    assert len(clusters.at("2023-01-19")) == 8
    assert len(clusters.at("2023-01-20")) == 17


def test_at_the_end_of_2021_from_none_to_eight(clusters):
    state = clusters.at("2021-12-31")
    assert state.count().amount == between(0, 8)
    assert len(state) == 0
    assert set(state.possible_members) == {
        "antwerp-bruges", "basque", "brightlands", "h2houston", "humber", "hynet", "kwinana", "ohio",
    }  # fmt: skip


def test_nine_countries_on_four_continents_and_five_countries_among_the_nine_new(clusters):
    state = clusters.at("2023-01-20")
    assert state.measure(Distinct("country")).amount == exactly(9)
    assert state.measure(Distinct("continent")).amount == exactly(4)
    assert state.measure(Joined("2023-01-20")).amount == exactly(9)
    new = state.measure(Joined("2023-01-20")).members
    assert {state[member].attributes["country"] for member in new} == {
        "China",
        "Indonesia",
        "Japan",
        "Spain",
        "United States",
    }


def test_the_stated_figures_are_kept_as_stated_and_never_taken_for_sums(clusters):
    state = clusters.at("2023-01-20")
    assert state.measure(Value("co2")).amount == Quantity.parse("451 Mt/year")
    assert state.measure(Value("jobs")).amount == Quantity.parse(">= 2700000 people")
    assert state.measure(Value("gdp")).amount == Quantity.parse("218e9 USD/year")
    assert state.values["share"] == Quantity.parse("15..20 percent")
    total = state.total("co2")
    assert len(total.missing) == 17
    assert total.envelope == Quantity.parse(">= 0 Mt/year")
    with pytest.raises(ledger.NotAdditive, match="share"):
        state.total("share")


def test_the_press_release_is_a_report_with_seven_claims(clusters):
    report = clusters.at("2023-01-20").reports["press-release"]
    assert [str(claim.amount) for claim in report.claims] == [
        "17", "9", "9", "4", "451 Mt/year", "> 2.7 million people", "218 billion USD/year",
    ]  # fmt: skip
    assert "press-release" not in clusters.at("2023-01-19").reports
    assert set(clusters.at("2023-01-19").possible_reports) == {"first-report", "white-paper"}


def test_the_file_answers_as_the_definition_does(clusters):
    records = list(clusters.records())
    for day in ("2020-12-31", "2021-01-01", "2021-12-31", "2023-01-19", "2023-01-20", "2030-01-01"):
        assert clusters.at(day) == replay(records, at=day)


def test_every_contribution_names_its_records_and_their_source(clusters):
    parts = clusters.at("2023-01-20").explain(Total("co2"))
    assert len(parts) == 17
    assert all(part.missing and part.records and part.records[0].source for part in parts)


def test_the_bridge_from_8_to_17_can_be_pasted_into_a_report(clusters):
    assert str(clusters.why(Members(), "2023-01-19", "2023-01-20").bridge()) == (
        "Members\n"
        "opening   8  2023-01-19\n"
        "joined   +9  andalusia, canary-islands, inbc, jababeka and 5 more\n"
        "closing  17  2023-01-20"
    )
    assert str(clusters.why(Distinct("country"), "2023-01-19", "2023-01-20").bridge()) == (
        "Distinct country\nopening   6  2023-01-19\njoined   +3  China, Indonesia, Japan\nclosing   9  2023-01-20"
    )


def test_from_the_end_of_2021_eight_became_certain_and_nine_are_new(clusters):
    changes = clusters.compare("2021-12-31", "2023-01-20")
    assert len(changes.joined) == 17
    assert len([change for change in changes.settled if change.kind == "joined"]) == 8
    assert not changes.vanished
    why = clusters.why(Members(), "2021-12-31", "2023-01-20")
    assert (why.low_change, why.high_change) == (17, 9)


def test_each_stated_figure_leads_back_to_the_press_release(clusters):
    defined, stated = clusters.history(metric="co2")
    assert (defined.effective, str(stated.effective)) == (None, "2023-01-20")
    assert stated.source == defined.source != ""


def test_later_sources_say_when_the_eight_joined_and_what_was_known_before_can_still_be_asked(clusters, example):
    before = [record.position for record in clusters.records()][-1]
    first = example.correct_joining_dates(clusters)
    assert (first.position, len(list(clusters.records()))) == (before + 1, before + 16)
    assert example.correct_joining_dates(clusters) == first
    for day, then, now in (
        ("2021-10-31", between(0, 8), 0), ("2021-12-31", between(0, 8), 4), ("2022-05-23", between(0, 8), 4),
        ("2022-05-24", between(0, 8), 8), ("2023-01-19", exactly(8), 8), ("2023-01-20", exactly(17), 17),
    ):  # fmt: skip
        assert clusters.at(day, known_at=before).count().amount == then
        assert clusters.at(day).count().amount == exactly(now)
    basque = clusters.at("2023-01-20")["basque"]
    assert (basque.name, basque.attributes["country"]) == ("Basque Net-Zero Industrial Supercluster", "Spain")
    for day in ("2021-12-31", "2022-05-24", "2023-01-20"):
        assert clusters.at(day) == replay(clusters.records(), at=day)


def test_what_was_learned_of_the_eight_is_told_as_restated(clusters, example):
    before = [record.position for record in clusters.records()][-1]
    example.correct_joining_dates(clusters)
    why = clusters.why(Members(), ("2021-12-31", before), "2023-01-20")
    assert [(line.kind, line.low, line.high) for line in why.bridge()] == [
        ("opening", 0, 8),
        ("joined", 13, 13),
        ("restated", 4, -4),
        ("closing", 17, 17),
    ]
    learned = clusters.compare(("2023-01-20", before), "2023-01-20")
    assert {change.kind for change in learned} == {"joining"}
    assert len(learned) == 8
    corrected, wrong = clusters.history("basque")
    assert (corrected.retracted, wrong.retracted, wrong.replaced_by) == (False, True, corrected.record)
