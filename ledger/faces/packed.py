"""Packed: planes as a text of JSON that is small, harmless within HTML, and easily read again.

Every rectangle is a row, and rows are kept as columns of whole numbers. Days are numbered by their place among all days
on which anything changes; what is said in several places is kept once, and told by its number. Where numbers rise, it
is told by how much, which has fewer digits.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from ledger.faces.cards import Card, Given
from ledger.faces.phrases import labelled
from ledger.faces.published import Promise, Published
from ledger.faces.traced import Told, Traced
from ledger.model.measures import Measure
from ledger.model.when import instant_text
from ledger.queries.planes import FIRST_DAY, STILL, Rectangle
from ledger.queries.tracks import NEVER

_WITH_UNIT: Final = re.compile(r"((?:[<>]=? )?\S+) (.+)")
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

    The rectangles of each member, or measure, follow those of the one before; `many` says how many each has. One has a
    `first` day and a number of `days`, `since` which moment and for how many `moments` (0: still) it is known, and the
    number of the `cell` that says what is the case. A figure says its amount, then its envelope after a `|`, with
    nothing where that is the amount or more; `~` stands before the number of a unit. One with a note is a list.
    """
    members = sorted(traced.cards)
    days = _days(traced)
    texts, labels, units = Numbered(), _labels(traced), Numbered()
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
            "cards": _table([traced.cards[id] for id in members], days, lambda card: _card(card, labels, texts)),
            "values": {
                metric: _table([own[id] for id in members], days, lambda given: _given(given, texts))
                for metric, own in traced.values.items()
            },
            "measures": [dict(said) for _, said in measures],
            "figures": _table(
                [traced.figures[measure] for measure, _ in measures], days, lambda told: _told(told, units)
            ),
            "units": units.every(),
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
    several = [sorted(rectangles, key=lambda one: one[:4]) for rectangles in owners]
    rows = [
        (
            place := bisect_left(days, one.first),
            bisect_left(days, one.end) - place,
            one.since,
            STILL if one.until == STILL else one.until - one.since,
            cells.number(one.answer),
        )
        for rectangles in several
        for one in rectangles
    ]
    first, lasting, since, moments, numbers = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    return {
        "many": [len(rectangles) for rectangles in several],
        "first": _steps(first),
        "days": lasting,
        "since": _steps(since),
        "moments": moments,
        "cell": _steps(numbers),
        "cells": [cell(one) for one in cells.every()],
    }


def _labels(traced: Traced) -> list[dict[str | None, str]]:
    """Give, for each attribute, what each of its groups is called: no two the same, though they may read so."""
    cards = {one.answer for own in traced.cards.values() for one in own if one.answer is not None}
    several = zip(*(card.groups for card in cards), strict=True)
    return [labelled({group for few in own for group, _ in few}) for own in several]


def _card(card: Card, labels: Sequence[Mapping[str | None, str]], texts: Numbered) -> list[Any]:
    groups = [
        [[-1 if group is None else texts.number(own[group]), int(surely)] for group, surely in few]
        for few, own in zip(card.groups, labels, strict=True)
    ]
    return [card.standing, *map(texts.number, (card.name, card.since, card.note)), groups, *card.joined]


def _given(given: Given, texts: Numbered) -> list[int]:
    return [texts.number(given.text), int(given.lacking), given.oldest]


def _told(told: Told, units: Numbered) -> str | list[str]:
    if told.note:
        return [told.amount, told.envelope, told.note]
    amount = _short(told.amount, units)
    if not told.envelope:
        return amount
    return f"{amount}|{'' if told.envelope == f'>= {told.amount}' else _short(told.envelope, units)}"


def _short(amount: str, units: Numbered) -> str:
    parts = _WITH_UNIT.fullmatch(amount)
    return amount if parts is None else f"{parts[1]}~{units.number(parts[2])}"


def _report(report: Published, measures: Sequence[Measure]) -> dict[str, Any]:
    return {**report._asdict(), "claims": [_promise(one, measures) for one in report.claims]}


def _promise(promise: Promise, measures: Sequence[Measure]) -> dict[str, Any]:
    place = measures.index(promise.measure) if promise.measure in measures else -1
    return {**promise._asdict(), "measure": place, "found": [one._asdict() for one in promise.found]}
