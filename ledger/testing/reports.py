"""Claims that certainly hold and claims that certainly do not, made from what a ledger answers.

A claim holds if its amount covers all that the figure can be, with any values in place of the missing ones
(the figure's envelope), and fails if it covers none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Final, TypeAlias

from hypothesis import strategies as st

from ledger.model.events import Claim, MemberChanged, MemberJoined, RecordRetracted, ReportPublished
from ledger.model.exact import Exact, typable
from ledger.model.figures import Figure
from ledger.model.measures import Distinct, Joined, Measure, Members, Share, Total, Value
from ledger.model.quantity import Quantity
from ledger.testing.histories import breakpoints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.initiative import Initiative
    from ledger.model.records import Record
    from ledger.model.state import InitiativeState

_PLACES: Final = 10**9  # what has no finite decimal is claimed in billionths
_NEAR: Final = (Decimal(1), Decimal("0.000001"), Decimal(1000))

Amounts: TypeAlias = "Callable[[Figure], st.SearchStrategy[Quantity]]"


def covering(figure: Figure) -> Quantity:
    """Give the least amount that can be claimed and that covers all that a figure can be."""
    envelope = figure.envelope
    return Quantity(_outward(envelope.low, floor), _outward(envelope.high, ceil), envelope.unit)


def missing_it(figure: Figure, by: Decimal = _NEAR[0]) -> list[Quantity]:
    """Give amounts that cover nothing of what a figure can be, on either side, by so much; none if it can be anything.

    >>> from ledger import MemberJoined, replay
    >>> from ledger.testing.scripts import history_of
    >>> members = replay(history_of([MemberJoined("ada", "2021")]), at="2022-01-01").count()
    >>> [str(amount) for amount in missing_it(members)]
    ['0', '<= 0', '2', '>= 2']
    """
    found = []
    whole = covering(figure)
    if whole.low is not None:
        below = Quantity(_less(whole.low, by), _less(whole.low, by), whole.unit)
        found += [below, Quantity(None, below.high, whole.unit)]
    if whole.high is not None:
        above = Quantity(-_less(-whole.high, by), -_less(-whole.high, by), whole.unit)
        found += [above, Quantity(above.low, None, whole.unit)]
    return found


def _less(value: Exact, by: Decimal) -> Decimal:
    less = Fraction(value) - Fraction(by)
    return Decimal(floor(less * _PLACES)) / _PLACES


def _outward(end: Exact | None, rounded: Callable[[Fraction], int]) -> Exact | None:
    if end is None or typable(end):
        return end
    return Decimal(rounded(Fraction(end) * _PLACES)) / _PLACES


def claimable(state: InitiativeState, records: Iterable[Record]) -> Iterator[Measure]:
    """Give measures that can be asked of a state, and that a report may claim: of all metrics, members, attributes."""
    yield Members()
    yield Members(suspended=True)
    yield Joined(state.at)
    for attribute in _given(records):
        yield Distinct(attribute)
        yield Members(where={attribute: None})
    for metric, definition in state.metrics.items():
        if definition.additive:
            yield from (Total(metric, overlap=which) for which in ("parts", "whole"))
        yield from (Value(metric, member) for member in state.question.members)
    yield Share(Members(), Members(suspended=True))


def _given(records: Iterable[Record]) -> list[str]:
    """Name the attributes that somebody was given by a record that stands."""
    written = list(records)
    gone = {record.event.record for record in written if isinstance(record.event, RecordRetracted)}
    standing = [record.event for record in written if record.id not in gone]
    return sorted(
        {
            name
            for event in standing
            if isinstance(event, MemberJoined | MemberChanged)
            for name, value in event.attributes.items()
            if value is not None
        }
    )


def reports_with_true_claims(of: Initiative, *, report: str = "drawn-report") -> st.SearchStrategy[ReportPublished]:
    """Draw a report, not yet recorded, whose claims all hold by what the ledger knows now: `audit` confirms them.

    Each claims exactly what a figure can be, or a range around it, for a day on which something changed.
    `report` is its id. The initiative must have records.
    """
    return _reports(of, report, _true)


def reports_with_false_claims(of: Initiative, *, report: str = "drawn-report") -> st.SearchStrategy[ReportPublished]:
    """Draw a report, not yet recorded, none of whose claims can hold by what the ledger knows now.

    Each misses what the figure can be, by a little or by much. `audit` contradicts them. The rest is as for
    `reports_with_true_claims`.
    """
    return _reports(of, report, _false)


@st.composite
def _reports(draw: st.DrawFn, of: Initiative, report: str, amounts: Amounts) -> ReportPublished:
    records = list(of.records())
    days = sorted(breakpoints(records), reverse=True)
    asked = draw(st.lists(st.sampled_from(days), min_size=1, max_size=3))
    claims = [draw(_claims(of.at(at), records, amounts)) for at in asked]
    latest = max(claim.at or date.min for claim in claims)
    return ReportPublished(report, latest, claims=claims)


@st.composite
def _claims(draw: st.DrawFn, state: InitiativeState, records: list[Record], amounts: Amounts) -> Claim:
    known = [measure for measure in claimable(state, records) if amounts is not _false or _is_bounded(state, measure)]
    measure = draw(st.sampled_from(known))
    return Claim(measure, draw(amounts(state.measure(measure))), at=state.at)


def _is_bounded(state: InitiativeState, measure: Measure) -> bool:
    return bool(missing_it(state.measure(measure)))


def _true(figure: Figure) -> st.SearchStrategy[Quantity]:
    least = covering(figure)
    wider = [
        Quantity(None, least.high, least.unit),
        Quantity(least.low, None, least.unit),
        *(widened(least, by) for by in _NEAR),
    ]
    return st.sampled_from([least, *wider])


def widened(amount: Quantity, by: Decimal) -> Quantity:
    """Widen an amount by so much on either side."""
    low = None if amount.low is None else _less(amount.low, by)
    high = None if amount.high is None else -_less(-amount.high, by)
    return Quantity(low, high, amount.unit)


def _false(figure: Figure) -> st.SearchStrategy[Quantity]:
    return st.sampled_from([amount for by in _NEAR for amount in missing_it(figure, by)])
