"""Findings: what an audit found of one claim, as known when it was published and as known now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from attrs import frozen

from ledger.model.events import Claim
from ledger.model.figures import Figure
from ledger.model.measures import Measure, Total
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.model.tables import Row, Rows
from ledger.queries.checks import Check
from ledger.queries.reasons import in_unit_of, is_open, named
from ledger.queries.why import Why

SOURCES_MAX: Final = 3  # as far as a sentence names them


@frozen
class Finding(Row):
    """A claim, held against the replay of its day.

    `report` is the report that makes the claim, and `index` its place among that report's claims, from 0; `record`
    is the record that states it. A claim given to the audit has no report and no record. A value stated for the
    initiative as a whole has a record, and no report. `measure` is what was asked: the claim's own or, beside a
    value stated for the initiative as a whole, the total of its members. `at` is the claim's day.

    `when_published` is what was found by what the ledger knew when it recorded the report (of a corrected report,
    when it recorded the first one); None for a claim that is not recorded. `now` is what was found by what it knows
    now, or at the `known_at` of the audit. Where they differ, `why` leads from the one figure to the other: of a
    share, first its part's, then its whole's. It is empty where either figure cannot be asked. `changed_by` are the
    records by which the figure, or whether it can be asked or compared at all, rests on something else now, by
    position: those recorded since, and those that have given way to them or were retracted. `first_known` is the
    instant of `when_published`.

    `holds_at` is the nearest day within five years, and `holds_as` the measure on another basis, by which a
    contradicted claim would be confirmed; None where there is none, and for all other claims. For the members of a
    total the 24 nearest days on which somebody joins or leaves are tried, and the last one. Of a total that is read
    day by day (`within` a period) the 100 nearest days on which something changes are.
    """

    initiative: str
    report: str | None
    index: int
    record: RecordRef | None
    claim: Claim
    measure: Measure
    at: date
    when_published: Check | None
    now: Check
    why: tuple[Why, ...] = ()
    holds_at: date | None = None
    holds_as: Measure | None = None
    changed_by: tuple[RecordRef, ...] = ()
    first_known: datetime | None = None

    @property
    def verdict(self) -> str:
        """What was found, as known now: confirmed, contradicted, unverifiable or not comparable."""
        return self.now.verdict

    @property
    def restated(self) -> bool:
        """Is the verdict, or the figure it was found by, another one than when it was published?"""
        return self.when_published is not None and not self.when_published.agrees(self.now)

    @property
    def amount(self) -> Quantity:
        """The claimed amount."""
        return self.claim.amount

    @property
    def figure(self) -> Figure | None:
        """The figure, as known now; None where it cannot be asked."""
        return self.now.figure

    @property
    def gap(self) -> Quantity | None:
        """The claimed amount less the figure's amount, as known now; None where the two cannot be compared."""
        return self.now.gap

    @property
    def records(self) -> tuple[RecordRef, ...]:
        """The records that this rests on, as known now, by position."""
        return self.now.records

    @property
    def reason(self) -> str:
        """What was found, as known now, in one sentence."""
        return self.now.reason

    @property
    def sentence(self) -> str:
        """Say all of it: what was found, where the claim would hold, and what was found when it was published."""
        return " ".join(filter(None, [self.now.reason, self.would_hold, self.was]))

    @property
    def would_hold(self) -> str:
        """Say on which day or on which basis a contradicted claim would hold; empty where there is none."""
        found = [] if self.holds_at is None else [f"on {self.holds_at}"]
        found += [] if self.holds_as is None else [basis(self.holds_as, self.measure)]
        return f"It would hold {' or '.join(found)}." if found else ""

    @property
    def was(self) -> str:
        """Say what a restated claim was found to be when it was published, and what changed that; else empty."""
        then = self.when_published
        if then is None or not self.restated:
            return ""
        if then.figure is None:
            found = "since it could not be asked then"
        elif is_open(then.figure):
            found = "with nothing known of it"
        else:
            found = f"by {in_unit_of(self.claim, then.figure.envelope)}"
        return f"When it was published it was {then.verdict}, {found}{self._since}."

    @property
    def _since(self) -> str:
        subjects = sorted({effect.subject for why in self.why for effect in why.effects if effect.subject is not None})
        new = [ref for ref in self.changed_by if self.first_known is None or ref.recorded_at > self.first_known]
        if subjects:
            sources = _few(ref.source for ref in new if ref.source)
            return f"; what has been recorded since changes {named(subjects)}{f' ({sources})' if sources else ''}"
        if new:
            return f"; since then was recorded: {_sources(new)}"
        return f"; since then was retracted: {_sources(self.changed_by)}" if self.changed_by else ""

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.verdict}{' (restated)' if self.restated else ''}: {self.sentence}"


class Findings(Rows[Finding]):
    """What an audit found, in order; a table with a row for each claim."""

    __slots__ = ()


def basis(measure: Measure, other: Measure) -> str:
    """Say by what a measure differs from another one that differs in its basis alone.

    >>> basis(Total("co2", members_at="2020-02-01"), Total("co2")), basis(Total("co2", suspended=True), Total("co2"))
    ('over the members of 2020-02-01', 'with the suspended')
    """
    if isinstance(measure, Total) and isinstance(other, Total):
        if measure.members_at != other.members_at:
            return f"over the members of {measure.members_at}"
        if measure.overlap != other.overlap:
            return f"adding up the {'parts' if measure.overlap == 'parts' else 'wholes'}"
    return f"{'with' if getattr(measure, 'suspended', False) else 'without'} the suspended"


def _sources(refs: Iterable[RecordRef]) -> str:
    every = list(refs)
    return _few(ref.source for ref in every if ref.source) or _few(f"record {ref.id}" for ref in every)


def _few(names: Iterable[str]) -> str:
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - SOURCES_MAX} more" if len(every) > SOURCES_MAX else ""
    return ", ".join(every[:SOURCES_MAX]) + more
