"""Laws of what is undone, repeated or refused: it leaves no trace in counts and totals."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from attrs import evolve

from ledger.book import Ledger
from ledger.initiative import Initiative
from ledger.model.errors import Refused
from ledger.model.events import (
    Event,
    InitiativeClosed,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MetricUpdated,
    RecordRetracted,
)
from ledger.model.facts import metric_of
from ledger.model.members import contents
from ledger.model.records import Record
from ledger.model.state import InitiativeState
from ledger.model.when import day
from ledger.testing.laws.asking import (
    NEWCOMER,
    Ask,
    figures,
    initiatives_of,
    ledger_with,
    newcomer,
    numbered,
    require_same,
    try_to_record,
    unused_ids,
)

UNKNOWN = "nobody-of-this-name"


def joining_and_leaving_leaves_no_trace(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """Somebody new who joins and is gone again by a day does not count on it.

    ask(log + [joined m at a, left m at b], at) == ask(log, at), for m not in log and a <= b <= at.
    """
    asked = day(at)
    for club in initiatives_of(book):
        before = ask(club, at, None)
        arrived = newcomer(club.at(at), asked - timedelta(days=1))
        try_to_record(club, *arrived, MemberLeft(NEWCOMER, asked))
        require_same(ask(club, at, None), before, "one who left still counts")


def leaving_and_coming_back_counts_once(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """Who leaves and comes back on one day counts as before, once.

    ask(log + [left m at a, joined m at a], at) == ask(log, at), for every m who is a member at a <= at.
    """
    for club in initiatives_of(book):
        before = ask(club, at, None)
        for member in club.at(at).members:
            try_to_record(club, MemberLeft(member, at), MemberJoined(member, at))
        require_same(ask(club, at, None), before, "one who came back counts otherwise than one who stayed")


def another_name_changes_no_total(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A member's name, and an attribute that is not asked for, move no count and no total.

    ask(log + [changed m: name, attribute], at) == ask(log, at).
    """
    for club in initiatives_of(book):
        before = ask(club, at, None)
        for member in club.at(at).question.members:
            try_to_record(club, MemberChanged(member, at, name="Another Name", attributes={"unheard-of": "x"}))
        require_same(ask(club, at, None), before, club.id)


def stating_a_value_again_changes_nothing(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A value that a member has already, stated once more, moves no total: a value is set, and not added.

    ask(log + [updated m to v at a], at) == ask(log, at), for every v that m has at a <= at.
    """
    for club in initiatives_of(book):
        before, state = ask(club, at, None), club.at(at)
        for member in state.question.members:
            for metric in state.metrics:
                amount = _only_value(state, metric, member)
                if amount is not None:
                    try_to_record(club, MetricUpdated(metric, at, amount, member=member))
        require_same(ask(club, at, None), before, "a value that was stated again")


def a_closing_ends_every_membership(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """When an initiative is closed, it is as if everybody had left on that day.

    ask(log + [closed at a], at) == ask(log + [left m at a, for every m], at), where nobody is only a possible member.
    """
    left = ledger_with(book.records())
    for club in initiatives_of(book):
        state, other = club.at(at), left.initiative(club.id)
        goes = [*state.members, *state.suspended]
        if state.closed is not False or any(not try_to_record(other, MemberLeft(member, at)) for member in goes):
            continue
        if not state.possible_members and try_to_record(club, InitiativeClosed(at)):
            require_same(ask(club, at, None), ask(other, at, None), "closed, beside one that everybody has left")


def _only_value(state: InitiativeState, metric: str, member: str) -> str | None:
    texts = contents(state.registers.of(metric_of(metric, member)))
    return texts[0] if len(texts) == 1 else None


def retracting_restores(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """What is recorded and retracted leaves everything as it was, on every day.

    ask(log + [e, retracted e], at) == ask(log, at).
    """
    for club in initiatives_of(book):
        before = ask(club, at, None)
        state = club.at(at)
        leaving: list[list[Event]] = [[MemberLeft(member, at)] for member in state.members]
        for events in [newcomer(state, day(at)), *leaving]:
            recorded = try_to_record(club, *events)
            if recorded:
                club.record(*(RecordRetracted(record.id) for record in recorded))
        require_same(ask(club, at, None), before, "what was retracted is still seen")


def what_was_retracted_was_never_recorded(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A ledger answers as one into which retracted records never came.

    ask(log, at) == ask(log less its retractions and what they retract, at).
    """
    _same_answers(book, _as_meant(book), at, ask)


def a_correction_stands_where_the_mistake_stood(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A corrected record is as if what replaces it had been recorded in the first place.

    ask(log + [correct r by e], at) == ask(log with e in the place of r, at).
    """
    for club in initiatives_of(book):
        for record in list(club.records()):
            _correct(club, record, day(at))
    _same_answers(book, _as_meant(book), at, ask)


def a_repeated_batch_is_recorded_once(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A batch that is sent again with its ids is recorded once, and gives the same records.

    record(b, ids); record(b, ids) == record(b, ids).
    """
    for club in initiatives_of(book):
        events = newcomer(club.at(at), day(at))
        ids = unused_ids(book, len(events))
        recorded = try_to_record(club, *events, ids=ids)
        if recorded:
            before, last = ask(club, at, None), list(book.records())[-1]
            assert club.record(*events, ids=ids) == recorded, "other records were given"
            assert list(book.records())[-1] == last, "the batch was recorded twice"
            require_same(ask(club, at, None), before, club.id)


def a_refused_batch_changes_nothing(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A batch of which one event is refused is not recorded at all.

    record(b) raises => log and ask(at) are what they were, for every batch b of which an event is refused.
    """
    records = list(book.records())
    for club in initiatives_of(book):
        before = ask(club, at, None)
        try:
            club.record(*newcomer(club.at(at), day(at)), MemberLeft(UNKNOWN, at))
        except Refused:
            pass
        else:
            raise AssertionError("who never joined was allowed to leave")
        assert list(book.records()) == records, "a part of the batch was recorded"
        require_same(ask(club, at, None), before, club.id)


def _correct(club: Initiative, record: Record, at: date) -> None:
    """Correct a record to what has another day or another amount, where the rules let that in."""
    event = record.event
    if isinstance(event, MetricUpdated):
        changes: dict[str, Any] = {"amount": None if event.amount is None else event.amount + event.amount}
    elif hasattr(event, "effective"):
        changes = {"effective": at}
    else:
        return
    try:
        club.correct(record, **changes)
    except (Refused, ValueError):
        return


def _as_meant(book: Ledger) -> Ledger:
    """Make a ledger into which no mistake ever came: what stands, each where the first record of its line stood."""
    records = list(book.records())
    gone = {record.event.record for record in records if isinstance(record.event, RecordRetracted)}
    place: dict[str, int] = {}
    for record in records:
        place[record.id] = place.get(record.replaces or "", record.position)
    standing = [one for one in records if one.id not in gone and not isinstance(one.event, RecordRetracted)]
    in_place = sorted(standing, key=lambda record: (place[record.id], record.position))
    return ledger_with(numbered(evolve(record, replaces=None) for record in in_place))


def _same_answers(book: Ledger, other: Ledger, at: date | str, ask: Ask) -> None:
    for club in initiatives_of(other):
        what = f"{club.id}, beside a ledger into which no mistake ever came"
        require_same(ask(book.initiative(club.id), at, None), ask(club, at, None), what)
