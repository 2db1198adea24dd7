"""Conflicts: what sources say of one thing and one day that cannot all be right.

Nothing is decided here. All that was recorded is kept, the later record answers, and this lists where it
overrode an earlier one that still stands. A value that was found to be wrong is corrected, and is no side of a
conflict any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

from attrs import frozen

from ledger.model.events import ReportPublished
from ledger.model.facts import PlainFact, Register, metric_of
from ledger.model.measures import Measure, Value
from ledger.model.quantity import Quantity
from ledger.model.records import KnownAt, RecordRef, known_at_of
from ledger.model.registers import Registers
from ledger.model.tables import Row, Rows
from ledger.model.wording import headed
from ledger.queries.log import Log, News, Wanted, standing

Window: TypeAlias = tuple[date, date]


@frozen
class Side:
    """An amount, the record that states it and, for a claim, the report that makes it."""

    amount: Quantity
    record: RecordRef
    report: str | None = None

    def __str__(self) -> str:
        """Give the amount and who says so."""
        said_by = ", ".join(name for name in (self.report, self.record.source) if name)
        return f"{self.amount} ({said_by or f'record {self.record.id}'})"


@frozen
class Conflict(Row):
    """Amounts of one measure for one day, or one window of days, that cannot all be right.

    Where the sides are values of a metric, the measure is the `Value` that they are of, and the last side is the
    one that answers, unless a later record withdrew the value. Where they are claims, which answer nothing, each
    names its report, in order of recording; a corrected report has the place of the one that it corrects.

    `earliest` and `latest` are inclusive, and equal for a day. Equal amounts of one source are one side.
    """

    measure: Measure
    earliest: date
    latest: date
    sides: tuple[Side, ...]

    @property
    def metric(self) -> str | None:
        """The metric that the measure is of, if it is of one."""
        return getattr(self.measure, "metric", None)

    @property
    def member(self) -> str | None:
        """The member whose value it is; None for the initiative as a whole, and for any other measure."""
        return getattr(self.measure, "member", None)

    def __str__(self) -> str:
        """Say it in a line."""
        days = f"{self.earliest}" if self.earliest == self.latest else f"{self.earliest}..{self.latest}"
        return f"{headed(self.measure)}, {days}: {' or '.join(map(str, self.sides))}"


class Conflicts(Rows[Conflict]):
    """Where sources disagree, by day; a table with a row for each conflict, whose lists all go by its sides."""

    __slots__ = ()


def conflicts(
    initiative: str, log: Log, *, metrics: Iterable[str], reports: Iterable[str], known_at: KnownAt = None
) -> Conflicts:
    """Give the conflicts among the values of these metrics and among the claims of these reports, by day.

    Values conflict that are of one register and one window of days, claims that different reports make of one
    measure for one day, unless they name different definitions. Amounts conflict that do not meet; those of
    different dimensions do not.

    Only the same window is compared: a value for 2024 and one for 2024-06-30 are no conflict, though one of them may
    override the other. Nor are a value that was recorded and the claim of a report for the same `Value` and day: the
    audit compares those.
    """
    moment = known_at_of(known_at)
    names = list(metrics)
    wanted = Wanted(tuple(("metric", name) for name in names), tuple(metric_of(name, None) for name in names))
    with log.news(initiative, 0, wanted) as news:
        found = [*_of_values(news, moment)]
    published = Wanted((), tuple(Register("report", name, "published") for name in reports))
    _, registers = log.registers(initiative, date.max, moment, published)
    found += _of_claims(registers)
    refs = log.refs({told.position for _, _, sides in found for told in sides})
    conflicts = [Conflict(measure, *window, _distinct(sides, refs)) for measure, window, sides in found]
    return Conflicts(sorted(conflicts, key=lambda one: (one.earliest, one.latest, headed(one.measure))))


class _Told(NamedTuple):
    """An amount, and the place of the record that states it; of a claim, its report and its definition too."""

    rank: int
    position: int
    amount: Quantity
    report: str | None = None
    definition: str | None = None


_Found: TypeAlias = tuple[Measure, Window, list[_Told]]


def _of_values(news: News, moment: datetime | int | None) -> Iterator[_Found]:
    said: dict[Register, dict[Window, list[PlainFact]]] = defaultdict(dict)
    for register, fact in standing(news, moment):
        _, _, earliest, latest, value, _, _ = fact
        if value is not None:
            said[register].setdefault((earliest, latest), []).append(fact)
    for register, windows in said.items():
        measure = Value(register.name, register.id or None)
        for window, facts in windows.items():
            if len(facts) > 1:
                told = [_Told(rank, position, Quantity.parse(str(text))) for rank, position, _, _, text, _, _ in facts]
                yield from ((measure, window, sides) for sides in _of_one_dimension(told) if _cannot_all_be(sides))


def _of_claims(registers: Registers) -> Iterator[_Found]:
    claims: dict[tuple[Measure, date], list[_Told]] = defaultdict(list)
    facts = [candidates.candidates[-1].fact for candidates in registers.cells.values()]
    for fact, report in [(fact, fact.value) for fact in facts if isinstance(fact.value, ReportPublished)]:
        for claim in report.claims:
            told = _Told(fact.rank, fact.position, claim.amount, report.report, claim.definition)
            claims[claim.measure, claim.at or report.effective.earliest].append(told)
    for (measure, day), made in claims.items():
        for alike in _of_one_dimension(made):
            if _cannot_all_be(alike):
                yield from ((measure, (day, day), sides) for sides in _at_odds(alike))


def _of_one_dimension(told: Iterable[_Told]) -> Iterable[list[_Told]]:
    """Sort what was told, the last in its register last, and part it by dimension."""
    parted: dict[str, list[_Told]] = defaultdict(list)
    for one in sorted(told, key=lambda one: (one.rank, one.position)):
        parted[one.amount.dimension].append(one)
    return parted.values()


def _cannot_all_be(told: Sequence[_Told]) -> bool:
    """Are there two that do not meet?"""
    ends = [one.amount.base for one in told]
    lows = [low for low, _ in ends if low is not None]
    highs = [high for _, high in ends if high is not None]
    return bool(lows and highs) and max(lows) > min(highs)


def _at_odds(told: Sequence[_Told]) -> Iterator[list[_Told]]:
    """Give those claims that another one contradicts, together with all that these contradict, and so on."""
    left = list(told)
    while left:
        reached = [left.pop(0)]
        for one in reached:
            others = {other for other in left if _contradict(one, other)}
            left = [other for other in left if other not in others]
            reached += others
        if len(reached) > 1:
            those = set(reached)
            yield [one for one in told if one in those]


def _contradict(one: _Told, other: _Told) -> bool:
    same_meaning = not one.definition or not other.definition or one.definition == other.definition
    return one.report != other.report and same_meaning and not one.amount.meets(other.amount)


def _distinct(told: Iterable[_Told], refs: Mapping[int, RecordRef]) -> tuple[Side, ...]:
    """Give the sides, each as it was told last."""
    sides: dict[object, Side] = {}
    for one in told:
        ref = refs[one.position]
        key = (one.amount, one.report, ref.source)
        sides.pop(key, None)
        sides[key] = Side(one.amount, ref, one.report)
    return tuple(sides.values())
