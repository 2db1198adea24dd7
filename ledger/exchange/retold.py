"""What a row of a sheet says that the ledger says already, or says otherwise: passed over, or told with the way out.

A sheet is read again next month, when much of it is recorded: by the sheet of this month, by hand, or by a correction.
What it says of a member's name and attributes may be what the joining says, or what the ledger has come to say since.
An amount is not among this: that another source gives the same one is worth a record.

The rules refuse a second joining only where days are exact enough to show that it is one, so they are not asked: each
event is held against the records in force that begin as it does, and each of these is taken once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ledger.model.errors import PROBLEMS_MAX, listed, shown
from ledger.model.events import MemberJoined, MemberLeft
from ledger.model.facts import facts_of, status_of, window_of
from ledger.model.registers import chain

if TYPE_CHECKING:
    from ledger.model.events import Event
    from ledger.model.facts import FactValue, Register
    from ledger.model.records import Record
    from ledger.recording.proposal import History
    from ledger.stores.protocol import Before

Told: TypeAlias = dict[str, "Record"]
"""By the id that the record of an event would get: the record that says as much."""


class Retold(NamedTuple):
    """What of a sheet is told already, and of what a record tells otherwise, though no rule refuses it."""

    told: Told
    otherwise: Told


class New(NamedTuple):
    """An event that is not recorded yet: its row, and its id."""

    event: Event
    row: int
    id: str


def retold(new: Sequence[New], old: Sequence[tuple[int, Record]], history: Before) -> Retold:
    """Hold what is new in a sheet against the records in force; `old` are its rows that have their records.

    A spell is told as a whole: where the leaving of a row is that of a record, and its joining is not, the row speaks
    of that record's spell and gives it another start.
    """
    taken = {record.position for _, record in old}
    told: Told = {}
    otherwise: Told = {}
    spells: dict[str, list[New]] = defaultdict(list)
    for one in new:
        if isinstance(one.event, MemberJoined | MemberLeft):
            spells[one.event.member].append(one)
    for member, of_member in spells.items():
        standing = _standing(status_of(member), of_member, history)
        _told_of_member(
            of_member, [record for record in standing if record.position not in taken], told, otherwise, history
        )
    left = {row: record for row, record in old if isinstance(record.event, MemberLeft)}
    left = {row: record for row, record in left.items() if not history.is_retracted(record.position)}
    left |= {one.row: told[one.id] for one in new if one.id in told and isinstance(one.event, MemberLeft)}
    parted = {
        one.row: one.id for one in new if one.row in left and isinstance(one.event, MemberJoined) and one.id not in told
    }
    otherwise |= {id: left[row] for row, id in parted.items() if id not in otherwise}
    return Retold({one.id: told[one.id] for one in new if one.id in told and one.row not in parted}, otherwise)


def _standing(register: Register, new: Sequence[New], history: Before) -> list[Record]:
    """Give the records in force that wrote to a register and begin as one of these events does, by rank."""
    windows = {window_of(one.event) for one in new}
    positions = [fact.position for fact in sorted(history.facts(register)) if fact[2:4] in windows]
    ids = [history.ref(position).id for position in positions]
    found = history.found(ids)
    return [found[id] for id in ids]


def _told_of_member(
    new: Sequence[New], standing: Sequence[Record], told: Told, otherwise: Told, history: History
) -> None:
    """Say which records say these joinings and leavings of a member: those that equal them, else that say no less."""
    alike: dict[Event, list[Record]] = defaultdict(list)
    for record in reversed(standing):
        alike[record.event].append(record)
    for one in new:
        if alike.get(one.event):
            told[one.id] = alike[one.event].pop()
    left = [record for records in alike.values() for record in records]
    for one in new if left else ():
        of_day = [record for record in left if _of_one_day(one.event, record.event)] if one.id not in told else []
        same = next((record for record in of_day if says_no_more(one.event, record, history)), None)
        if same is not None:
            told[one.id] = same
            left.remove(same)
        elif of_day and isinstance(one.event, MemberJoined):
            otherwise[one.id] = of_day[0]


def says_no_more(event: Event, standing: Record, history: History) -> bool:
    """Is all that a joining or a leaving says said by a record of it, or by what was recorded of its member since?

    >>> from types import SimpleNamespace
    >>> nothing_since = SimpleNamespace(facts=lambda register: [])
    >>> standing = SimpleNamespace(event=MemberJoined("ada", "2020", name="Ada", attributes={"city": "Bilbao"}))
    >>> says_no_more(MemberJoined("ada", "2020", attributes={"city": "Bilbao"}), standing, nothing_since)
    True
    >>> says_no_more(MemberJoined("ada", "2020", attributes={"city": "Lagos"}), standing, nothing_since)
    False
    """
    return _of_one_day(event, standing.event) and not _otherwise(event, standing.event, history)


def way_out(event: Event, standing: Record, history: History) -> str:
    """Say what to do about a row that says otherwise than a record of the same joining or leaving.

    It is for whoever mends the sheet, or its file of rejects. Empty where the record is of something else.
    """
    known = standing.event
    if isinstance(event, MemberJoined) and isinstance(known, MemberLeft):
        return (
            f"{event.member!r} leaves {known.effective} by record {standing.id} too, and by no record joins "
            f"{event.effective} before: correct the joining that is recorded if it is wrong; else mend the row"
        )
    if isinstance(event, MemberLeft) and isinstance(known, MemberLeft):
        return (
            f"{event.member!r} is a member no more from {event.effective} by this row, and from {known.effective} by "
            f"record {standing.id}: correct that record if it is wrong; else mend the row"
        )
    if not isinstance(event, MemberJoined) or not _of_one_day(event, known):
        return ""
    return (
        f"{event.member!r} is a member already, of whom record {standing.id} says something else: "
        f"{listed(_otherwise(event, known, history), PROBLEMS_MAX)}; if that has changed, record a member-changed, "
        "effective from the day on which it did; if it was wrong, correct that record; else mend the row"
    )


def _of_one_day(event: Event, known: Event) -> bool:
    both = (MemberJoined, MemberLeft)
    return isinstance(event, both) and type(event) is type(known) and window_of(event) == window_of(known)


def _otherwise(event: Event, known: Event, history: History) -> list[str]:
    """Name each value that neither a record gives nor the ledger has come to give."""
    told = {said.register: said.value for said in facts_of(known)}
    return [
        f"{_called(said.register)} {_value(told.get(said.register))}, and not {_value(said.value)} as here"
        for said in facts_of(event)
        if said.value not in (told.get(said.register), _latest(said.register, history))
    ]


def _latest(register: Register, history: History) -> FactValue:
    facts = chain(history.facts(register)).facts
    return facts[-1].value if facts else None


def _called(register: Register) -> str:
    return register.name or register.aspect.replace("_", " ")


def _value(value: FactValue) -> str:
    return "nothing" if value is None else shown(value)
