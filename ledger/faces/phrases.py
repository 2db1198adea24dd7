"""Phrases: figures, days, standings and changes in plain words, for readers who have never seen the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from attrs import frozen

from ledger.faces.markup import plain
from ledger.model.errors import LedgerError, NotAdditive, Overlapping, UnknownMetric, WrongDimension
from ledger.model.events import MetricDefined, ReportPublished
from ledger.model.facts import CLOSED, JOINED, LAUNCHED, LEFT, REINSTATED, SUSPENDED
from ledger.model.figures import Figure
from ledger.model.measures import Distinct, Joined, Measure, Members, Share, Total, Value
from ledger.model.members import Member
from ledger.model.records import RecordRef
from ledger.model.shares import in_order
from ledger.model.state import InitiativeState
from ledger.model.units import unit as unit_of
from ledger.model.when import When
from ledger.queries.changes import (
    ATTRIBUTE,
    DEFINITION,
    JOINING,
    PART_OF,
    RENAMED,
    REPORT,
    SUPPORTERS,
    VALUE,
    Change,
    Held,
)
from ledger.queries.standing import REJOINED

NAMED_MAX: Final = 6  # members that one line names
NO_VALUE: Final = "no value"
WITHOUT: Final = "(none)"
BLANK: Final = "(blank)"
NO_FIGURE: Final = (NotAdditive, Overlapping)
"""The errors of a measure that has no figure in this state, which the document tells in place of one."""

OVERLAPS: Final = {"parts": "parts without their wholes", "whole": "wholes without their parts"}
"""What a total counts where members are part of one another, by how that was chosen."""

_STANDING: Final = {
    "none yet": "not a member yet",
    "active": "a member",
    "suspended": "suspended",
    "gone": "no longer a member",
}
_HEADINGS: Final = {
    LAUNCHED: "launched",
    CLOSED: "closed",
    JOINED: "joined",
    REJOINED: "joined anew",
    LEFT: "left",
    SUSPENDED: "suspended",
    REINSTATED: "reinstated",
    JOINING: "date of joining",
    RENAMED: "name",
    SUPPORTERS: "supporters",
    PART_OF: "part of",
}


@frozen
class Names:
    """What members and metrics are called: by their names, with the id where two members share one."""

    members: Mapping[str, str]
    metrics: Mapping[str, str]

    @classmethod
    def of(cls, *states: InitiativeState) -> Names:
        """Gather the names of states; where one is called otherwise by several, the first state counts."""
        members: dict[str, str] = {}
        metrics: dict[str, str] = {}
        for state in states:
            for view in (state.members, state.possible_members, state.suspended, state.former):
                for id, member in view.items():
                    members.setdefault(id, member.name)
            for id, definition in state.metrics.items():
                metrics.setdefault(id, definition.title or id)
        bearers = Counter(members.values())
        shared = {id: f"{name} ({id})" for id, name in members.items() if bearers[name] > 1 and name != id}
        return cls({**members, **shared}, metrics)

    def member(self, id: str) -> str:
        """Name a member, fit to stand among others; by its id, where nothing else is known."""
        return quoted(self.members.get(id, id))

    def some(self, ids: Sequence[str]) -> str:
        """Name a few members, and say how many more there are."""
        most = len(ids) if len(ids) <= NAMED_MAX + 1 else NAMED_MAX  # "and 1 more" would save nothing
        named = ", ".join(self.member(id) for id in ids[:most])
        return named if most == len(ids) else f"{named} and {len(ids) - most} more"

    def metric(self, id: str) -> str:
        """Name a metric by its title, else by its id."""
        return self.metrics.get(id, id)

    def measure(self, measure: Measure) -> str:
        """Name a measure as a row of a table would.

        >>> names = Names({}, {"co2": "CO2 emitted"})
        >>> names.measure(Total("co2", {"country": ["Spain", None]}, members_at="2020-02-01"))
        'CO2 emitted, sum over the members of 2020-02-01 where country is none or Spain'
        >>> names.measure(Share(Joined("2023-01-20"), Members(suspended=True)))
        'Members who joined since 2023-01-20, as a share of: Members, with the suspended'
        """
        if isinstance(measure, Share):
            return f"{self.measure(measure.part)}, as a share of: {self.measure(measure.whole)}"
        if isinstance(measure, Value):
            whose = ", as stated for all" if measure.member is None else f" of {self.member(measure.member)}"
            return f"{self.metric(measure.metric)}{whose}"
        name = "Members"
        if isinstance(measure, Joined):
            name = f"Members who joined since {measure.since}"
        elif isinstance(measure, Distinct):
            name = f"Different values of {measure.attribute}"
        elif isinstance(measure, Total):
            name = f"{self.metric(measure.metric)}, sum over the members"
            name += f" of {measure.members_at}" if measure.members_at is not None else ""
        filters = [
            f"{what} is {' or '.join(quoted(value or 'none') for value in values)}" for what, values in measure.where
        ]
        name += f" where {' and '.join(filters)}" if filters else ""
        return name + "".join(f", {option}" for option in _options(measure))


def _options(measure: Members | Joined | Distinct | Total) -> Iterable[str]:
    if isinstance(measure, Joined):
        return
    if measure.suspended:
        yield "with the suspended"
    if isinstance(measure, Total):
        if measure.overlap != "refuse":
            yield OVERLAPS[measure.overlap]
        if measure.within is not None:
            yield f"values of the last {measure.within}"


def amount_of(figure: Figure, unit: str | None = None) -> str:
    """Write the amount over the values that exist, in a unit if it fits; where none does, that is no zero."""
    if not figure.has_value:
        return NO_VALUE
    amount = figure.amount
    return str(amount if unit is None or unit_of(unit).dimension != amount.dimension else amount.to(unit))


def coverage_of(figure: Figure, names: Names) -> str:
    """Say how many report, and name those who do not and those who may not count."""
    if isinstance(figure.measure, Value):
        return "complete" if figure.complete else "may be missing" if figure.has_value else "missing"
    several = [f"{len(figure.reporting)} of {len(figure.members)} report"] if _made_of_values(figure.measure) else []
    possible, lacking = figure.possible_members, figure.possibly_missing
    named = {"missing": figure.missing, "possibly missing": lacking, "may count": possible}
    if possible == lacking:
        named = {"missing": figure.missing, "may count, and may be missing then": possible}
    if len(figure.missing) == len(figure.members) > NAMED_MAX + 1:
        del named["missing"]  # that is everybody
    several += [f"{words}: {names.some(ids)}" for words, ids in named.items() if ids]
    return "; ".join(several) or "complete"


def labelled(groups: Iterable[str | None]) -> dict[str | None, str]:
    """Give each group the text by which a reader knows it, and no two the same.

    >>> labelled(["A B", "A  B", "", None])
    {'': '(blank)', 'A  B': 'A B', 'A B': 'A B (2)', None: '(none)'}
    """
    found: dict[str | None, str] = {}
    for group in sorted(groups, key=in_order):
        label = wanted = WITHOUT if group is None else plain(group) or BLANK
        taken, number = set(found.values()), 1
        while label in taken:
            number += 1
            label = f"{wanted} ({number})"
        found[group] = label
    return found


def _made_of_values(measure: Measure) -> bool:
    if isinstance(measure, Share):
        return _made_of_values(measure.part) or _made_of_values(measure.whole)
    return isinstance(measure, Total | Distinct)


def reason_of(error: LedgerError, names: Names) -> str:
    """Say why a measure has no figure, or no comparison, for a reader of the document."""
    if isinstance(error, Overlapping):
        pairs = [f"{names.member(part)} is part of {names.member(whole)}" for part, whole in error.pairs[:NAMED_MAX]]
        more = f" and {len(error.pairs) - NAMED_MAX} more" if len(error.pairs) > NAMED_MAX else ""
        return f"cannot be added up, since both would count: {', '.join(pairs)}{more}"
    if isinstance(error, UnknownMetric):
        return "cannot be compared: it was not defined by one of the two moments"
    if isinstance(error, WrongDimension):
        return "cannot be compared: it was defined anew, in a unit of another kind"
    return "cannot be added up: it is a share, a rank or the like, of which there is no total"


def days_of(first: date, last: date) -> str:
    """Write one day of a window, as roughly as it is known.

    >>> days_of(date(2021, 1, 1), date(2021, 12, 31)), days_of(date(2021, 11, 1), date(2021, 11, 30))
    ('2021', '2021-11')
    >>> days_of(date(2021, 1, 1), date(2023, 1, 19)), days_of(date.min, date(2020, 12, 31))
    ('a day from 2021-01-01 to 2023-01-19', 'a day not after 2020-12-31')
    """
    if first == last:
        return first.isoformat()
    if first == date.min:
        return f"a day not after {last}"
    if first.day == 1 and (last == date.max or (last + timedelta(days=1)).day == 1) and first.year == last.year:
        if first.month == last.month:
            return first.isoformat()[:7]
        if (first.month, last.month) == (1, 12):
            return first.isoformat()[:4]
    return f"a day from {first} to {last}"


def quoted(name: str) -> str:
    """Put a name that would read as several, where others stand beside it, in quotes; those in it are doubled.

    >>> ", ".join(map(quoted, ["Ada", "Ben, Cleo", 'the "Union"; east']))
    'Ada, "Ben, Cleo", "the ""Union""; east"'
    """
    if not {",", ";"} & {*name}:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def source_of(record: RecordRef) -> str:
    """Say where a record comes from; a source that reads as another one is that one."""
    return plain(record.source) or "no source named"


def since_of(member: Member) -> str:
    """Say since when a member has been one, as far as that is known; nothing where no joining was recorded."""
    if member.joined_from is None or member.joined_by is None:
        return ""
    return f"since {days_of(member.joined_from, member.joined_by)}"


def standing_of(member: Member) -> str:
    """Say all that a member may be."""
    return " or ".join(_STANDING[status] for status in member.statuses)


def change_of(change: Change, names: Names, *, back: bool = False) -> tuple[str, str]:
    """Say a change in two parts, of which the first can be shared by several: what happened, and to whom.

    `back`: it leads to an earlier day.
    """
    heading, told_by_name = _heading(change, names)
    if change.possible:
        heading = f"{heading} (possibly)"
    elif change.vanished:
        heading += " (not yet)" if back else " (no longer possible)" if change.settled else " (no longer said)"
    about = _about(change, names)
    if told_by_name:
        return heading, f"{about} (was possible)" if change.settled and not change.vanished else about
    moved = f"{_held(change.before, change.kind, names)} → {_held(change.after, change.kind, names)}"
    return heading, f"{about}: {moved}" if about else moved


def _heading(change: Change, names: Names) -> tuple[str, bool]:
    """Give the heading, and whether naming somebody or something below it says all."""
    kind = change.kind
    if kind == VALUE:
        return names.metric(change.register.name), False
    if kind == ATTRIBUTE:
        return change.register.name, False
    if kind in (DEFINITION, REPORT):
        first = change.before is None or (isinstance(change.before, tuple) and None in change.before)
        words = ("published", "published, with another entry") if kind == REPORT else ("defined", "defined anew")
        return words[0] if first else words[1], True
    return _HEADINGS[kind], kind not in (JOINING, RENAMED, SUPPORTERS, PART_OF)


def _about(change: Change, names: Names) -> str:
    id = change.register.id
    if change.kind in (DEFINITION, REPORT):
        held = change.before if change.after is None else change.after
        events = held if isinstance(held, tuple) else (held,)
        return quoted(next((one.title for one in events if isinstance(one, MetricDefined | ReportPublished)), "") or id)
    if change.kind in (LAUNCHED, CLOSED):
        return "the initiative"
    return names.member(id) if id else ""


def _held(held: Held, kind: str, names: Names) -> str:
    if isinstance(held, tuple):
        return " or ".join(_held(one, kind, names) for one in held)
    if held is None:
        return "nothing"
    text = str(held)
    if kind == PART_OF:
        return names.member(text)
    if kind == JOINING:
        when = When(text)
        return days_of(when.earliest, when.latest)
    return ", ".join(map(quoted, text.split("\n"))) or "none"
