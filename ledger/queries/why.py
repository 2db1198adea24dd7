"""Why a figure changed: what each member contributed before and after, by which records.

The way from one point to another is gone in two steps. First knowledge: the day stays, and what was learned
since is *restated*. Then the world: knowledge stays, and the day moves. So there are three states: before,
at the first day and as known then; between, at the first day as known at the second moment; and after.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeAlias

from attrs import field, frozen

from ledger.model.errors import BadInput, UnknownMetric
from ledger.model.exact import ZERO, Exact, add, negate, total
from ledger.model.facts import metric_of
from ledger.model.figures import Contribution, Figure
from ledger.model.measures import Distinct, Measure, Share, Simple, Value
from ledger.model.quantity import Quantity, exactly
from ledger.model.records import RecordRef
from ledger.model.state import InitiativeState
from ledger.model.tables import Row, Tabular
from ledger.queries.bridge import CLOSING, OPENING, Bridge, Line, signed
from ledger.queries.standing import TURNS, require_comparable, turn

CHANGED: Final = "changed"
UNDECIDED: Final = "undecided"
RESTATED: Final = "restated"

KINDS: Final = (*TURNS, CHANGED, UNDECIDED, RESTATED)
"""Every kind of effect, in the order of a bridge."""


@frozen
class Part:
    """What one subject of an effect adds to the figure of one state, and the records that say so.

    `certain`: it surely counts. `missing`: its value is, or may be, missing. `members` are those behind it.
    """

    amount: Quantity
    certain: bool
    missing: bool
    members: tuple[str, ...] = field(eq=False)
    records: tuple[RecordRef, ...] = field(eq=False)

    def __str__(self) -> str:
        return f"{self.amount}{', missing' if self.missing else ''}"


@frozen
class Effect(Row):
    """By how much one subject changes the ends of a figure, and by which records.

    The subject is a member; for a single value the one that it is of; for a `Distinct` a value of the
    attribute, or None for all that is undecided. `before` and `after` are its parts in the unit of the
    closing figure; None where it does not count. A change is None where an end is open on either side.
    """

    kind: str
    subject: str | None
    before: Part | None
    after: Part | None
    low_change: Exact | None
    high_change: Exact | None

    def __str__(self) -> str:
        """Say it in a line."""
        before, after = ("nothing" if part is None else str(part) for part in (self.before, self.after))
        name = self.kind if self.subject is None else f"{self.kind} {self.subject}"
        low, high = signed(self.low_change), signed(self.high_change)
        return f"{name}: {before} -> {after} ({low if low == high else f'low {low}, high {high}'})"


@frozen
class Why(Tabular):
    """A figure at two points, and the effects that lead from one to the other.

    In the unit of the closing figure, the effects' `low_change`s sum exactly to its `low_change`, and the
    `high_change`s to its `high_change`. A change of the figure is None where that end is open at either
    point; `open_low` and `open_high` name the subjects that leave it open.

    It is a table with a row for each effect; `bridge()` has one for each kind of them.
    """

    measure: Simple
    opening: Figure
    closing: Figure
    effects: tuple[Effect, ...]
    open_low: tuple[str, ...] = ()
    open_high: tuple[str, ...] = ()

    @property
    def low_change(self) -> Exact | None:
        """By how much the least that the figure can be has changed."""
        return _less(self.closing.amount.low, self._opening_amount.low)

    @property
    def high_change(self) -> Exact | None:
        """By how much the most that the figure can be has changed."""
        return _less(self.closing.amount.high, self._opening_amount.high)

    def bridge(self) -> Bridge:
        """Group the effects by their kinds, between the two figures; a kind without effects has no line."""
        opening, closing = self._opening_amount, self.closing.amount
        lines = [Line(OPENING, opening.low, opening.high, note=_note(self.opening))]
        for kind in KINDS:
            if effects := [effect for effect in self.effects if effect.kind == kind]:
                low, high = _sum(one.low_change for one in effects), _sum(one.high_change for one in effects)
                subjects = tuple(effect.subject for effect in effects if effect.subject is not None)
                lines.append(Line(kind, low, high, subjects))
        lines.append(Line(CLOSING, closing.low, closing.high, note=_note(self.closing)))
        return Bridge(self.measure, closing.unit, tuple(lines))

    def __str__(self) -> str:
        """Give the bridge, and below it each effect."""
        return "\n".join([str(self.bridge()), *(f"  {effect}" for effect in self.effects)])

    @property
    def _opening_amount(self) -> Quantity:
        return self.opening.amount.to(self.closing.amount.unit)


def why(measure: Measure, before: InitiativeState, between: InitiativeState, after: InitiativeState) -> Why:
    """Explain the change of a measure from one state to another.

    `before` is the state at (day a, known then), `between` at (day a, known at the moment of b), and `after`
    at (day b, known then). A member can have two effects: what was learned of the first day since is
    *restated*, and what then happened has one of these kinds, told from between to after:

    - joined, rejoined, left, suspended or reinstated, where the statuses that the member can have are not the
      same (`standing.turn` says which; a closing of the initiative makes everyone leave);
    - changed, where they are: the member has another value, or other attributes under `where`; and always, where the
      members of a day of their own are counted (`members_at`).

    Where the second day is before the first, what happened in between is told as it happened, and is undone:
    its sign is the other one. A member whose status and value both changed has one effect, of its status.

    For a `Distinct` there is an effect for each value that came to be held for certain, or no longer is: by a
    member that surely counts, and can have that value only. Its kind is that of the members who hold it,
    where they agree, else changed. One more line, undecided, is for all else that bounds the figure.

    Where an end of a member's part is open only in between, the two steps cannot be told apart, and are one
    restated effect.

    Raises `UnknownMetric` where the metric is not known at both points, `NotAdditive`, `WrongDimension` where
    it was defined anew in another dimension, and `BadInput` for a `Share` or for states that do not belong
    together.
    """
    _require_three_corners(before, between, after)
    if isinstance(measure, Share):
        raise BadInput("a Share is two figures, and each has a change of its own: ask why of its part and of its whole")
    opening, closing = _figure(measure, before, after), _figure(measure, after, before)
    unit = closing.amount.unit
    opening.amount.to(unit)  # raises WrongDimension
    known_then, known_since, happened = (_parts(measure, state, unit) for state in (before, between, after))
    first, last = sorted((between, after), key=lambda state: state.at)

    def kind_of(subject: str | None, *sides: Part | None) -> str:
        if isinstance(measure, Value) or getattr(measure, "members_at", None) is not None:
            return CHANGED  # nobody joins or leaves
        if subject is None:
            return UNDECIDED
        members = {member for part in sides if part is not None for member in part.members}
        suspended = getattr(measure, "suspended", False)
        kinds = {turn(first, last, member, suspended=suspended) for member in members}
        return (kinds.pop() if len(kinds) == 1 else None) or CHANGED

    effects: list[Effect] = []
    for subject in sorted({*known_then, *known_since, *happened}, key=lambda subject: (subject is None, subject or "")):
        old, mid, new = (parts.get(subject) for parts in (known_then, known_since, happened))
        if _open_only_between(old, mid, new):
            effects.append(_effect(RESTATED, subject, old, new))
            continue
        if old != mid:
            effects.append(_effect(RESTATED, subject, old, mid))
        if mid != new:
            effects.append(_effect(kind_of(subject, mid, new), subject, mid, new))
    ends = (known_then, happened)
    return Why(
        measure=measure,
        opening=opening,
        closing=closing,
        effects=tuple(sorted(effects, key=lambda effect: KINDS.index(effect.kind))),
        open_low=_who(ends, lambda amount: amount.low is None),
        open_high=_who(ends, lambda amount: amount.high is None),
    )


Parts: TypeAlias = Mapping[str | None, Part]


def _require_three_corners(before: InitiativeState, between: InitiativeState, after: InitiativeState) -> None:
    require_comparable(before, between, after)
    if between.at != before.at or between.version != after.version:
        raise BadInput(
            f"between is at {between.at}, version {between.version}: it must be at {before.at}, the day of before, "
            f"and know what after knows, version {after.version}"
        )


def _figure(measure: Simple, state: InitiativeState, other: InitiativeState) -> Figure:
    try:
        return state.measure(measure)
    except UnknownMetric as error:
        if error.name not in other.metrics:
            raise
        raise UnknownMetric(
            error.name,
            state.metrics,
            f"not at version {state.version}, while at version {other.version} it is: choose two moments at which "
            "it is known",
        ) from None


def _parts(measure: Simple, state: InitiativeState, unit: str) -> Parts:
    """Give what each subject adds to the figure: the parts sum exactly to its ends."""
    if isinstance(measure, Value):
        return _value_part(measure, state, unit)
    contributions = state.explain(measure)
    if isinstance(measure, Distinct):
        return _distinct_parts(state.measure(measure), contributions)
    return {
        one.member: Part(one.amount.to(unit), one.certain, one.missing, (one.member,), one.records)
        for one in contributions
    }


def _value_part(measure: Value, state: InitiativeState, unit: str) -> Parts:
    figure = state.measure(measure)
    found = state.registers.of(metric_of(measure.metric, measure.member)).candidates
    records = tuple(state.registers.refs[position] for position in sorted({option.fact.position for option in found}))
    whose = figure.members[0]
    return {
        whose: Part(
            figure.amount.to(unit), certain=True, missing=not figure.complete, members=figure.members, records=records
        )
    }


def _distinct_parts(figure: Figure, contributions: Collection[Contribution]) -> Parts:
    holders: dict[str, list[Contribution]] = {}
    undecided = []
    for one in contributions:
        if one.certain and not one.missing and len(one.values) == 1:
            holders.setdefault(one.values[0], []).append(one)
        else:
            undecided.append(one)
    parts: dict[str | None, Part] = {
        value: _shared(exactly(1), members, certain=True) for value, members in holders.items()
    }
    held = exactly(len(holders)).low
    low, high = _less(figure.amount.low, held), _less(figure.amount.high, held)
    if low or high:
        parts[None] = _shared(Quantity(low, high), undecided, certain=False)
    return parts


def _shared(amount: Quantity, contributions: Collection[Contribution], *, certain: bool) -> Part:
    members = tuple(one.member for one in contributions)
    records = tuple(sorted({ref for one in contributions for ref in one.records}))
    return Part(amount, certain, missing=False, members=members, records=records)


def _effect(kind: str, subject: str | None, before: Part | None, after: Part | None) -> Effect:
    (low, high), (new_low, new_high) = _ends(before), _ends(after)
    return Effect(kind, subject, before, after, _less(new_low, low), _less(new_high, high))


def _ends(part: Part | None) -> tuple[Exact | None, Exact | None]:
    return (ZERO, ZERO) if part is None else (part.amount.low, part.amount.high)


def _open_only_between(old: Part | None, mid: Part | None, new: Part | None) -> bool:
    ends = zip(_ends(old), _ends(mid), _ends(new), strict=True)
    return any(then is not None and since is None and now is not None for then, since, now in ends)


def _who(sides: Iterable[Parts], is_open: Callable[[Quantity], bool]) -> tuple[str, ...]:
    found = {subject for parts in sides for subject, part in parts.items() if is_open(part.amount)}
    return tuple(sorted(subject for subject in found if subject is not None))


def _less(a: Exact | None, b: Exact | None) -> Exact | None:
    return None if a is None or b is None else add(a, negate(b))


def _sum(changes: Iterable[Exact | None]) -> Exact | None:
    known = list(changes)
    return None if None in known else total(change for change in known if change is not None)


def _note(figure: Figure) -> str:
    reports = "" if figure.complete else f", {len(figure.reporting)} of {len(figure.members)} report"
    return f"{figure.at}{reports}"
