"""Weighed: how many moments of knowledge a page can tell apart, before anything of it is worked out.

Every figure is asked for on each day, at each moment, on which it may have become another one, and stands in the page
where it has. How often that is, is estimated from the days and positions of facts alone: a fact changes what there is
from its own day up to the next one of its register that is known already.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from ledger.model.facts import PlainFact, Register, definition_of
from ledger.queries.planes import FIRST_DAY, count_parts
from ledger.queries.tracks import NEVER, Span
from ledger.queries.unfolding import Unfolding

MOMENTS_MAX: Final = 2_000
"""More stops of a slider nobody can tell apart."""
ANSWERS_MAX: Final = 200_000
"""For so many days of so many moments figures are asked for, each in some 70 microseconds. A check of a claim takes as
long as an answer does for each member."""
BYTES_MAX: Final = 4_700_000

ANSWER: Final = 24  # bytes, about, of a figure
GIVEN: Final = 32  # of a member's value, or of another fact
CHECK: Final = 150  # of what was found of a claim
MOMENT: Final = 40


class Known(NamedTuple):
    """On which days something changes, and by the record of which position."""

    position: int
    days: Span


class Weighed:
    """What telling some moments apart would take; `claims` are the day of each claim, and the metrics it rests on."""

    def __init__(
        self, unfolding: Unfolding, metrics: Iterable[str], claims: Iterable[tuple[date, Iterable[str]]]
    ) -> None:
        facts = unfolding.facts
        self._unfolding = unfolding
        self._members = sum(key[::2] == ("member", "status") for key in facts)
        standing = [*_of(unfolding, [key for key in facts if key.aspect == "status"])]
        given = {name: [*_of(unfolding, [key for key in facts if (key.aspect, key.name) == ("metric", name)])]
                 for name in {key.name for key in facts if key.aspect == "metric"}}  # fmt: skip
        parts = [key for key in facts if key.aspect == "part_of"]
        self._measures = [(1, [Known(0, (FIRST_DAY, NEVER)), *standing])]
        for metric in metrics:
            anew = [one._replace(days=(FIRST_DAY, NEVER)) for one in _of(unfolding, [definition_of(metric), *parts])]
            self._measures.append((2 if parts else 1, [*standing, *given.get(metric, ()), *anew]))
        others = [*_of(unfolding, [key for key in facts if key.subject == "member" and key.aspect != "metric"])]
        self._facts = len(others) + sum(map(len, given.values()))
        self._claims = [
            [one.position for one in (*standing, *others, *(one for name in names for one in given.get(name, ())))
             if one.days[0] <= day.toordinal() < one.days[1]]
            for day, names in claims
        ]  # fmt: skip

    def most(self) -> int:
        """Give the greatest number of moments that can be told apart; always one."""
        least, most = 1, min(self._unfolding.batches, MOMENTS_MAX)
        if self._fits(most):
            return most
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (middle, most) if self._fits(middle) else (least, middle)
        return least

    def _fits(self, most: int) -> bool:
        moment_of = self._unfolding.fewer(most).moment_of
        answers = sum(times * count_parts(_by_moment(several, moment_of)) for times, several in self._measures)
        checks = sum(len({moment_of(position) for position in positions}) + 1 for positions in self._claims)
        weight = ANSWER * answers + GIVEN * self._facts + CHECK * checks + MOMENT * most
        return answers + checks * self._members <= ANSWERS_MAX and weight <= BYTES_MAX


def _by_moment(several: Iterable[Known], moment_of: Callable[[int], int]) -> Mapping[int, Sequence[Span]]:
    changes: dict[int, list[Span]] = defaultdict(list)
    for position, days in several:
        changes[moment_of(position)].append(days)
    return changes


def _of(unfolding: Unfolding, registers: Iterable[Register]) -> Iterator[Known]:
    """Say what the facts of registers change, and what their retractions do."""
    for register in registers:
        known: list[int] = []
        for fact in sorted(unfolding.facts.get(register, ()), key=_position):
            first = fact[2].toordinal()
            place = bisect_right(known, first)
            end = known[place] if place < len(known) else NEVER
            insort(known, first)
            yield Known(fact[1], (first, end))
            if (gone := unfolding.gone_at(fact[1])) is not None:
                yield Known(gone, (first, end))


def _position(fact: PlainFact) -> int:
    return fact[1]
