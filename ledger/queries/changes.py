"""Compare two states of an initiative: what changed in the world, or what was learned since.

Both are one question. Of each register, what it can hold by one state is laid beside what it can hold by
the other; a member's status is read as its standing, which a closing of the initiative ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from attrs import asdict, evolve, field, frozen

from ledger.model.events import MetricDefined, ReportPublished
from ledger.model.facts import (
    CLOSED,
    INITIATIVE_STATUS,
    JOINED,
    LAUNCHED,
    LEFT,
    REINSTATED,
    SUSPENDED,
    Register,
    status_of,
)
from ledger.model.quantity import Quantity
from ledger.model.records import RecordRef
from ledger.model.registers import Candidate, text_of
from ledger.model.state import InitiativeState
from ledger.model.tables import Tabular
from ledger.model.when import window_text
from ledger.queries.standing import REJOINED, TURNS, first_difference, require_comparable, standing_of, turn

Value: TypeAlias = str | Quantity | MetricDefined | ReportPublished | None
"""What a register holds, None for nothing: a text, an amount, or the event itself."""

Held: TypeAlias = Value | tuple[Value, ...]
"""The one value that is certain, or all that are possible, in the order in which they would come."""

JOINING: Final = "joining"
RENAMED: Final = "renamed"
SUPPORTERS: Final = "supporters"
ATTRIBUTE: Final = "attribute"
PART_OF: Final = "part_of"
VALUE: Final = "value"
DEFINITION: Final = "definition"
REPORT: Final = "report"

KINDS: Final = (
    *(LAUNCHED, CLOSED, *TURNS, JOINING, RENAMED, SUPPORTERS),
    *(ATTRIBUTE, PART_OF, VALUE, DEFINITION, REPORT),
)
"""Every kind of change, in the order in which they are told."""

_KIND_OF: Final = {"name": RENAMED, "metric": VALUE, "published": REPORT}  # the others are called as the aspect is
_TOLD_BY_NAME: Final = {LAUNCHED, CLOSED, *TURNS, DEFINITION, REPORT}
_SAID_OF_MEMBERS: Final = {RENAMED, ATTRIBUTE, PART_OF}


@frozen
class Change:
    """What one register can hold by the earlier and by the later state, where that is not the same.

    `kind` is one of `KINDS`. The status of a member is told as joined, rejoined, left, suspended or
    reinstated, with the statuses that it can have before and after; `joining` says that its latest joining
    is dated otherwise. `before` and `after` are a value, or a tuple of all that are possible where none is
    certain; the records are those that say so.

    `implied`: the records that turned the member's status say it too, as a joining says a name. `vanished`:
    nothing new was said, and something is not said any more, as after a retraction; the kind is then that of
    what is gone.
    """

    kind: str
    register: Register
    before: Held
    after: Held
    records_before: tuple[RecordRef, ...]
    records_after: tuple[RecordRef, ...]
    vanished: bool
    implied: bool = False

    @property
    def member(self) -> str | None:
        """The id of the member that it is about; None for the initiative, a metric or a report."""
        return self.register.id if self.register.subject == "member" else None

    @property
    def again(self) -> bool:
        """Is it the joining of one who had been a member before?"""
        return self.kind == REJOINED

    @property
    def possible(self) -> bool:
        """Is what holds by the later state not certain?"""
        return isinstance(self.after, tuple)

    @property
    def settled(self) -> bool:
        """Did it become certain?"""
        return isinstance(self.before, tuple) and not self.possible

    def to_dict(self) -> dict[str, object]:
        """Give plain values, fit for JSON; records by their ids."""
        return {
            "kind": self.kind,
            **self.register._asdict(),
            "before": _plain(self.before),
            "after": _plain(self.after),
            "records_before": [ref.id for ref in self.records_before],
            "records_after": [ref.id for ref in self.records_after],
            "vanished": self.vanished,
            "implied": self.implied,
        }

    def __str__(self) -> str:
        """Say it in a line."""
        return ": ".join(self.heading_and_rest())

    def heading_and_rest(self) -> tuple[str, str]:
        """Say it in two parts: changes of one heading can be told together."""
        adverb = " (possible)" if self.possible else " (no longer)" if self.vanished else ""
        whose = self.register.id
        if self.kind in _TOLD_BY_NAME:
            was = " (was possible)" if self.settled else ""
            return f"{self.kind}{adverb}", f"{whose or 'the initiative'}{was}"
        name = " ".join(part for part in (self.kind.replace("_", " "), self.register.name) if part)
        change = f"{_shown(self.before)} -> {_shown(self.after)}"
        return f"{name}{adverb}", f"{whose}: {change}" if whose else change


@frozen
class Changes(Tabular):
    """What differs between two states of an initiative; false where nothing does.

    Iterating gives all changes. Each view but the last three gives those that are certain, did not vanish and
    are not implied by another: `renamed` does not name those who joined and had no name before. It is a table with a
    row for each change.

    >>> from ledger.model.events import MemberJoined
    >>> from ledger.model.records import Record
    >>> from ledger.model.state import replay
    >>> from ledger.model.when import instant
    >>> joined = Record(1, "clusters", 1, "r1", instant("2023-01-20T09:00:00Z"), MemberJoined("ohio", "2022"))
    >>> print(compare(replay([joined], at="2021-12-31"), replay([joined], at="2022-12-31")))
    2021-12-31 -> 2022-12-31
    joined: ohio
    """

    before: InitiativeState = field(repr=False)
    after: InitiativeState = field(repr=False)
    all: tuple[Change, ...]

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.all)

    @property
    def joined(self) -> tuple[Change, ...]:
        """Who is an active member and was none, or joined anew in between; `again` tells who had been one before."""
        return self._certain(JOINED, REJOINED)

    @property
    def left(self) -> tuple[Change, ...]:
        """Who is a member no more, also because the initiative was closed; one who came and went in between too."""
        return self._certain(LEFT)

    @property
    def suspended(self) -> tuple[Change, ...]:
        """Who is suspended and was not."""
        return self._certain(SUSPENDED)

    @property
    def reinstated(self) -> tuple[Change, ...]:
        """Who was suspended and is an active member again."""
        return self._certain(REINSTATED)

    @property
    def renamed(self) -> tuple[Change, ...]:
        """Which members have another name."""
        return self._certain(RENAMED, subject="member")

    @property
    def attributes(self) -> tuple[Change, ...]:
        """Which attributes of members are others."""
        return self._certain(ATTRIBUTE, subject="member")

    @property
    def part_of(self) -> tuple[Change, ...]:
        """Which members are part of another one."""
        return self._certain(PART_OF)

    @property
    def values(self) -> tuple[Change, ...]:
        """Which metrics have another value: of a member or, where `member` is None, of the initiative."""
        return self._certain(VALUE)

    @property
    def definitions(self) -> tuple[Change, ...]:
        """Which metrics are defined, or defined otherwise."""
        return self._certain(DEFINITION)

    @property
    def reports(self) -> tuple[Change, ...]:
        """Which reports were published."""
        return self._certain(REPORT)

    @property
    def own(self) -> tuple[Change, ...]:
        """What changed in the initiative itself: launched, closed, its name, supporters and attributes."""
        kinds = (LAUNCHED, CLOSED, RENAMED, SUPPORTERS, ATTRIBUTE)
        return self._certain(*kinds, subject="initiative")

    @property
    def settled(self) -> tuple[Change, ...]:
        """What was only possible, and has become certain; it is in the other views too."""
        return tuple(change for change in self.all if change.settled)

    @property
    def possible(self) -> tuple[Change, ...]:
        """What became possible, or remains so with other possibilities, and is not certain."""
        return tuple(change for change in self.all if change.possible)

    @property
    def vanished(self) -> tuple[Change, ...]:
        """What is certainly not said any more: it was retracted, or had not begun by the later state's day."""
        return tuple(change for change in self.all if change.vanished and not change.possible)

    def to_dict(self) -> dict[str, object]:
        """Give plain values, fit for JSON."""
        return {
            "initiative": self.after.initiative or self.before.initiative,
            "before": {"at": self.before.at.isoformat(), "version": self.before.version},
            "after": {"at": self.after.at.isoformat(), "version": self.after.version},
            "changes": [change.to_dict() for change in self.all],
        }

    def __str__(self) -> str:
        """Say it in a few lines; what is implied is left out."""
        lines: dict[str, list[str]] = {}
        for change in self.all:
            if change.implied:
                continue
            heading, rest = change.heading_and_rest()
            lines.setdefault(heading, []).append(rest)
        told = [f"{heading}: {', '.join(rest)}" for heading, rest in lines.items()] or ["nothing changed"]
        return "\n".join([f"{_place(self.before, self.after)} -> {_place(self.after, self.before)}", *told])

    def _certain(self, *kinds: str, subject: str = "") -> tuple[Change, ...]:
        return tuple(
            change
            for change in self.all
            if change.kind in kinds
            and subject in ("", change.register.subject)
            and not change.possible
            and not change.vanished
            and not change.implied
        )


