"""Laws of agreement: every faster or richer way to an answer gives what the replay gives."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final

from ledger.book import Ledger
from ledger.exchange.copies import write_records
from ledger.model.errors import LedgerError
from ledger.model.events import Claim
from ledger.model.exact import Exact, typable
from ledger.model.figures import Figure
from ledger.model.measures import Measure, Share
from ledger.model.quantity import Quantity
from ledger.model.records import KnownAt
from ledger.model.state import InitiativeState, replay
from ledger.model.when import day
from ledger.queries.timeline import Timeline
from ledger.testing.laws.asking import figure_of, initiatives_of, measures_of, require_same, some_moments
from ledger.testing.ledgers import NOW, memory
from ledger.testing.reports import claimable, covering, missing_it

A_YEAR = timedelta(days=366)
A_LITTLE: Final = Decimal("0.000001")


def the_store_answers_as_the_replay(book: Ledger, at: date | str) -> None:
    """A state that is read from the store, on any day and at any moment, is that of a replay of all records.

    at(D, K) == replay(log, D, K).
    """
    moments = (None, *some_moments(list(book.records())))
    for club in initiatives_of(book):
        records = list(club.records())
        for known_at in moments:
            assert club.at(at, known_at) == replay(records, at=at, known_at=known_at), f"known at {known_at}"


def a_timeline_answers_as_the_state(book: Ledger, at: date | str) -> None:
    """A timeline gives the figure that the state gives, on any day and at any moment.

    timeline(f).at(D, K) == f(at(D, K)), with all that the figure rests on.
    """
    moments = (None, *some_moments(list(book.records())))
    for club in initiatives_of(book):
        states = {known_at: club.at(at, known_at) for known_at in moments}
        # a position and an instant can mean the same: once is enough for what it rests on, which takes long to read
        first = {state.version: known_at for known_at, state in reversed(states.items())}.values()
        for measure in _all_measures(states[None]):
            line = club.timeline(measure)
            for known_at, state in states.items():
                answer, expected = _answer(line, at, known_at), figure_of(state, measure)
                require_same(answer, expected, f"{measure}, known at {known_at}")
                assert known_at not in first or answer == expected, f"{measure}, known at {known_at}, rests on others"


def catching_up_is_reading_anew(book: Ledger, at: date | str) -> None:
    """A timeline that was open while records came in answers as one that is opened now.

    read(prefix) ; catch up on the suffix == read(prefix + suffix).
    """
    store, records = memory(), list(book.records())
    growing = Ledger(store, lambda: NOW)
    lines: dict[str, dict[Measure, Timeline[Figure]]] = defaultdict(dict)
    for _, batch in groupby(records, key=lambda record: record.recorded_at):
        write_records(store, list(batch), lambda: NOW)
        for club in initiatives_of(growing):
            opened = lines[club.id]
            opened.update({one: club.timeline(one) for one in _all_measures(club.at(at)) if one not in opened})
            for line in opened.values():
                _answer(line, at, None)  # which makes it catch up
    for id, opened in lines.items():
        for known_at in (None, *some_moments(records)):
            state = book.initiative(id).at(at, known_at)
            for measure, line in opened.items():
                require_same(_answer(line, at, known_at), figure_of(state, measure), f"known at {known_at}")


def a_series_agrees_with_each_day(book: Ledger, at: date | str) -> None:
    """A series gives for each of its days what is answered on that day, as figures and as rows.

    series(a, b)[d] == f(at(d)) for each d.
    """
    start = day(at) - A_YEAR if day(at) - date.min > A_YEAR else day(at)
    for club in initiatives_of(book):
        for measure in measures_of(club.at(at)):
            series = club.timeline(measure).series(start, at, every="quarter")
            rows = series.to_rows()
            assert len(rows) == len(series.days), "there is not a row for each day"
            for place, one in enumerate(series.days):
                figure = club.at(one).measure(measure)
                require_same(series[place], figure, f"on {one}")
                row = rows[place]["at"], rows[place]["low"], rows[place]["high"]
                require_same(row, (one, *figure.ends), "a row of the series")


def revisions_are_what_was_believed(book: Ledger, at: date | str) -> None:
    """The revisions of a day are what was known of it, each from its moment until the next one.

    revisions(D) holds at K: f(at(D, K)), for every K.
    """
    for club in initiatives_of(book):
        for measure in measures_of(club.at(at)):
            revisions, answered = club.timeline(measure).revisions(at), False
            for record in club.records():
                figure = figure_of(club.at(at, record.recorded_at), measure)
                known = [one for one in revisions if one.known_at <= record.recorded_at]
                if isinstance(figure, Figure):
                    believed = known[-1].figure
                    amounts = believed.amount, believed.envelope
                    require_same(amounts, (figure.amount, figure.envelope), f"as of record {record.id}")
                    answered = True
                else:  # a definition may also be retracted after there was an answer
                    assert answered or not known, f"{measure} was answered before it could be"


def true_claims_are_confirmed(book: Ledger, at: date | str) -> None:
    """A claim of all that a figure can be is confirmed.

    audit(claim(f, envelope of f(at))) is confirmed.
    """
    for club in initiatives_of(book):
        state = club.at(at)
        claims = [
            Claim(measure, covering(state.measure(measure)), at=at) for measure in claimable(state, club.records())
        ]
        wrong = [str(finding) for finding in club.audit(claims=claims) if finding.verdict != "confirmed"]
        assert not wrong, "\n".join(wrong)


def false_claims_are_contradicted(book: Ledger, at: date | str) -> None:
    """A claim that misses all that a figure can be, by however little, is contradicted.

    audit(claim(f, anything outside of the envelope of f(at))) is contradicted.
    """
    for club in initiatives_of(book):
        state = club.at(at)
        claims = [
            Claim(measure, amount, at=at)
            for measure in claimable(state, club.records())
            for amount in missing_it(state.measure(measure), by=A_LITTLE)
        ]
        wrong = [str(finding) for finding in club.audit(claims=claims) if finding.verdict != "contradicted"]
        assert not wrong, "\n".join(wrong)


def claims_of_what_is_possible_are_left_open(book: Ledger, at: date | str) -> None:
    """A claim of one number of all that a figure can be is neither confirmed nor contradicted.

    audit(claim(f, x)) is confirmed only if x == envelope of f(at), and unverifiable for any other x in it.
    """
    for club in initiatives_of(book):
        state = club.at(at)
        open_ones = [
            figure
            for measure in claimable(state, club.records())
            if not (figure := state.measure(measure)).envelope.exact
        ]
        claims = [
            Claim(figure.measure, claimed, at=at)
            for figure in open_ones
            for end in (*_ends(figure.amount), *_ends(figure.envelope))
            if figure.envelope.contains(claimed := Quantity(end, end, figure.amount.unit))
        ]
        wrong = [str(finding) for finding in club.audit(claims=claims) if finding.verdict != "unverifiable"]
        assert not wrong, "\n".join(wrong)


def _ends(amount: Quantity) -> set[Exact]:
    return {end for end in (amount.low, amount.high) if end is not None and typable(end)}


def _all_measures(state: InitiativeState) -> list[Measure]:
    single = measures_of(state)
    return [*single, Share(single[0], single[1])]


def _answer(line: Timeline[Figure], at: date | str, known_at: KnownAt) -> Figure | str:
    try:
        return line.at(at, known_at)
    except LedgerError as error:
        return type(error).__name__
