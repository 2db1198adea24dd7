"""Every law finds what it is there to find: small wrong variants of the library, put in the place of the right ones.

A fault is a function that puts something wrong in its place, or is a wrong answer of somebody's own; its docstring
says what is wrong. Beside it stand the laws that kill it, by which it is found on a drawn ledger. What each shrinks to
is tested for some: never more than three events. `python tests/test_faults.py` prints the whole table.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from inspect import getdoc
from typing import NamedTuple

import pytest
from attrs import evolve
from hypothesis import Phase, settings

from ledger import InitiativeClosed, MemberJoined, MemberLeft, Members, MetricUpdated, RecordRetracted, When, writing
from ledger.exchange import lines
from ledger.initiative import Initiative
from ledger.model import answers, facts, outcomes, parts, registers, state
from ledger.model.answers import Question
from ledger.model.errors import LedgerError, Refused
from ledger.model.events import EVENTS
from ledger.model.facts import JOINED, LEFT, REINSTATED, SUSPENDED
from ledger.model.parts import Scale
from ledger.model.quantity import Quantity
from ledger.model.registers import Candidates, Chain
from ledger.model.state import InitiativeState
from ledger.queries import changes, checks, portfolio, timeline, why
from ledger.queries.timeline import Timeline
from ledger.queries.totals import Totals
from ledger.queries.tracks import ExactTrack, RoughTrack
from ledger.recording import batch, codec
from ledger.stores import questions
from ledger.stores.sqlite import state as sqlite_state
from ledger.stores.sqlite import store as sqlite_store
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing import laws
from ledger.testing.laws import likeness

A_DAY = timedelta(days=1)
TWO_DAYS = ("2021-01-01", "2021-06-30")


class Fault(NamedTuple):
    """Something wrong, where it is wrong, and the laws that find it."""

    name: str
    place: str
    wrong: str
    put: Callable | None  # what is called with pytest's monkeypatch
    ask: Callable | None  # or a wrong answer
    killers: tuple
    drawn: dict  # where it is seldom seen: narrower pools to draw from, in which it is seen more often


FAULTS: list[Fault] = []


def fault(place, *killers, **drawn):
    def listed(function):
        answer = place == "answer"
        put, ask = (None, function) if answer else (function, None)
        FAULTS.append(Fault(function.__name__, place, " ".join(getdoc(function).split()), put, ask, killers, drawn))
        return function

    return listed


# --- replay: the records known, their order, what they say, who counts


@fault("replay", laws.the_store_answers_as_the_replay)
def known_at_is_not_looked_at(patch):
    """Whatever was known at a moment, all records are replayed."""
    patch.setattr(state, "known", lambda refs, moment: sorted(refs))


@fault("replay", laws.the_store_answers_as_the_replay)
def known_before_the_instant(patch):
    """What was recorded at the very instant asked for is not known yet: `<` for `<=`."""
    right = state.known

    def known(refs, moment):
        return right(refs, moment if moment is None or isinstance(moment, int) else moment - timedelta(microseconds=1))

    patch.setattr(state, "known", known)


@fault("replay", laws.the_store_answers_as_the_replay)
def known_in_the_middle_of_a_batch(patch):
    """A position is not rounded down to a whole batch."""
    right = state.known

    def known(refs, moment):
        return [ref for ref in sorted(refs) if ref[0] <= moment] if isinstance(moment, int) else right(refs, moment)

    patch.setattr(state, "known", known)


@fault("replay", laws.the_order_of_arrival_does_not_matter)
def records_are_taken_as_they_come(patch):
    """The records are replayed in the order in which they were given, and not by position."""
    right = state.known
    patch.setattr(state, "known", lambda refs, moment: list(refs) if moment is None else right(refs, moment))


@fault("replay", laws.the_order_of_arrival_does_not_matter)
def facts_are_chained_as_they_come(patch):
    """The facts of a register are not sorted by rank before they are chained."""
    patch.setattr(registers, "sorted", list, raising=False)


@fault("replay", laws.the_store_answers_as_the_replay)
def what_was_retracted_is_replayed(patch):
    """Retractions are not looked at when a state is replayed."""
    patch.setattr(state, "RecordRetracted", type("NoEvent", (), {}))


@fault("replay", laws.the_store_answers_as_the_replay)
def a_replacement_is_ranked_by_itself(patch):
    """A corrected record comes at the place of its correction, and not of the mistake."""
    patch.setattr(state, "_ranks", lambda heard, replaces: {})


@fault(
    "replay",
    laws.the_store_answers_as_the_replay,
    laws.the_order_of_recording_does_not_matter_where_days_decide,
)
def the_log_decides_and_not_the_days(patch):
    """The facts of a register are chained in the order of recording, whatever their days."""
    patch.setattr(Chain, "place_of", lambda chain, fact: len(chain.since))


@fault("replay", laws.bounds_contain_every_possible_world, laws.a_closer_date_never_widens_a_figure)
def a_rough_date_is_its_first_day(patch):
    """What can have begun is taken for what has begun."""
    right = Chain.at

    def at(chain, day):
        return Candidates(right(chain, day).candidates[-1:], nothing_yet=not right(chain, day).candidates)

    patch.setattr(Chain, "at", at)


@fault("replay", laws.what_is_exact_stays_exact)
def perhaps_it_is_closed(patch):
    """An initiative of which nobody said that it was launched is perhaps closed already."""
    right = outcomes.is_open
    patch.setattr(outcomes, "is_open", lambda closing: outcomes.EITHER if closing is None else right(closing))


@fault("replay", laws.joining_and_leaving_leaves_no_trace, laws.bounds_contain_every_possible_world)
def leaving_is_not_heard(patch):
    """Who has left is a member still: leaving says nothing."""
    patch.setitem(facts._SAYS, MemberLeft, lambda event: ())


# The laws of two answers that should be one do not find what is wrong on both sides. Only the oracle finds this one ...
@fault("replay", laws.bounds_contain_every_possible_world)
def the_suspended_count(patch):
    """Suspended members are counted without being asked for."""
    patch.setattr(outcomes, "ACTIVE", frozenset({JOINED, REINSTATED, SUSPENDED}))


# ... and this one, since a reinstatement is all that tells the two apart.
@fault("replay", laws.bounds_contain_every_possible_world, days=TWO_DAYS, members=1)
def the_reinstated_do_not_count(patch):
    """Who was reinstated is no active member again."""
    patch.setattr(outcomes, "ACTIVE", frozenset({JOINED}))


@fault("replay", laws.bounds_contain_every_possible_world)
def values_are_added_twice(patch):
    """What a member states is added to what it states, and not set."""
    right = parts._as_stated
    patch.setattr(parts, "_as_stated", lambda way: tuple(end and 2 * end for end in right(way)))


@fault("replay", laws.joining_and_leaving_leaves_no_trace, laws.bounds_contain_every_possible_world)
def those_who_left_count(patch):
    """Former members are counted."""
    patch.setattr(outcomes, "ACTIVE", frozenset({JOINED, REINSTATED, LEFT}))


@fault("replay", laws.other_units_make_no_difference)
def amounts_are_summed_as_typed(patch):
    """The numbers are added up whatever their units: 2000 kg and 1 t are 2001."""

    def updated(event):
        register = facts.metric_of(event.metric, event.member)
        amount = event.amount
        return (
            facts.Said(register, None)
            if amount is None
            else facts.Said(register, amount.text, amount.low, amount.high),
        )

    patch.setitem(facts._SAYS, MetricUpdated, updated)


@fault("replay", laws.missing_is_not_zero)
def what_is_missing_is_zero(patch):
    """A member without a value adds nothing, and nobody is told."""
    right = Scale.part

    def part(scale, ways):
        found = right(scale, ways)
        return found._replace(envelope=found.ends, lacking=False, present=found.possible)

    patch.setattr(Scale, "part", part)


@fault("replay", laws.everybody_is_in_exactly_one_view)
def the_suspended_are_former_too(patch):
    """Suspended members are listed among the former ones as well."""
    right = InitiativeState._standing.func

    def standing(found):
        views = right(found)
        return {**views, "former": (*views["former"], *views["suspended"])}

    wrong = cached_property(standing)
    wrong.__set_name__(InitiativeState, "_standing")
    patch.setattr(InitiativeState, "_standing", wrong)


@fault("replay", laws.groups_add_up_to_the_total)
def who_has_no_country_has_no_group(patch):
    """Members without the attribute are in no group."""
    right = answers.grouped

    def grouped(everyone, by):
        return {group: members for group, members in right(everyone, by).items() if group is not None}

    patch.setattr(answers, "grouped", grouped)


@fault("replay", laws.what_is_explained_adds_up)
def only_the_certain_are_explained(patch):
    """Members who only may count are left out where a figure is explained."""
    right = Question.explain

    def explain(question, measure):
        return tuple(one for one in right(question, measure) if one.certain)

    patch.setattr(Question, "explain", explain)


@fault("replay", laws.disjoint_initiatives_add_up)
def one_id_is_one_member_everywhere(patch):
    """A member of two initiatives is counted in one of them."""
    patch.setattr(portfolio, "_within", lambda initiative, member: member)


# --- index: timelines, series, revisions


@fault("index", laws.a_timeline_answers_as_the_state)
def the_index_takes_what_can_be_for_what_is(patch):
    """The index lets the last one hold of all that a register can hold."""
    right = RoughTrack.at
    patch.setattr(RoughTrack, "at", lambda track, day: Candidates(right(track, day).candidates[-1:], nothing_yet=False))


@fault("index", laws.a_timeline_answers_as_the_state, days=TWO_DAYS, members=1)
def the_first_of_one_day_holds(patch):
    """Of two exact facts of one day the index lets the earlier one hold."""

    def place(track, fact):
        day = fact[2].toordinal()
        return day, registers.bisect_right(track._days, day - 1)

    patch.setattr(ExactTrack, "_place", place)


@fault("index", laws.a_timeline_answers_as_the_state, members=1, max_size=12)
def the_index_forgets_nothing(patch):
    """The index does not take out what was retracted."""
    patch.setattr(Totals, "_remove", lambda totals, position, member: ())


@fault("index", laws.a_timeline_answers_as_the_state)
def the_index_knows_too_little(patch):
    """The index leaves out what was recorded at the very instant or position asked for."""
    patch.setattr(timeline, "bisect_right", registers.bisect_right.__self__.bisect_left)


@fault("index", laws.catching_up_is_reading_anew)
def the_index_is_read_once(patch):
    """A timeline does not look again whether the ledger has grown."""
    right = Timeline._catch_up
    patch.setattr(Timeline, "_catch_up", lambda line: None if line._position else right(line))


@fault("index", laws.a_series_agrees_with_each_day)
def rows_are_a_day_late(patch):
    """The rows of a series are of the days after."""
    right = Timeline._columns
    patch.setattr(Timeline, "_columns", lambda line, batch, days: right(line, batch, [day + A_DAY for day in days]))


@fault("index", laws.revisions_are_what_was_believed)
def revisions_are_of_amounts_alone(patch):
    """A revision that changes only what a figure can be is left out."""
    patch.setattr(timeline, "_amounts", lambda answer: answer.amount)


# --- store: what is sought in rows, and how they are written


@fault("store", laws.what_was_known_is_what_the_log_said_so_far, laws.settled_knowledge_never_changes)
def the_store_knows_all(patch):
    """A state is read from all rows, whatever was known. The oracle does not see it: it is asked of the present."""
    patch.setattr(sqlite_store, "known_position", lambda connection, moment: sqlite_store.newest_position(connection))


@fault("store", laws.knowing_all_is_knowing_the_newest)
def the_store_knows_too_little(patch):
    """What was recorded at the very instant asked for is not read: `<` for `<=`."""
    right = sqlite_store.known_position

    def known_position(connection, moment):
        exact = moment is None or isinstance(moment, int)
        return right(connection, moment if exact else moment - timedelta(microseconds=1))

    patch.setattr(sqlite_store, "known_position", known_position)


@fault("store", laws.what_was_known_is_what_the_log_said_so_far)
def the_store_knows_half_a_batch(patch):
    """A position is not rounded down to a whole batch when rows are read."""
    right = sqlite_store.known_position

    def known_position(connection, moment):
        return (
            min(moment, sqlite_store.newest_position(connection))
            if isinstance(moment, int)
            else right(connection, moment)
        )

    patch.setattr(sqlite_store, "known_position", known_position)


@fault("store", laws.settled_knowledge_never_changes)
def a_later_retraction_is_known_before(patch):
    """What was retracted later is gone at earlier moments too. The oracle does not see it either."""
    gone = "NOT EXISTS (SELECT 1 FROM retractions AS t WHERE t.retracts = f.position)"
    patch.setattr(sqlite_state, "_STANDING", f"f.position <= :position AND {gone}")


@fault(
    "store",
    laws.retracting_restores,
    laws.what_was_retracted_was_never_recorded,
    laws.a_correction_stands_where_the_mistake_stood,
)
def what_was_retracted_is_read(patch):
    """Retracted rows are read."""
    patch.setattr(sqlite_state, "_STANDING", "f.position <= :position")


@fault("store", laws.what_is_yet_to_come_leaves_no_trace)
def tomorrow_is_today(patch):
    """A day does not end before the next one has begun."""
    patch.setattr(sqlite_state, "_TO_THE_DAY", "date(:day, '+1 day')")


@fault("store", laws.nothing_changes_on_a_day_without_events)
def today_is_tomorrow(patch):
    """What takes effect on a day is not seen on it: `<` for `<=`."""
    patch.setattr(sqlite_state, "_TO_THE_DAY", "date(:day, '-1 day')")


@fault("store", laws.the_store_answers_as_the_replay, laws.bounds_contain_every_possible_world)
def rough_dates_are_read_as_their_last_day(patch):
    """Rows of rough dates are sought like those of exact ones."""
    patch.setattr(sqlite_state, "_ROUGH", "FALSE")


@fault("store", laws.the_store_answers_as_the_replay, days=TWO_DAYS, members=1)
def the_past_ends_with_its_newest_row(patch):
    """What was known is sought up to the day of the newest row of then, though an older one was of a later day."""
    patch.setattr(
        sqlite_state, "_TO_THE_REACH", sqlite_state._TO_THE_REACH.replace("coalesce(k.reach, k.latest)", "k.latest")
    )


# The law of corrections finds it too, but only in about two of three runs of a hundred examples.
@fault("store", laws.the_store_answers_as_the_replay, days=TWO_DAYS, members=1)
def ranks_are_not_written(patch):
    """What replaces a record is written with a rank of its own."""
    right = batch.entries_of
    for module in ("ledger.writing", "ledger.exchange.copies"):
        patch.setattr(f"{module}.entries_of", lambda events, head, ranks=None: right(events, head))


@fault("store", laws.a_refused_batch_changes_nothing)
def the_good_part_of_a_batch_is_written(patch):
    """Of a batch that is refused, what comes before its last event is written."""
    right = Initiative._write

    def write(club, draft_of, count, *others):
        try:
            return right(club, draft_of, count, *others)
        except Refused:
            good = draft_of(None).events[:-1]
            right(club, lambda history: draft_of(history)._replace(events=good), len(good), *others)
            raise

    patch.setattr(Initiative, "_write", write)


@fault("store", laws.a_repeated_batch_is_recorded_once)
def a_repeated_batch_comes_back_in_disorder(patch):
    """The records of a batch that was sent before are given in another order."""
    right = writing._retried
    patch.setattr(writing, "_retried", lambda *given: right(*given)[::-1])


@fault("store", laws.a_repeated_batch_is_recorded_once)
def ids_are_not_looked_for(patch):
    """Nobody looks whether a batch was recorded before."""
    patch.setattr(writing, "_retried", lambda *given: ())


@fault("store", laws.what_is_recorded_survives_closing)
def nothing_is_written_to_the_disk(patch):
    """A file is kept in memory alone."""
    right = SqliteStore.__init__
    patch.setattr(SqliteStore, "__init__", lambda store, path, timeout=5.0, **_: right(store, ":memory:", timeout))


# --- codec and exchange: what is written down and read back


def with_first_days(event):
    return evolve(event, effective=When.of(event.effective.earliest)) if hasattr(event, "effective") else event


@fault("codec", laws.writing_down_loses_nothing)
def rough_dates_are_written_as_their_first_day(patch):
    """An event is written with the first day of its window."""
    patch.setattr(likeness, "encode", lambda event: codec.encode(with_first_days(event)))


@fault("codec", laws.writing_down_loses_nothing)
def bounds_are_read_as_their_low_end(patch):
    """An amount from 1 to 3 is read back as 1."""

    def decode(*stored):
        event = codec.decode(*stored)
        amount = getattr(event, "amount", None)
        if amount is None or amount.low is None:
            return event
        return evolve(event, amount=Quantity(amount.low, amount.low, amount.unit))

    patch.setattr(likeness, "decode", decode)


@fault("codec", laws.the_store_answers_as_the_replay)
def what_was_withdrawn_is_read_as_nothing_said(patch):
    """An attribute that was taken away is left out when an event is read from its row."""

    def decode(*stored):
        event = codec.decode(*stored)
        if not getattr(event, "attributes", None):
            return event
        return evolve(event, attributes={name: one for name, one in event.attributes.items() if one is not None})

    patch.setattr(batch, "decode", decode)


@fault("codec", laws.what_is_exported_can_be_imported)
def lines_do_not_say_what_is_replaced(patch):
    """The line of a correction does not say of which record; the digest tells."""
    right = lines._envelope
    patch.setattr(lines, "_envelope", lambda record: {**right(record), "ledgerreplaces": None})


@fault("codec", laws.a_copy_is_the_same_ledger)
def notes_are_not_read(patch):
    """The note of a record is left out when it is read from its row; the digest tells."""
    right = questions.record_of
    patch.setattr(questions, "record_of", lambda row: evolve(right(row), note=""))


@fault("codec", laws.a_copy_is_the_same_ledger)
def a_copy_ends_too_early(patch):
    """The last record is not copied."""
    patch.setattr(likeness, "copy", lambda book, other: other.import_records([*book.records()][:-1]))


# --- what is told of figures: audits, whys, comparisons


@fault("audit", laws.true_claims_are_confirmed)
def ends_are_not_contained(patch):
    """A claim that reaches just as far as the figure does not contain it: `<` for `<=`."""
    right = Quantity.contains
    patch.setattr(
        Quantity, "contains", lambda one, other: right(one, other) and (one.low is None or one.low != other.low)
    )


@fault("audit", laws.false_claims_are_contradicted)
def nearly_is_enough(patch):
    """A claim that misses the figure by half of one meets it."""
    right = Quantity.meets

    def meets(one, other):
        low, high = one.low, one.high
        half = Decimal("0.5")
        wider = Quantity(None if low is None else low - half, None if high is None else high + half, one.unit)
        return right(wider, other)

    patch.setattr(Quantity, "meets", meets)


# Neither of the laws of true and of false claims finds this one: between them lies what is open.
@fault("audit", laws.claims_of_what_is_possible_are_left_open)
def missing_values_are_not_audited(patch):
    """A claim is held against the amount alone, as if nobody's value could be missing."""
    right = checks._compared
    patch.setattr(
        checks, "_compared", lambda claim, figure, at: right(claim, evolve(figure, envelope=figure.amount), at)
    )


