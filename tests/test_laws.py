"""Every law holds, of what the library answers; and a law finds what is wrong with an answer of another make."""

import re
from decimal import Decimal
from inspect import getdoc, isfunction

import pytest
from hypothesis import Phase, settings
from hypothesis.errors import InvalidArgument

import ledger
import ledger.testing as kit
from ledger import (
    InitiativeClosed,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    Total,
    exactly,
)
from ledger.testing import laws, ledger_of
from ledger.testing.laws.asking import require_same

EXAMPLES = settings.default.max_examples
QUICK = settings(max_examples=EXAMPLES // 5, deadline=None)
# as many as it takes to find a mistake, in the quickest profile too
SOUGHT = settings(deadline=None, database=None, max_examples=500)
SOME = settings(max_examples=EXAMPLES // 2, deadline=None)
FEW = settings(max_examples=EXAMPLES // 10, deadline=None)
OF_TIME_TRAVEL = {  # each is dear, and test_time_travel.py asks the same, and more, of larger histories
    laws.a_timeline_answers_as_the_state,
    laws.catching_up_is_reading_anew,
    laws.a_series_agrees_with_each_day,
    laws.revisions_are_what_was_believed,
}


@pytest.mark.hypothesis
@pytest.mark.parametrize("law", laws.ALL)
def test_every_law_holds(law):
    laws.check(law, settings=QUICK if law in OF_TIME_TRAVEL else SOME)


@pytest.mark.parametrize("law", laws.ALL)
def test_every_law_says_what_it_is_in_a_sentence_and_in_algebra(law):
    sentence, blank, algebra, *_ = getdoc(law).splitlines()
    assert sentence.endswith(".")
    assert not blank
    assert re.search(r"==|=>|\bin\b|contains|is confirmed|is contradicted|sum|holds", algebra)


def test_all_laws_are_listed_and_nothing_else_is_public():
    functions = {name for name, value in vars(laws).items() if isfunction(value)}
    named = {law.__name__ for law in laws.ALL}
    assert functions - named == {"figures", "agrees_with", "answer_is", "check"}
    assert len(laws.ALL) == len(named) >= 20
    assert {*laws.__all__} == {*functions, "ALL", "OF_ANSWERS", "OF_LEDGERS", "Ask", "Law"}


# --- answers of other people's making


def joinings(club, at, known_at):
    """Count each joining of one who is a member: who came back counts twice."""
    state = club.at(at, known_at)
    joined = [record.event for record in club.records() if isinstance(record.event, MemberJoined)]
    return sum(event.member in state and str(event.effective.latest) <= str(at) for event in joined)


def members(club, at, known_at):
    return len(club.at(at, known_at))


def emitted(club, at, known_at):
    state = club.at(at, known_at)
    return state.total("co2").amount if "co2" in state.metrics else None


def kit_names():
    return {name: getattr(kit, name) for name in kit.__all__}


def fails(law, ask, phases=(Phase.generate,), **drawn):
    with pytest.raises(AssertionError) as failed:
        laws.check(law, ask, settings=settings(SOUGHT, phases=phases), **drawn)
    return f"{failed.value}\n{failed.value.__notes__[0]}"


@pytest.mark.hypothesis
def test_a_count_that_counts_who_came_back_twice_is_found_and_printed_as_code_that_fails_again():
    printed = fails(laws.leaving_and_coming_back_counts_once, joinings, phases=(Phase.generate, Phase.shrink))
    code = re.search(r"leaving_and_coming_back_counts_once\(.*\)", printed, re.DOTALL)[0]
    assert len(re.findall(r"\bM\w+\('", code)) <= 3
    names = {name: getattr(kit, name) for name in kit.__all__}
    with pytest.raises(AssertionError, match="one who came back"):
        eval(code, {**vars(ledger), **names, **vars(laws), "joinings": joinings})


@pytest.mark.hypothesis
@pytest.mark.parametrize("law", laws.OF_ANSWERS)
@pytest.mark.parametrize("ask", [members, emitted])
def test_a_right_answer_passes_every_law_of_answers(law, ask):
    laws.check(law, ask, settings=FEW)


@pytest.mark.hypothesis
def test_an_answer_is_held_against_a_figure():
    agrees = laws.agrees_with(Members())
    laws.check(agrees, members, rough=False, settings=QUICK)
    laws.check(agrees, lambda club, at, known_at: club.at(at).count(), initiatives=1, settings=QUICK)
    laws.check(agrees, lambda club, at, known_at: club.at(at).count().amount, settings=QUICK)
    assert "and by the ledger it is" in fails(laws.agrees_with(Members()), joinings, rough=False, max_size=16)


@pytest.mark.hypothesis
def test_an_answer_may_be_none_where_nothing_is_certain_and_only_there():
    def certain(club, at, known_at):
        count = club.at(at, known_at).count().amount
        return int(count.low) if count.exact else None

    laws.check(laws.agrees_with(Members()), certain, settings=QUICK)
    assert "no answer, and by the ledger it is 0" in fails(laws.agrees_with(Members()), lambda *point: None)


@pytest.mark.hypothesis
def test_an_answer_must_be_none_where_the_metric_is_unknown():
    laws.check(laws.agrees_with(Total("co2")), emitted, settings=QUICK)
    assert "and not None where no metric 'co3' is known" in fails(laws.agrees_with(Total("co3")), emitted)


def test_a_law_of_an_answer_needs_one():
    with pytest.raises(InvalidArgument, match="answer_is is a law of an answer: give your own"):
        laws.check(laws.agrees_with(Members()))


@pytest.mark.hypothesis
def test_by_default_no_failure_is_explained_by_lines_of_the_library():
    with pytest.raises(AssertionError) as failed:
        laws.check(laws.leaving_and_coming_back_counts_once, joinings)
    assert "Explanation" not in "".join(failed.value.__notes__)


def test_a_law_of_ledgers_takes_no_answer():
    with pytest.raises(InvalidArgument, match="missing_is_not_zero is a law of ledgers and takes no answer"):
        laws.check(laws.missing_is_not_zero, members)


def numbered(club, at, known_at):
    """Give the number of members as a Decimal."""
    return Decimal(len(club.at(at, known_at)))


@pytest.mark.hypothesis
def test_an_answer_may_be_a_decimal():
    laws.check(laws.agrees_with(Members()), numbered, rough=False, settings=QUICK)


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    "law",
    [
        laws.knowing_all_is_knowing_the_newest,
        laws.settled_knowledge_never_changes,
        laws.what_was_known_is_what_the_log_said_so_far,
        laws.a_copy_is_the_same_ledger,
    ],
)
def test_what_is_known_of_all_that_a_state_holds_keeps_the_laws_of_knowledge(law):
    laws.check(law, lambda club, at, known_at: club.at(at, known_at), settings=QUICK)


# --- what is seldom drawn

ROUGH = [("clusters", MemberJoined(f"m{number}", "2021")) for number in range(8)]
CLOSED = [("clusters", MemberJoined("ada", "2020-01-01")), ("clusters", InitiativeClosed("2021-01-01"))]
MERGED = [
    ("clusters", *(MemberJoined(id, "2020-01-01") for id in "ab")),
    ("clusters", MemberLeft("a", "2021", successors=["b"])),
]
WRONG_AT_FIRST = [  # what was retracted gives no register its order
    ("clusters", MemberJoined("basque", "2021-06-15")),
    ("clusters", RecordRetracted("r1")),
    ("clusters", MemberJoined("basque", "2021-06")),
    ("clusters", MemberLeft("basque", "2021-06-01")),
]
MEASURED = [
    ("clusters", MemberJoined("ada", "2020-01-01", attributes={"country": "Spain"})),
    ("clusters", MemberChanged("ada", "2021", attributes={"country": "UK"})),
    ("clusters", MetricDefined("co2", "t")),
]

YET_TO_COME = [("clusters", MemberJoined("ada", "2022-01-01"))]  # on the day asked nothing has begun
CHANGED_BACK = [  # by what was learned later
    ("clusters", MemberJoined("ada", "2020-01-01", attributes={"country": "Spain"})),
    ("clusters", MemberChanged("ada", "2021-03-01", attributes={"country": "UK"})),
    ("clusters", RecordRetracted("r2")),
]
WITHOUT_END = [
    ("clusters", MetricDefined("co2", "t"), MemberJoined("ada", "2020-01-01")),
    ("clusters", MetricUpdated("co2", "2021-03-01", ">= 2 t", member="ada")),
]
APART = [("clusters", MetricDefined("co2", "t")), ("ports", MemberJoined("ada", "2020-01-01"))]
SELDOM = {
    "rough": ROUGH,
    "closed": CLOSED,
    "merged": MERGED,
    "wrong": WRONG_AT_FIRST,
    "measured": MEASURED,
    "yet to come": YET_TO_COME,
    "changed back": CHANGED_BACK,
    "without end": WITHOUT_END,
    "apart": APART,
}


@pytest.mark.parametrize("batches", SELDOM.values(), ids=SELDOM)
@pytest.mark.parametrize("law", laws.ALL)
def test_every_law_holds_of_what_is_seldom_drawn(law, batches):
    law(ledger_of(*batches), "2021-06-30")


@pytest.mark.parametrize(
    ("measure", "answer", "wrong"),
    [
        (Members(), 1, None),
        (Members(), Decimal(1), None),
        (Members(), exactly(1), None),
        (Members(), 2, "clusters: 2, and by the ledger it is 1"),
        (Members(), None, "clusters: no answer, and by the ledger it is 1"),
        (Total("co2"), None, None),
        (Total("co2"), 1, "clusters: 1, and not None where no metric 'co2' is known"),
    ],
)
def test_an_answer_is_held_against_the_figure_of_a_ledger(measure, answer, wrong):
    book, at = ledger_of(("clusters", MemberJoined("ada", "2020-01-01"))), "2021-06-30"
    if wrong is None:
        laws.answer_is(book, at, lambda *point: answer, measure)
        return
    with pytest.raises(AssertionError, match=wrong):
        laws.answer_is(book, at, lambda *point: answer, measure)


def test_a_figure_is_an_answer_and_nothing_at_all_is_one_of_what_is_not_certain():
    book = ledger_of(*ROUGH)
    laws.answer_is(book, "2021-06-30", lambda club, at, known_at: club.at(at, known_at).count(), Members())
    laws.answer_is(book, "2021-06-30", lambda *point: None, Members())


def test_a_law_is_checked_of_ledgers_as_small_as_was_asked_for():
    laws.check(laws.everybody_is_in_exactly_one_view, members=1, settings=settings(max_examples=5))


def test_a_law_that_never_holds_fails_on_the_smallest_ledger():
    def nothing_is_right(book, at, ask):
        raise AssertionError(f"{ask(book.initiative('clusters'), at, None)} is wrong")

    with pytest.raises(AssertionError, match="0 is wrong") as failed:
        laws.check(nothing_is_right, members)
    assert "book=ledger_of(('clusters', InitiativeLaunched('2021-01-01', 'Clusters')))" in failed.value.__notes__[0]


def test_an_answer_agrees_with_a_measure_alone():
    with pytest.raises(InvalidArgument, match="'co2' is no measure"):
        laws.agrees_with("co2")


def test_what_the_rules_let_in_by_mistake_is_told(monkeypatch):
    monkeypatch.setattr("ledger.recording.rules.violations", lambda *_: [])
    with pytest.raises(AssertionError, match="who never joined was allowed to leave"):
        laws.a_refused_batch_changes_nothing(ledger_of(*CLOSED), "2020-06-30")


def test_where_answers_are_mappings_only_what_differs_is_told():
    with pytest.raises(AssertionError, match=r"^here: 1, and not 2$"):
        require_same(1, 2, "here")
    with pytest.raises(AssertionError, match=r"^here: \{'b': 3, 'c': 4\}, and not \{'b': 2, 'c': None\}$"):
        require_same({"a": 1, "b": 3, "c": 4}, {"a": 1, "b": 2}, "here")


@pytest.mark.parametrize(("law", "ask"), [("missing_is_not_zero", None), (laws.retracting_restores, 3)])
def test_what_is_no_law_or_no_answer_is_refused(law, ask):
    with pytest.raises(InvalidArgument, match="must be functions: a law, and an answer to hold it against"):
        laws.check(law, ask)
