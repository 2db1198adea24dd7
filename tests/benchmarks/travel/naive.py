"""Replay, as one would write it first: everything is read again for every question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ledger
from travel.history import FACTS, Aspect, Fact, day_of, read_facts, whole_batches
from travel.ours import MEASURES, whole_answer
from travel.questions import FIGURES, MONTH_DAYS, SECTOR, SERIES, STATE, Answer, Question, digest
from travel.recorded import FILE, INITIATIVE

Held = dict[int, Fact]  # by member


class Fold:
    """A loop over tuples in memory, and a dict for each aspect that is asked for."""

    kinds = frozenset({*FIGURES, SERIES, STATE})

    def __init__(self, folder: Path, count: int) -> None:
        self._count = count
        self._facts = list(read_facts(folder / FACTS))

    def prepare(self, question: Question) -> Callable[[], object]:
        """Take whole batches."""
        kind, day, known = question.kind, question.day, whole_batches(question.known, self._count)
        if kind == SERIES:
            return self._series
        if kind == STATE:
            return lambda: self._latest(tuple(Aspect), day, known)
        return lambda: self._figure(kind, day, known)

    def answer(self, question: Question, found: Any) -> Answer:
        """Give it as it is."""
        if question.kind == STATE:
            return digest((fact.member, fact.aspect, fact.seq) for held in found.values() for fact in held.values())
        answer: Answer = found
        return answer

    def _latest(self, aspects: Sequence[int], day: int, known: int) -> dict[int, Held]:
        latest: dict[int, Held] = {aspect: {} for aspect in aspects}
        for fact in self._facts:
            seq, member, aspect, since, _ = fact
            if seq > known:
                break
            if since <= day and aspect in latest:
                held = latest[aspect]
                if member not in held or held[member][3] <= since:
                    held[member] = fact
        return latest

    def _figure(self, kind: str, day: int, known: int) -> int:
        wanted = {
            "total": [Aspect.CO2],
            "where": [Aspect.CO2, Aspect.SECTOR],
            "members": [],
            "distinct": [Aspect.COUNTRY],
        }
        latest = self._latest([Aspect.STATUS, *wanted[kind]], day, known)
        active = [member for member, fact in latest[Aspect.STATUS].items() if fact.value]
        match kind:
            case "members":
                return len(active)
            case "distinct":
                return len({latest[Aspect.COUNTRY][member].value for member in active})
            case "where":
                active = [member for member in active if latest[Aspect.SECTOR][member].value == SECTOR]
        values = latest[Aspect.CO2]
        return sum(values[member].value for member in active if member in values)

    def _series(self) -> list[int]:
        """Go once through the facts in the order of their days."""
        wanted = [fact for fact in self._facts if fact.aspect in (Aspect.STATUS, Aspect.CO2)]
        wanted.sort(key=lambda fact: fact.day)  # stable: by `seq` within a day
        held: dict[int, dict[int, int]] = {Aspect.STATUS: {}, Aspect.CO2: {}}
        totals, place = [], 0
        for day in MONTH_DAYS:
            while place < len(wanted) and wanted[place].day <= day:
                _, member, aspect, _, value = wanted[place]
                held[aspect][member] = value
                place += 1
            totals.append(sum(value for member, value in held[Aspect.CO2].items() if held[Aspect.STATUS].get(member)))
        return totals


class Replay:
    """`ledger.replay`, which defines every answer, over all records in memory."""

    kinds = frozenset(FIGURES)

    def __init__(self, folder: Path, count: int) -> None:
        with ledger.open(folder / FILE) as book:
            self._records = list(book.initiative(INITIATIVE).records())

    def prepare(self, question: Question) -> Callable[[], object]:
        """Make the date."""
        measure, day = MEASURES[question.kind], day_of(question.day)
        return lambda: ledger.replay(self._records, at=day, known_at=question.known).measure(measure).amount

    def answer(self, question: Question, found: Any) -> Answer:
        """Make a whole number."""
        return whole_answer(question, found)