def compare(before: InitiativeState, after: InitiativeState) -> Changes:
    """Say what differs between two states of one initiative: of two days, as known at two moments, or both.

    Raises `BadInput` for states of several initiatives.
    """
    require_comparable(before, after)
    registers = sorted(before.registers.cells.keys() | after.registers.cells.keys())
    changes = [change for register in registers if (change := _change(before, after, register)) is not None]
    turned = {change.register.id: _said_by(change) for change in changes if change.kind in TURNS}
    changes = [_with_implied(change, turned) for change in changes]
    return Changes(before, after, tuple(sorted(changes, key=lambda change: KINDS.index(change.kind))))


def _with_implied(change: Change, turned: Mapping[str, set[RecordRef]]) -> Change:
    if change.kind not in _SAID_OF_MEMBERS or change.register.subject != "member":
        return change
    return evolve(change, implied=_said_by(change) <= turned.get(change.register.id, set()))


def _said_by(change: Change) -> set[RecordRef]:
    return {*change.records_before, *change.records_after}


def _change(before: InitiativeState, after: InitiativeState, register: Register) -> Change | None:
    of_member, aspect = register.subject == "member", register.aspect
    looked_at = [register, INITIATIVE_STATUS] if of_member and aspect == "status" else [register]
    if all(before.registers.of(one) == after.registers.of(one) for one in looked_at):
        return None  # spares most registers of a large initiative the closer look
    old, new = _options(before, register), _options(after, register)
    if old == new:
        return None
    # of one who has no status at all, a closing says nothing
    has_status = all(state.registers.of(register).candidates for state in (before, after))
    vanished = _nothing_new(before, after, looked_at if has_status else [register])
    kind = _KIND_OF.get(aspect, aspect)
    if aspect == "status" and not of_member:
        kind = CLOSED if CLOSED in first_difference(old, new) else LAUNCHED
    elif aspect in ("status", "joined"):
        word = turn(*((after, before) if vanished else (before, after)), register.id)
        if aspect == "joined" and _told_by_status(before, after, register):
            return None
        kind = JOINING if word is None or (aspect == "joined" and word != REJOINED) else word
    said_before, said_after = _records(before, looked_at), _records(after, looked_at)
    return Change(kind, register, _held(old), _held(new), said_before, said_after, vanished)


