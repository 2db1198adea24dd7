"""Laws of the two times: what is known when, and that neither knowledge nor the future leaks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from attrs import evolve

from ledger.book import Ledger
from ledger.model.events import MemberLeft, MetricUpdated, RecordRetracted
from ledger.model.facts import facts_of, window_of
from ledger.model.records import Record
from ledger.model.state import replay
from ledger.model.when import day
from ledger.testing.laws.asking import (
    Ask,
    figures,
    initiatives_of,
    ledger_with,
    newcomer,
    numbered,
    require_same,
    some_moments,
    try_to_record,
)

A_DAY = timedelta(days=1)


def knowing_all_is_knowing_the_newest(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """As known now, as known at the newest position, and as known at its instant, are the same.

    ask(at, K) == ask(at) for K = the newest position, its instant, and all that come later.
    """
    newest = list(book.records())[-1]
    for club in initiatives_of(book):
        now = ask(club, at, None)
        for known_at in (newest.position, newest.position + 1, newest.recorded_at, newest.recorded_at + A_DAY):
            require_same(ask(club, at, known_at), now, f"as known at {known_at}, which is all there is")


def settled_knowledge_never_changes(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """What was known at a moment up to the newest record stays what it was, whatever is recorded later.

    ask(at, K) before == ask(at, K) after any record, for K <= the newest position or instant.
    """
    clubs = initiatives_of(book)
    moments = list(some_moments(list(book.records())))
    before = [ask(club, at, known_at) for club in clubs for known_at in moments]
    for club in clubs:
        try_to_record(club, *newcomer(club.at(at), day(at)))
        # the newest first, since others may rest on the older ones
        for record in reversed([record for record in club.records() if not _retracts(record)]):
            try_to_record(club, RecordRetracted(record.id))
    for club in clubs:
        for known_at in moments:
            require_same(
                ask(club, at, known_at), before.pop(0), f"{club.id}, known at {known_at}, after more was recorded"
            )


def what_was_known_is_what_the_log_said_so_far(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """As known at a moment is what a ledger answers that holds just the whole batches recorded by then.

    ask(log, at, K) == ask(log[recorded by K], at).
    """
    records = list(book.records())
    answered: dict[int, dict[str, Any]] = {}  # by how many were recorded: a position and an instant can mean the same
    for known_at in some_moments(records):
        so_far = _recorded_by(known_at, records)
        if len(so_far) not in answered:
            shorter = ledger_with(so_far)
            answered[len(so_far)] = {club.id: ask(club, at, None) for club in initiatives_of(shorter)}
        for id, answer in answered[len(so_far)].items():
            require_same(ask(book.initiative(id), at, known_at), answer, f"known at {known_at}")


def what_is_yet_to_come_leaves_no_trace(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """What takes effect after a day is not seen on that day.

    ask(log + [e], at) == ask(log, at), for every e that is effective after at.
    """
    tomorrow = day(at) + A_DAY
    for club in initiatives_of(book):
        before = ask(club, at, None)
        state = club.at(at)
        try_to_record(club, *newcomer(state, tomorrow))
        for member in state.members:
            for metric, definition in state.metrics.items():
                try_to_record(club, MetricUpdated(metric, tomorrow, f"5 {definition.unit}".strip(), member=member))
            try_to_record(club, MemberLeft(member, tomorrow))
        require_same(ask(club, at, None), before, f"{club.id}, after more was recorded of the days to come")


def nothing_changes_on_a_day_without_events(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """From one day to another nothing changes if no window of an event begins or ends in between.

    ask(a) == ask(b), if no fact has a < earliest <= b or a < latest <= b. Not so for values that grow too old.
    """
    asked = day(at)
    for club in initiatives_of(book):
        ends = {end for record in club.records() for end in window_of(record.event)}
        since = max((end for end in ends if end <= asked), default=None)
        if since is not None and since > date.min:
            require_same(ask(club, asked, None), ask(club, since, None), f"{club.id}, on {since} and on {asked}")


def the_order_of_arrival_does_not_matter(book: Ledger, at: date | str) -> None:
    """A replay gives the same state in whatever order it is given the records.

    replay(any permutation of log, at) == replay(log, at).
    """
    for club in initiatives_of(book):
        records = list(club.records())
        state = replay(records, at=at)
        half = len(records) // 2
        for order in (records[::-1], [*records[half:], *records[:half]], sorted(records, key=_shuffled)):
            assert replay(order, at=at) == state, f"{club.id}: another order of records gave another state"


def the_order_of_recording_does_not_matter_where_days_decide(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """Where no two facts of a register can be of one day, it does not matter which of them was recorded first.

    ask(log, at) == ask(reversed log, at), if the windows within each register are disjoint.
    """
    kept: dict[object, list[tuple[date, date]]] = {}
    apart: list[Record] = []
    for record in book.records():
        window, said = window_of(record.event), facts_of(record.event)
        taken = [one for fact in said for one in kept.get((record.initiative, fact.register), ())]
        if said and record.replaces is None and all(window[1] < first or last < window[0] for first, last in taken):
            apart.append(record)
            for fact in said:
                kept.setdefault((record.initiative, fact.register), []).append(window)
    # each recorded on its own, since a batch has no order to turn round
    alone = [
        evolve(record, recorded_at=record.recorded_at + place * timedelta(1)) for place, record in enumerate(apart)
    ]
    forwards, backwards = ledger_with(numbered(alone)), ledger_with(numbered(alone[::-1]))
    for club in initiatives_of(forwards):
        again = ask(backwards.initiative(club.id), at, None)
        require_same(again, ask(club, at, None), f"{club.id}, recorded in the opposite order")


def _recorded_by(known_at: datetime | int, records: list[Record]) -> list[Record]:
    if isinstance(known_at, datetime):
        return [record for record in records if record.recorded_at <= known_at]
    later = {record.recorded_at for record in records if record.position > known_at}
    return [one for one in records if one.position <= known_at and one.recorded_at not in later]


def _shuffled(record: Record) -> str:
    return record.id[::-1]


def _retracts(record: Record) -> bool:
    return isinstance(record.event, RecordRetracted)
