"""Laws of what is not certain: bounds hold all that can be, missing is not zero, and what is exact stays exact."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from attrs import evolve

from ledger.book import Ledger
from ledger.model.events import MemberJoined, MetricUpdated
from ledger.model.facts import Register, window_of
from ledger.model.measures import Distinct, Joined, Members, Total
from ledger.model.quantity import between
from ledger.model.records import Record
from ledger.model.registers import chain
from ledger.model.state import heard, replay
from ledger.model.when import When, day
from ledger.testing.laws.asking import NEWCOMER, initiatives_of, measures_of, try_to_record
from ledger.testing.worlds import Worlds

WORLDS_MAX: Final = 200


def bounds_contain_every_possible_world(book: Ledger, at: date | str) -> None:
    """Whatever the actual days were, the answer lies within the bounds; and a plain count reaches them.

    f(w, at) in f(log, at) for every choice w of a day for each rough date. `worlds` enumerates them in another way
    than replay goes, so this holds the library against a definition that shares no code with it.
    """
    for club in initiatives_of(book):
        state, records = club.at(at), list(club.records())
        worlds = Worlds.of(records, day(at))
        if 2 ** sum(not _is_exact(record) for record in records) > WORLDS_MAX:
            continue  # too many to go through
        for measure in (*measures_of(state), Joined(day(at))):
            figure = state.measure(measure)
            possible = [worlds.answer(world, measure) for world in worlds.worlds(measure)]
            for answer in possible:
                if not isinstance(measure, Distinct):
                    assert figure.amount.contains(answer.amount), f"{measure}: {answer.amount} is possible"
                assert figure.envelope.contains(answer.envelope), f"{measure}: {answer.envelope} is possible"
                counted = set(answer.members)
                assert set(figure.members) <= counted, f"{measure}: {figure.members} need not count"
                assert counted <= {*figure.members, *figure.possible_members}, f"{measure}: {counted} may count"
            if isinstance(measure, Members):
                # bounds do not know what is said of other things than the standing, and that can rule out days too
                alone = worlds.worlds(measure, look=lambda key: key[0] in ("closed", "status"))
                counts = [len(worlds.answer(world, measure).members) for world in alone]
                assert figure.amount == between(min(counts), max(counts)), f"{measure}: {min(counts)}..{max(counts)}"


def a_closer_date_never_widens_a_figure(book: Ledger, at: date | str) -> None:
    """Where a rough date becomes closer, and no register changes its order, no figure becomes wider.

    f(log with d, at) contains f(log with d', at), for d' within d that leaves the order of every chain.
    """
    for club in initiatives_of(book):
        records = list(club.records())
        state, orders = replay(records, at=at), _orders(records)
        for place, record in enumerate(records):
            for when in _closer(record):
                event: Any = record.event
                nearer = evolve(record, event=evolve(event, effective=when))
                closer = [*records[:place], nearer, *records[place + 1 :]]
                if _orders(closer) != orders:
                    continue
                narrowed = replay(closer, at=at)
                for measure in measures_of(state):
                    wide, narrow = state.measure(measure), narrowed.measure(measure)
                    assert wide.amount.contains(narrow.amount), f"{measure}, by {when} for {record.event}"
                    assert wide.envelope.contains(narrow.envelope), f"{measure}, by {when} for {record.event}"


def everybody_is_in_exactly_one_view(book: Ledger, at: date | str) -> None:
    """Who ever had a status is a member, a possible one, suspended or a former one: just one of these.

    sum of [m in v for each view v] == 1, for every m; and the count runs from the members to these and the possible.
    """
    for club in initiatives_of(book):
        state = club.at(at)
        views = [state.members, state.possible_members, state.suspended, state.former]
        everybody = [member for view in views for member in view]
        assert sorted(everybody) == sorted(state.question.members), "somebody is in two views, or in none"
        count = state.count().amount
        assert count == between(len(state), len(state) + len(state.possible_members)), f"the count is {count}"


def missing_is_not_zero(book: Ledger, at: date | str) -> None:
    """A member without a value leaves the amount as it was, and the envelope open: it is named, and not counted as 0.

    amount(log + [joined m]) == amount(log), and the envelope reaches as far as any value would.
    """
    for club in initiatives_of(book):
        before = club.at(at)
        if not try_to_record(club, MemberJoined(NEWCOMER, at)):
            continue
        after = club.at(at)
        for measure in measures_of(before):
            if not isinstance(measure, Total) or NEWCOMER not in after:
                continue
            was, is_ = before.measure(measure), after.measure(measure)
            assert is_.amount == was.amount, f"{measure} was {was.amount}, and is {is_.amount} with one of no value"
            assert not is_.complete, f"{measure} is not said to lack a value"
            assert NEWCOMER in is_.missing, f"{measure} does not name who has none"
            assert is_.envelope.high is None, f"{measure} is at most {is_.envelope.high}, with a value unknown"
            nonnegative = after.metrics[measure.metric].nonnegative
            least = was.envelope.low if nonnegative else None
            assert is_.envelope.low == least, f"{measure} is at least {is_.envelope.low}, with a value unknown"


def what_is_exact_stays_exact(book: Ledger, at: date | str) -> None:
    """Where all days and amounts are exact, so is every figure, and nobody is only a possible member.

    f(log, at).low == f(log, at).high, if every window and every amount in the log is a single one.
    """
    for club in initiatives_of(book):
        records = list(club.records())
        if all(_is_exact(record) and _states_one_number(record) for record in records):
            state = club.at(at)
            assert not state.possible_members, "somebody is only a possible member"
            for measure in measures_of(state):
                figure = state.measure(measure)
                assert figure.amount.exact, f"{measure} is {figure.amount}"
                assert figure.complete == (not figure.missing), f"{measure} names nobody whose value is missing"


def _is_exact(record: Record) -> bool:
    first, last = window_of(record.event)
    return first == last


def _states_one_number(record: Record) -> bool:
    event = record.event
    return not isinstance(event, MetricUpdated) or event.amount is None or event.amount.exact


def _closer(record: Record) -> list[When]:
    first, last = window_of(record.event)
    if first == last or not hasattr(record.event, "effective"):
        return []
    middle = first + (last - first) // 2
    spans = [(first, first), (last, last), (first, middle), (middle, last)]
    return [When.of(a) if a == b else When(f"{a.isoformat()}/{b.isoformat()}") for a, b in spans if a != date.min]


def _orders(records: list[Record]) -> dict[Register, list[int]]:
    """Give the order of each register's facts, by position, less those that were retracted."""
    return {
        register: [fact[1] for fact in chain(facts).facts] for register, facts in heard(records, None).facts.items()
    }
