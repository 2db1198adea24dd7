"""What a row of a sheet says that the ledger says already, or says otherwise: passed over, or told with the way out.

A sheet is read again next month, when much of it is recorded: by the sheet of this month, by hand, or by a correction.
What it says of a member's name and attributes may be what the joining says, or what the ledger has come to say since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.model.errors import PROBLEMS_MAX, listed, shown
from ledger.model.events import MemberJoined, MemberLeft
from ledger.model.facts import facts_of
from ledger.model.registers import chain

if TYPE_CHECKING:
    from ledger.model.events import Event
    from ledger.model.facts import FactValue, Register
    from ledger.model.records import Record
    from ledger.recording.proposal import History


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
    if isinstance(event, MemberJoined):
        return isinstance(known, MemberJoined) and event.effective == known.effective
    return isinstance(event, MemberLeft) and isinstance(known, MemberLeft) and event.effective == known.effective


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