@fault("audit", laws.why_accounts_for_every_change)
def only_the_certain_have_effects(patch):
    """Members who only may count have no effect on the change of a figure."""
    right = why._parts

    def parts(*given):
        return {subject: part for subject, part in right(*given).items() if part.certain}

    patch.setattr(why, "_parts", parts)


@fault("audit", laws.comparisons_compose)
def what_vanished_is_not_told(patch):
    """A comparison leaves out what is not said any more."""
    right = changes._change

    def change(*given):
        found = right(*given)
        return None if found is not None and found.vanished else found

    patch.setattr(changes, "_change", change)


# --- answers of somebody's own


def standing(club, at, known_at=None):
    """Give the events that stand and have certainly begun."""
    gone = {record.event.record for record in club.records() if isinstance(record.event, RecordRetracted)}
    told = [record for record in club.records() if record.id not in gone and hasattr(record.event, "effective")]
    return [record.event for record in told if str(record.event.effective.latest) <= str(at)]


@fault("answer", laws.leaving_and_coming_back_counts_once)
def each_joining_counts(club, at, known_at):
    """Who came back is counted twice."""
    members = club.at(at, known_at).members
    return sum(isinstance(event, MemberJoined) and event.member in members for event in standing(club, at))


@fault("answer", laws.another_name_changes_no_total)
def names_are_counted(club, at, known_at):
    """Members of one name are taken for one."""
    return len({member.name for member in club.at(at, known_at).members.values()})


