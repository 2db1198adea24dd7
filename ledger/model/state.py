"""Replay: what was the case on a day, as known at a moment. This module defines every answer.

Take the records known at K, less those retracted by a record in that same set. Each says facts, and
each fact is written to one register. On the day D, every register has its candidates. That is the
state, and whatever is asked of it is answered from those candidates alone. All faster ways to an
answer are measured against this one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cached_property, partial
from typing import NamedTuple, overload

from attrs import field, frozen

from ledger.model.answers import OF_THE_DAY_ASKED, Question
from ledger.model.errors import BadInput, UnknownMember, shown
from ledger.model.events import MetricDefined, RecordRetracted, ReportPublished
from ledger.model.facts import CLOSED, INITIATIVE_STATUS, PlainFact, Register, facts_of, metric_of, window_of
from ledger.model.figures import Contributions, Figure, Figures
from ledger.model.measures import ByLike, Measure, Members, Total, WhereLike
from ledger.model.members import Member, Roll, contents, member_at
from ledger.model.quantity import Quantity
from ledger.model.records import KnownAt, PlainRef, Record, RecordRef, known, known_at_of
from ledger.model.registers import Registers, chained
from ledger.model.tables import Tabular
from ledger.model.when import day


def replay(records: Iterable[Record], *, at: date | str, known_at: KnownAt = None) -> InitiativeState:
    """Give the state of one initiative at the end of the day `at`, as known at `known_at` (inclusive).

    The order in which the records come does not matter; their positions do. It never fails on account of
    the history, and keeps no record once it has been read. Raises `BadInput` if the records are of several
    initiatives, `BadWhen` for a rough day.
    """
    asked = day(at)
    initiative, version, refs, facts = heard(records, known_at_of(known_at))
    # the day of a measure's members may be another than the day of their values, so values alone are let go
    kept = {register: written for register, written in facts.items() if register.aspect not in OF_THE_DAY_ASKED}
    seen = {fact[1] for written in kept.values() for fact in written}
    elsewhere = partial(_registers, kept, {position: refs[position] for position in seen})
    return InitiativeState(initiative, asked, version, _registers(facts, refs, asked), elsewhere)


class Heard(NamedTuple):
    """What the records of one initiative say, of those known at a moment: their facts by register, with their ranks.

    `version` is that of the newest record known, and `refs` are the short forms of the records that say the facts.
    """

    initiative: str
    version: int
    refs: Mapping[int, PlainRef]  # by position
    facts: Mapping[Register, list[PlainFact]]


def heard(records: Iterable[Record], moment: datetime | int | None, *, retracted: bool = False) -> Heard:
    """Read the records of one initiative as known at a moment, less those retracted by then, or with them."""
    refs: list[PlainRef] = []
    retracts: dict[int, str] = {}
    replaces: dict[int, str] = {}
    facts: dict[Register, list[PlainFact]] = defaultdict(list)
    initiative = ""
    for record in records:
        if not isinstance(record, Record):
            raise BadInput(f"{shown(record)} is no Record: replay what records() gives")
        if initiative not in ("", record.initiative):
            raise BadInput(
                "these records are of several initiatives, and each has its own state: replay them one by one"
            )
        initiative = record.initiative
        position, version = record.position, record.version
        refs.append((position, version, record.id, record.recorded_at, record.source))
        if isinstance(record.event, RecordRetracted):
            retracts[position] = record.event.record
        if record.replaces is not None:
            replaces[position] = record.replaces
        earliest, latest = window_of(record.event)
        for register, value, low, high in facts_of(record.event):
            facts[register].append((version, position, earliest, latest, value, low, high))

    by_then = known(refs, moment)
    gone = set() if retracted else {retracts[position] for position, *_ in by_then if position in retracts}
    standing = {ref[0]: ref for ref in by_then if ref[2] not in gone}
    ranks = _ranks(by_then, replaces)
    for register, written in facts.items():
        ranked = [(ranks.get(fact[1], fact[0]), *fact[1:]) for fact in written] if ranks else written
        facts[register] = [fact for fact in ranked if fact[1] in standing]
    return Heard(initiative, by_then[-1][1] if by_then else 0, standing, facts)


def _registers(facts: Mapping[Register, list[PlainFact]], refs: Mapping[int, PlainRef], at: date) -> Registers:
    cells = {register: found for register in facts if (found := chained(register, facts).at(at)).candidates}
    used = {option.fact.position for found in cells.values() for option in found.candidates}
    return Registers(cells, {position: RecordRef._make(refs[position]) for position in used})


def _ranks(by_then: Iterable[PlainRef], replaces: Mapping[int, str]) -> dict[int, int]:
    """Give the ranks that differ from the versions: a replacement takes the rank of the record it replaces."""
    ranks: dict[int, int] = {}
    by_id: dict[str, int] = {}
    for position, version, id, _, _ in by_then if replaces else ():
        by_id[id] = rank = by_id.get(replaces.get(position, ""), version)
        if rank != version:
            ranks[position] = rank
    return ranks


@frozen(slots=False)  # its cached properties live beside its fields
class InitiativeState(Tabular):
    """An initiative at the end of one day, as known at one moment: an immutable value.

    Iterating, `len`, `in` and `[]` are about the certain, active members, as `members` is; unlike other
    containers a state without any is true all the same. `version` is that of the newest record known.

    It is a table with a row for each member: the certain ones, then the possible, then the suspended.

    A state remembers how to read another day, as known at the same moment, for totals over that day's members. One
    that was pickled has forgotten it, and answers all else.
    """

    initiative: str
    at: date
    version: int
    registers: Registers = field(repr=False)
    _elsewhere: Callable[[date], Registers] | None = field(default=None, repr=False, eq=False)

    def __reduce__(self) -> tuple[type[InitiativeState], tuple[str, date, int, Registers]]:
        return InitiativeState, (self.initiative, self.at, self.version, self.registers)

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self._standing["members"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._standing["members"])

    def __contains__(self, member: object) -> bool:
        return member in self._standing["members"]

    def __getitem__(self, member: str) -> Member:
        if member not in self:
            hint = next((f"it is among `{kind}`" for kind, ids in self._standing.items() if member in ids), "")
            raise UnknownMember(member, self, hint)
        return self._member(member)

    @property
    def name(self) -> str:
        """The initiative's name; its id where none is certain."""
        return self._certain(Register("initiative", "", "name")) or self.initiative

    @property
    def supporters(self) -> tuple[str, ...]:
        """Its supporters, where they are certain."""
        names = self._certain(Register("initiative", "", "supporters"))
        return tuple(names.split("\n")) if names else ()

    @property
    def attributes(self) -> Mapping[str, str]:
        """The initiative's own attributes, where they are certain."""
        own = sorted(key for key in self.registers.cells if key[:3] == ("initiative", "", "attribute"))
        return {key.name: value for key in own if (value := self._certain(key)) is not None}

    @property
    def closed(self) -> bool | None:
        """Has the initiative ended? None where that is not certain."""
        ended = {text == CLOSED for text in contents(self.registers.of(INITIATIVE_STATUS))}
        return None if len(ended) > 1 else ended.pop()

    @property
    def members(self) -> Roll:
        """The certain, active members, by id."""
        return self._views["members"]

    @property
    def possible_members(self) -> Roll:
        """Those who may be active members, and may not."""
        return self._views["possible_members"]

    @property
    def suspended(self) -> Roll:
        """Those who are, or may be, suspended, and certainly not active."""
        return self._views["suspended"]

    @property
    def former(self) -> Roll:
        """Those who were members and certainly are none any more."""
        return self._views["former"]

    @property
    def metrics(self) -> Mapping[str, MetricDefined]:
        """The metrics defined, by name. A definition holds for all days."""
        names = sorted(key.id for key in self.registers.cells if key.aspect == "definition")
        return {name: self.question.metric(name) for name in names}

    @property
    def values(self) -> Mapping[str, Quantity]:
        """The initiative-wide values that are certain, as they were stated, by metric."""
        stated = {metric: self._certain(metric_of(metric, None)) for metric in self.metrics}
        return {metric: Quantity.parse(text) for metric, text in stated.items() if text is not None}

    @property
    def reports(self) -> Mapping[str, ReportPublished]:
        """The reports certainly published by then."""
        return self._reports(certain=True)

    @property
    def possible_reports(self) -> Mapping[str, ReportPublished]:
        """The reports that may have been published by then, and may not."""
        return self._reports(certain=False)

    @overload
    def count(self, where: WhereLike = None, *, by: None = None, suspended: bool = False) -> Figure: ...
    @overload
    def count(self, where: WhereLike = None, *, by: ByLike, suspended: bool = False) -> Figures: ...
    def count(self, where: WhereLike = None, *, by: ByLike | None = None, suspended: bool = False) -> Figure | Figures:
        """How many members? With `by`, for each value of that attribute, None standing for those without it.

        `by` is the name of an attribute, or groups of its values: `{"country": {"Spain": "Europe", ...}}`.
        """
        return self.measure(Members(where, suspended=suspended), by=by)

    @overload
    def total(self, metric: str, where: WhereLike = None, *, by: None = None, suspended: bool = False) -> Figure: ...
    @overload
    def total(self, metric: str, where: WhereLike = None, *, by: ByLike, suspended: bool = False) -> Figures: ...
    def total(
        self, metric: str, where: WhereLike = None, *, by: ByLike | None = None, suspended: bool = False
    ) -> Figure | Figures:
        """What do the members' values of a metric add up to? With `by`, for each value of that attribute.

        On another basis, `measure(Total(...))` says it: the members of another day, old values left out, parts or
        wholes. Raises `UnknownMetric`, `NotAdditive` for a metric that has no total, and `Overlapping`.
        """
        return self.measure(Total(metric, where, suspended=suspended), by=by)

    @overload
    def measure(self, measure: Measure, *, by: None = None) -> Figure: ...
    @overload
    def measure(self, measure: Measure, *, by: ByLike) -> Figures: ...
    @overload
    def measure(self, measure: Measure, *, by: ByLike | None) -> Figure | Figures: ...
    def measure(self, measure: Measure, *, by: ByLike | None = None) -> Figure | Figures:
        """Answer a measure; with `by`, for each value of an attribute, or each group of its values.

        Raises `UnknownMetric`, `NotAdditive` for a total of what has none, `Overlapping` for a total in which a
        member and a part of it would both count, and `BadInput` for a value that `by` puts in no group.
        """
        return self.question.figure(measure) if by is None else self.question.groups(measure, by)

    def shares(self, measure: Measure, *, by: ByLike) -> Figures:
        """What share of a count or a total does each group have? Plain numbers, which sum to 1 where all is certain.

        Each is the `Share` of the measure over that group in the measure over all, and as wide as that is.
        """
        return self.question.shares(measure, by)

    def explain(self, measure: Measure) -> Contributions:
        """Say what each member adds to a count or a total, and which records say so; a table with a row for each."""
        return self.question.explain(measure)

    def to_dict(self) -> dict[str, object]:
        """Give plain values, fit for JSON."""
        return {
            "initiative": self.initiative,
            "name": self.name,
            "at": self.at.isoformat(),
            "version": self.version,
            "closed": self.closed,
            "supporters": list(self.supporters),
            "attributes": dict(self.attributes),
            **{kind: {id: one.to_dict() for id, one in some.items()} for kind, some in self._views.items()},
            "metrics": {name: {"unit": one.unit, "title": one.title} for name, one in self.metrics.items()},
            "values": {metric: str(amount) for metric, amount in self.values.items()},
            "reports": {id: {"title": one.title, "url": one.url} for id, one in self.reports.items()},
        }

    @cached_property
    def _own(self) -> Mapping[str, list[Register]]:
        """The registers of each member."""
        own: dict[str, list[Register]] = defaultdict(list)
        for register in self.registers.cells:
            if register.subject == "member":
                own[register.id].append(register)
        return own

    @cached_property
    def question(self) -> Question:
        """What all figures are read from: the registers, ready to be asked."""
        return Question(self.initiative, self.at, self.registers, self._another_day)

    def _another_day(self, day: date) -> Registers:
        if self._elsewhere is None:
            raise BadInput(
                f"this state of {self.at} was pickled, or made by hand, and knows no other day: "
                f"ask a total with members_at={day.isoformat()!r} of what at() or replay() answers"
            )
        return self._elsewhere(day)

    @cached_property
    def _standing(self) -> Mapping[str, tuple[str, ...]]:
        """Who belongs to which view: everyone with a status is in exactly one."""
        active = self.question.figure(Members())
        counted = {*active.members, *active.possible_members}
        either = self.question.figure(Members(suspended=True))
        possible = {*either.members, *either.possible_members}
        return {
            "members": active.members,
            "possible_members": active.possible_members,
            "suspended": tuple(sorted(possible - counted)),
            "former": tuple(id for id in self.question.members if id not in possible),
        }

    @cached_property
    def _views(self) -> Mapping[str, Roll]:
        rolls = self._standing.items()
        return {kind: Roll(_STATUS[kind], {id: self._member(id) for id in ids}) for kind, ids in rolls}

    def _member(self, id: str) -> Member:
        return member_at(self.registers, id, self._own[id], self.at)

    def _reports(self, *, certain: bool) -> Mapping[str, ReportPublished]:
        found = {}
        for key in sorted(key for key in self.registers.cells if key.subject == "report"):
            candidates, nothing_yet = self.registers.cells[key]
            report = candidates[-1].fact.value
            if isinstance(report, ReportPublished) and certain is not nothing_yet:
                found[key.id] = report
        return found

    def _certain(self, register: Register) -> str | None:
        options = contents(self.registers.of(register))
        return options[0] if len(options) == 1 else None


_STATUS: Mapping[str, str] = {
    "members": "certain",
    "possible_members": "possible",
    "suspended": "suspended",
    "former": "former",
}
"""What the standing of the members of each view is called in a table."""
