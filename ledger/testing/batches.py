"""Batches as a state machine draws and sends them, and what comes of that: records, or what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from attrs import evolve
from hypothesis import strategies as st

from ledger.book import Ledger
from ledger.model.errors import BadInput, LedgerError, Refused, UnknownRecord
from ledger.model.events import (
    Event,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.records import Record
from ledger.recording.batch import Row, Terms, entries_of, instant_of_batch, written
from ledger.testing.histories import EXACT_AMOUNTS, EXACT_DAYS, MEMBERS, METRICS, VALUES
from ledger.testing.scripts import code_of

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.stores.protocol import EventStore

DAYS: Final = EXACT_DAYS[:3]


class Events(list[Event]):
    """Events that print as code, in their short forms."""

    def __repr__(self) -> str:
        return f"[{', '.join(map(code_of, self))}]"


class Batch(NamedTuple):
    """What is sent to be written. In a correction the last event `replaces` the record that the first one retracts."""

    initiative: str
    events: Sequence[Event]
    ids: Sequence[str]
    source: str = ""
    replaces: str | None = None


Outcome: TypeAlias = Sequence[Record] | set[str]
"""The records that were written, or the codes of what was wrong."""


class Interruption(Exception):
    """What is raised in the middle of a batch, to see that nothing of it is left."""


def batches() -> st.SearchStrategy[Events]:
    """Draw a few events with exact days, about two members and two metrics, so that they meet."""
    return st.lists(single_events(), min_size=1, max_size=4).map(Events)


def single_events() -> st.SearchStrategy[Event]:
    """Draw one of the events that batches are made of."""
    who, when = st.sampled_from(MEMBERS[:2]), st.sampled_from(DAYS)
    country = st.sampled_from([{}, *({"country": value} for value in (*VALUES["country"], None))])
    metric, whose = st.sampled_from(["co2", "net"]), st.sampled_from([None, *MEMBERS[:1]])
    joining = st.builds(MemberJoined, who, when, attributes=country)
    defined = [*METRICS[:2], *(evolve(one, title="As agreed") for one in METRICS[:2])]
    value = st.builds(MetricUpdated, metric, when, st.sampled_from([*EXACT_AMOUNTS, None]), member=whose)
    moves = [st.builds(verb, who, when) for verb in (MemberLeft, MemberSuspended, MemberReinstated)]
    changed = st.builds(MemberChanged, who, when, name=st.sampled_from(["New Name", None]), attributes=country)
    report = st.builds(ReportPublished, st.sampled_from(["first", "second"]), when)
    return st.one_of(joining, st.sampled_from(defined), value, *moves, changed, report, joining, value)


def send(book: Ledger, batch: Batch, *, expected_version: int | None = None) -> Sequence[Record]:
    """Send a batch as a user would: record it, retract a record, or correct one."""
    club, (first, *others) = book.initiative(batch.initiative), batch.events
    common: dict[str, Any] = {"ids": batch.ids, "source": batch.source, "expected_version": expected_version}
    if batch.replaces is not None:
        return club.correct(batch.replaces, batch.events[-1], **common)
    if isinstance(first, RecordRetracted) and not others:
        return (club.retract(first.record, **common),)
    return club.record(*batch.events, **common)


def outcome_of(batch: Batch, write: Callable[[], Sequence[Record]]) -> Outcome:
    """Write a batch, and say what came of it. A refusal names the events that it is about."""
    try:
        return write()
    except Refused as refused:
        if any(violation.event != batch.events[violation.index] for violation in refused.violations):
            raise AssertionError(f"it names events that are not those it points at: {refused}") from refused
        return {violation.code for violation in refused.violations}
    except UnknownRecord:
        return {"unknown-record"}
    except BadInput:
        return {"changes-nothing"}


def at_once(books: Sequence[Ledger], batches: Sequence[Batch]) -> list[Outcome]:
    """Send batches from as many threads, each through its own ledger, and say what came of each."""
    outcomes: dict[int, Outcome | Exception] = {}
    start = Barrier(len(batches))

    def write(place: int) -> None:
        start.wait()
        try:
            outcomes[place] = outcome_of(batches[place], lambda: send(books[place], batches[place]))
        except Exception as error:  # noqa: BLE001 - it is raised below, where it is seen
            outcomes[place] = error

    threads = [Thread(target=write, args=(place,)) for place in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outcome in outcomes.values():
        if isinstance(outcome, Exception):
            raise outcome
    return [cast("Outcome", outcomes[place]) for place in range(len(batches))]


@contextmanager
def raising(error: type[Exception]) -> Iterator[None]:
    """Require that what goes on meanwhile raises an error, and no other one of the library."""
    try:
        yield
    except error:
        return
    except LedgerError as other:
        raise AssertionError(f"{error.__name__} was not raised, but {other!r}") from other
    raise AssertionError(f"no {error.__name__} was raised")


def broken_clock() -> datetime:
    """Raise `Interruption`, as a clock that cannot tell the time."""
    raise Interruption


def interrupted(store: EventStore, batch: Batch, now: datetime, *, within: bool, meanwhile: Callable[[], None]) -> None:
    """Begin to write a batch, and raise `Interruption`: `within` the rows, or after what goes on `meanwhile`."""
    with store.writing(batch.initiative) as append:
        entries = entries_of(batch.events, append.head)
        moment = instant_of_batch(now, append.head.recorded_at, None)
        _, rows = written(
            entries,
            initiative=batch.initiative,
            head=append.head,
            tree=append.tree,
            ids=batch.ids,
            recorded_at=moment,
            terms=Terms(),
        )
        append.append(entries, _Torn(rows) if within else rows)
        meanwhile()
        raise Interruption


class _Torn(list[Row]):
    """Rows that cannot be read past the first one."""

    def __iter__(self) -> Iterator[Row]:
        yield self[0]
        raise Interruption