@fault("answer", laws.settled_knowledge_never_changes, laws.what_was_known_is_what_the_log_said_so_far)
def what_is_known_now(club, at, known_at):
    """It is answered from what is known now, whatever was asked."""
    return len(club.at(at))


@fault("answer", laws.other_ids_make_no_difference)
def the_first_page_is_counted(club, at, known_at):
    """Only members in the first half of the alphabet are counted."""
    return sum(member < "n" for member in club.at(at, known_at))


@fault("answer", laws.the_order_of_recording_does_not_matter_where_days_decide)
def the_last_one_recorded_holds(club, at, known_at):
    """Who was last recorded to have joined is a member, whatever the days."""
    last = {event.member: event for event in standing(club, at) if isinstance(event, MemberJoined | MemberLeft)}
    return sum(isinstance(event, MemberJoined) for event in last.values())


# Beside the laws of answers stands the figure itself, which alone finds this one, as the oracle alone does in replay.
@fault("answer", laws.a_closing_ends_every_membership)
def a_closing_is_not_heard(club, at, known_at):
    """Who did not leave is counted, though the initiative is closed."""
    closings = [one.id for one in club.records() if isinstance(one.event, InitiativeClosed)]
    if not closings:
        return len(club.at(at, known_at))
    before = next(one.position for one in club.records() if one.id == closings[0]) - 1
    return len(club.at(at, before))


