"""Packed: planes as a text of JSON that is small, harmless within HTML, and easily read again.

Every rectangle is a row, and rows are kept as columns of whole numbers. Days are numbered by their place among all days
on which anything changes; what is said in several places is kept once, and told by its number.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from ledger.faces.cards import Card, Given
from ledger.faces.published import Promise, Published
from ledger.faces.traced import Told, Traced
from ledger.model.measures import Measure
from ledger.model.when import instant_text
from ledger.queries.planes import FIRST_DAY, STILL, Rectangle
from ledger.queries.tracks import NEVER

_ESCAPED: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


class Numbered:
    """Things, each kept once, and told by the number under which it was first met."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, one: Hashable) -> int:
        """Give the number of a thing, from 0."""
        return self._numbers.setdefault(one, len(self._numbers))

    def every(self) -> list[Any]:
        """Give all things by their numbers."""
        return list(self._numbers)


def safe_json(value: object) -> str:
    r"""Write JSON that ends no script element, opens no comment and is no end of a line, wherever it stands.

    >>> print(safe_json(["</script>", "a & b"]))
    ["\u003c/script\u003e","a \u0026 b"]
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)


def packed(traced: Traced, measures: Sequence[tuple[Measure, Mapping[str, object]]], more: Mapping[str, object]) -> str:
    """Pack all that was traced. `measures` are those to show, each with what is to be said of it; `more` goes along.

    A rectangle is one of `who` or what (for a member or a measure its place), `first` day and number of `days`, `since`
    which moment and for how many `moments` (0: still), and the number of the `cell` that says what is the case.
    """
    members = sorted(traced.cards)
    days = _days(traced)
    texts = Numbered()
    return safe_json(
        {
            **more,
            "days": _steps([day for day in days if day < NEVER]),
            "moments": {
                "positions": _steps([moment.position for moment in traced.unfolding.moments]),
                "batches": traced.unfolding.batches,
                "began": [traced.unfolding.began.position, instant_text(traced.unfolding.began.recorded_at)],
                "instants": [instant_text(moment.recorded_at) for moment in traced.unfolding.moments],
            },
            "members": members,
            "cards": _table([traced.cards[id] for id in members], days, lambda card: _card(card, texts)),
            "values": {
                metric: _table([own[id] for id in members], days, lambda given: _given(given, texts))
                for metric, own in traced.values.items()
            },
            "measures": [dict(said) for _, said in measures],
            "figures": _table([traced.figures[measure] for measure, _ in measures], days, _told),
            "reports": [_report(report, [measure for measure, _ in measures]) for report in traced.reports],
            "texts": texts.every(),
        }
    )


def _days(traced: Traced) -> list[int]:
    tables: list[Mapping[Any, Iterable[Rectangle[Any]]]] = [traced.cards, traced.figures, *traced.values.values()]
    every = {day for table in tables for owner in table.values() for one in owner for day in one[:2]}
    return sorted(every | {FIRST_DAY, NEVER})


def _steps(numbers: Sequence[int]) -> list[int]:
    """Give the first number, and by how much each other one is larger than the one before."""
    return [after - before for before, after in pairwise([0, *numbers])]


def _table(
    owners: Iterable[Iterable[Rectangle[Any]]], days: Sequence[int], cell: Callable[[Any], Any]
) -> dict[str, list[Any]]:
    cells = Numbered()
    rows = [
        (
            who,
            place := bisect_left(days, one.first),
            bisect_left(days, one.end) - place,
            one.since,
            STILL if one.until == STILL else one.until - one.since,
            cells.number(one.answer),
        )
        for who, rectangles in enumerate(owners)
        for one in sorted(rectangles, key=lambda one: one[:4])
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(6)]
    columns[:2] = map(_steps, columns[:2])  # by how much a row differs from the one before has fewer digits
    return {
        **dict(zip(("who", "first", "days", "since", "moments", "cell"), columns, strict=True)),
        "cells": [cell(one) for one in cells.every()],
    }


def _card(card: Card, texts: Numbered) -> list[Any]:
    groups = [
        [[-1 if group is None else texts.number(group), int(surely)] for group, surely in few] for few in card.groups
    ]
    return [card.standing, *map(texts.number, (card.name, card.since, card.note)), groups, *card.joined]


def _given(given: Given, texts: Numbered) -> list[int]:
    return [texts.number(given.text), int(given.lacking), given.oldest]


def _told(told: Told) -> list[Any]:
    every = [told.amount, told.envelope, int(told.vain), told.reason]
    return every if told.reason else every[:3] if told.vain else every[:2] if told.envelope else every[:1]


def _report(report: Published, measures: Sequence[Measure]) -> dict[str, Any]:
    return {**report._asdict(), "claims": [_promise(one, measures) for one in report.claims]}


def _promise(promise: Promise, measures: Sequence[Measure]) -> dict[str, Any]:
    place = measures.index(promise.measure) if promise.measure in measures else -1
    return {**promise._asdict(), "measure": place, "found": [one._asdict() for one in promise.found]}
