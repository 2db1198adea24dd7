"""What is refused: a batch is held against the history it would become part of.

Only what is certainly wrong is refused, and then all of it at once. Earlier events of a batch count for
the later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from ledger.model.errors import Violation
from ledger.model.events import Event, MemberChanged, MemberJoined, MetricUpdated, RecordRetracted
from ledger.model.facts import Register, definition_of, status_of
from ledger.recording.claim_rules import claimed_by, claims
from ledger.recording.metric_rules import definitions, values
from ledger.recording.part_rules import cycles
from ledger.recording.proposal import EVENT_OF_BATCH, Entry, History, Proposal
from ledger.recording.status_rules import NEVER_A_MEMBER, closings, statuses

RETRACTIONS_ARE_FINAL: Final = "record {id} is itself a retraction, and retractions are final: record the fact anew"


def violations(
    batch: Sequence[Entry], history: History, called: Callable[[int], str] = EVENT_OF_BATCH
) -> list[Violation]:
    """Give every reason why the batch must be refused, in the order of its events; none, if it may be written.

    `called` says how a reason names another event of the batch, by its place.
    """
    proposal = Proposal(batch, history, called)
    history.expect(_looked_at(proposal))
    found = list(_retractions(proposal))  # first, since the others look at what would be left
    history.expect(proposal.emptied)
    found += [*values(proposal), *_members(proposal)]
    if proposal.written or proposal.emptied:  # most batches are values only, and touch nothing that has rules
        found += [
            *statuses(proposal),
            *closings(proposal),
            *definitions(proposal),
            *_reports(proposal),
            *claims(proposal),
            *cycles(proposal),
            *_still_needed(proposal),
        ]
    return sorted(found, key=lambda violation: violation.index)


def _looked_at(proposal: Proposal) -> list[Register]:
    """Give the registers that the rules look at for every event of the batch: most of all they will ask for."""
    events = [entry.event for entry in proposal.batch]
    members = dict.fromkeys(member for event in events for member in _named_by(event) if member)
    metrics = dict.fromkeys(event.metric for event in events if isinstance(event, MetricUpdated))
    return [*map(status_of, members), *map(definition_of, metrics), *proposal.written]


def _retractions(proposal: Proposal) -> Iterator[Violation]:
    for index, entry in enumerate(proposal.batch):
        if not isinstance(entry.event, RecordRetracted):
            continue
        id = entry.event.record
        record = proposal.history.record(id)
        if record is None:
            reason = "no record {id!r} belongs to this initiative: look its id up in the history"
            yield proposal.refuse("unknown-record", index, reason, id=id)
        elif isinstance(record.event, RecordRetracted):
            yield proposal.refuse("retracted-retraction", index, RETRACTIONS_ARE_FINAL, id=id)
        elif proposal.history.is_retracted(record.position) or record.position in proposal.retracted:
            reason = (
                "record {id} has been retracted already: nothing is left to do, "
                "unless another record replaces it and is wrong too: then retract or correct that one"
            )
            yield proposal.refuse("already-retracted", index, reason, id=id)
        else:
            proposal.retracted[record.position] = record, index


def _members(proposal: Proposal) -> Iterator[Violation]:
    """Refuse to say something of a member, or to name as a whole one, that nobody ever recorded as one."""
    known: set[str | None] = {None, ""}
    for index, entry in enumerate(proposal.batch):
        for member in _named_by(entry.event):
            if member in known:
                continue
            status = status_of(member or "")
            if proposal.latest(status, index) is None:
                yield proposal.refuse("unknown-member", index, NEVER_A_MEMBER, member=member)
            elif status not in proposal.emptied:
                known.add(member)


def _named_by(event: Event) -> list[str | None]:
    """Give the members that an event rests on: whom it says something of, and what it names as a whole."""
    named = [event.member] if isinstance(event, _OF_MEMBERS) else []
    return [*named, event.part_of] if isinstance(event, _WITH_WHOLES) else named


_OF_MEMBERS = (MetricUpdated, MemberChanged)
_WITH_WHOLES = (MemberJoined, MemberChanged)


def _reports(proposal: Proposal) -> Iterator[Violation]:
    for register in proposal.touched("published"):
        published = sorted(proposal.after(register), key=lambda fact: fact.position)
        for fact in published[1:]:
            own = proposal.index_of(fact.position)
            if own is not None:
                reason = "report {report!r} was published already, by {clash}: give this one another id"
                yield proposal.refuse("duplicate-report", own, reason, published[0], report=register.id)


def _still_needed(proposal: Proposal) -> Iterator[Violation]:
    """Refuse to retract the only joining of a member, or definition of a metric, on which other records rest."""
    gone = [one for one in proposal.emptied if one.aspect in ("status", "definition") and not proposal.after(one)]
    claimed = claimed_by(proposal) if gone else {}
    for register in gone:
        index = proposal.emptied[register]
        resting = sorted(_speaking_of(proposal, register) | claimed.get((register.subject, register.id), set()))
        if resting:
            names = [proposal.named(position) for position in resting[:5]]
            more = f" and {len(resting) - 5} more" if len(resting) > 5 else ""
            reason = "{records} {speak} of {subject} {id!r}: {way_out}"
            words: dict[str, Any] = {
                "way_out": proposal.way_out(index),
                "subject": register.subject,
                "id": register.id,
                "records": ", ".join(names) + more,
                "speak": "speaks" if len(resting) == 1 else "speak",
            }
            yield proposal.refuse("still-needed", index, reason, **words)


def _speaking_of(proposal: Proposal, register: Register) -> set[int]:
    """Give the positions of what speaks of a member, or names it as a whole; or of the values of a metric."""
    history, id = proposal.history, register.id
    if register.subject == "initiative":
        return set()
    if register.subject == "metric":
        values = history.registers(aspect="metric", name=id)
        history.expect(values)
        said = {entry.position for entry in proposal.batch if getattr(entry.event, "metric", None) == id}
        return said | {fact.position for value in values for fact in proposal.after(value)}
    own = history.registers(subject="member", id=id)
    parts = history.registers(subject="member", aspect="part_of")
    history.expect([*own, *parts])
    said = {
        entry.position
        for entry in proposal.batch
        if entry.said and id in (getattr(entry.event, "member", None), getattr(entry.event, "part_of", None))
    }
    said |= {fact.position for other in own for fact in proposal.after(other)}
    return said | {fact.position for part in parts for fact in proposal.after(part) if fact.value == id}