@fault("answer", laws.stating_a_value_again_changes_nothing)
def values_are_added(club, at, known_at):
    """All that was ever stated of who is in is added up."""
    stated = (event for event in standing(club, at) if isinstance(event, MetricUpdated) and event.member in club.at(at))
    return [event.amount.base for event in stated if event.amount is not None]


@fault("answer", laws.agrees_with(Members()))
def whoever_joined_counts(club, at, known_at):
    """Whoever joined is counted, once, whatever became of it."""
    return len({event.member for event in standing(club, at) if isinstance(event, MemberJoined)})


# ---

PAIRS = [
    pytest.param(one, law, id=f"{one.name}-{getattr(law, '__name__', 'agrees_with')}")
    for one in FAULTS
    for law in one.killers
]
EXAMPLES = 10 * settings.default.max_examples  # most are found by a few; the rare ones are looked for longer
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)
SHRINKING = settings(QUICK, phases=[Phase.generate, Phase.shrink])
SHRUNK = [
    *("what_was_retracted_is_replayed", "records_are_taken_as_they_come", "the_suspended_count"),
    *("what_is_missing_is_zero", "tomorrow_is_today", "rough_dates_are_written_as_their_first_day"),
    *("the_good_part_of_a_batch_is_written", "each_joining_counts", "a_copy_ends_too_early"),
]