def _told_by_status(before: InitiativeState, after: InitiativeState, joining: Register) -> bool:
    """Is the change of the latest joining what the change of the status says anyway?"""
    if not (before.registers.of(joining).candidates and after.registers.of(joining).candidates):
        return True
    status = _change(before, after, status_of(joining.id))
    return status is not None and status.kind in (JOINED, REJOINED)


def _nothing_new(before: InitiativeState, after: InitiativeState, registers: list[Register]) -> bool:
    """Does the later state rest on nothing that the earlier one could not rest on, and lack what it did?

    What is new was not known by the earlier state, or cannot have begun by then.
    """
    known_less = after.version < before.version
    old, new = ([_said(state, one, closing=one != registers[0]) for one in registers] for state in (before, after))
    if known_less and all(set(was) <= {*now, None} for was, now in zip(old, new, strict=True)):
        return False  # what is there besides was not retracted yet
    for option in (option for said in new for option in said.values() if option is not None):
        if after.registers.refs[option.fact.position].version > before.version or option.since > before.at:
            return False
    # what was only possible may have become certain: then the newest fact still holds, and others have dropped out
    return not all([*was][-1] == [*now][-1] and set(now) <= set(was) for was, now in zip(old, new, strict=True))


def _said(state: InitiativeState, register: Register, *, closing: bool) -> dict[int | None, Candidate | None]:
    """Give what a register can hold, by position; with `closing` only that, which alone tells of members."""
    every = state.registers.of(register).options
    if closing:
        every = tuple(option if text_of(option) == CLOSED else None for option in every)
    return {None if option is None else option.fact.position: option for option in every}


def _options(state: InitiativeState, register: Register) -> tuple[Value, ...]:
    if register.subject == "member" and register.aspect == "status":
        return standing_of(state, register.id)
    return tuple(dict.fromkeys(_value(option, register.aspect) for option in state.registers.of(register).options))


def _value(option: Candidate | None, aspect: str) -> Value:
    if option is None:
        return None
    fact = option.fact
    if aspect == "joined":
        return window_text(fact.earliest, fact.latest)
    return Quantity.parse(fact.value) if aspect == "metric" and isinstance(fact.value, str) else fact.value


def _held(options: tuple[Value, ...]) -> Held:
    return options[0] if len(options) == 1 else options


def _records(state: InitiativeState, registers: list[Register]) -> tuple[RecordRef, ...]:
    said_by = {
        option.fact.position
        for register in registers
        for option in state.registers.of(register).candidates
        if register == registers[0] or option.fact.value == CLOSED
    }
    return tuple(state.registers.refs[position] for position in sorted(said_by))


def _plain(held: Held) -> object:
    if isinstance(held, tuple):
        return [_plain(value) for value in held]
    if isinstance(held, MetricDefined):
        return asdict(held)
    if isinstance(held, ReportPublished):
        return {"title": held.title, "url": held.url}
    return held if held is None else str(held)


def _shown(held: Held) -> str:
    if isinstance(held, tuple):
        return " or ".join(map(_shown, held))
    return str(held).replace("\n", ", ") or "none" if held is not None else "nothing"


def _place(state: InitiativeState, other: InitiativeState) -> str:
    return str(state.at) if state.version == other.version else f"{state.at} (version {state.version})"