def found_by(law, one, how):
    with pytest.raises((AssertionError, LedgerError)) as found:
        laws.check(law, one.ask, settings=how, **one.drawn)
    return "\n".join(found.value.__notes__)


@pytest.mark.hypothesis
@pytest.mark.parametrize(("one", "law"), PAIRS)
def test_a_fault_is_found_by_its_laws(one, law, monkeypatch):
    if one.put is not None:
        one.put(monkeypatch)
    found_by(law, one, QUICK)


@pytest.mark.hypothesis
@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in FAULTS if one.name in SHRUNK])
def test_a_fault_shrinks_to_at_most_three_events(one, monkeypatch):
    if one.put is not None:
        one.put(monkeypatch)
    printed = found_by(one.killers[0], one, SHRINKING)
    assert 1 <= len(events_in(printed)) <= 3, printed


def events_in(printed):
    """Give the names of the events in a printed call of a law."""
    names = "|".join(cls.__name__ for cls in EVENTS)
    return re.findall(rf"\b({names})\(", printed)


def test_every_law_finds_some_fault():
    killers = {law.__name__ for one in FAULTS for law in one.killers if law in laws.ALL}
    assert {law.__name__ for law in laws.ALL} <= killers


def test_there_are_faults_of_every_place():
    assert len({one.name for one in FAULTS}) == len(FAULTS) >= 40
    assert {*SHRUNK} <= {one.name for one in FAULTS}
    assert sum(one.place in ("replay", "index", "store", "codec") for one in FAULTS) >= 15


def shrunk(one):
    """Say to how many events, and which, a fault shrinks by the first of its laws."""
    with pytest.MonkeyPatch.context() as patch:
        if one.put is not None:
            one.put(patch)
        events = events_in(found_by(one.killers[0], one, SHRINKING))
    return f"{len(events)}: {', '.join(events)}"


if __name__ == "__main__":
    print("| where | fault | law that kills it | shrinks to |\n|---|---|---|---|")
    for one in FAULTS:
        row = one.place, one.wrong, ", ".join(law.__name__ for law in one.killers), shrunk(one)
        print(f"| {' | '.join(row)} |")
