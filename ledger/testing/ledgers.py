"""Open ledgers with a drawn history, and points in them at which answers can change.

A drawn ledger prints as the call of `ledger_of` that opens it again: paste it into an example-based test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias, cast
from weakref import finalize

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from ledger.book import Ledger
from ledger.exchange.copies import write_records
from ledger.initiative import Initiative
from ledger.model.events import InitiativeLaunched, RecordRetracted
from ledger.model.records import Record
from ledger.model.when import When
from ledger.queries.points import Point
from ledger.stores.protocol import EventStore
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing.clock import FIRST_INSTANT, FrozenClock
from ledger.testing.histories import EXACT_DAYS, ROUGH_DAYS, breakpoints, histories
from ledger.testing.scripts import (
    A_DAY,
    INITIATIVE,
    History,
    Item,
    Replacing,
    history_of,
    ledger_code,
    recorded_together,
    records_of,
)

INITIATIVES: Final = (INITIATIVE, "ports", "airports")
NOW: Final = FIRST_INSTANT + 5_000 * A_DAY
"""What the clock of a drawn ledger shows: it stands still, long after all that was recorded."""

A_MOMENT: Final = timedelta(microseconds=1)

_LAUNCHED: Final = history_of([InitiativeLaunched("2021-01-01", name="Clusters")])
"""What is drawn in place of nothing at all, since of an initiative without records nothing can be asked."""

OpenStore: TypeAlias = Callable[[], EventStore]
"""Opens a new, empty store."""


class DrawnLedger(Ledger):
    """An open ledger that prints as the call of `ledger_of` that opens it."""

    def __init__(self, store: EventStore, batches: Sequence[tuple[str | Item, ...]]) -> None:
        super().__init__(store, FrozenClock(NOW))
        self._batches = batches

    def __repr__(self) -> str:
        return ledger_code(self._batches)


def memory() -> SqliteStore:
    """Open an empty ledger's store in memory, which is closed when nobody holds it any more."""
    store = SqliteStore(":memory:")
    finalize(store, cast("Any", store._connection).close)  # noqa: SLF001 - a test that drew it does not close it
    return store


def ledger_of(*batches: tuple[str | Item, ...], store: OpenStore = memory) -> Ledger:
    """Open a ledger with these batches in it: each is the id of an initiative, and then its events.

    They are recorded a day apart, the n-th record with the id `rn`, and without asking the rules; a correction
    is a batch of a `RecordRetracted` and of what is `Replacing` that record. The clock stands still, long after them.
    `store` opens another empty store than one in memory.

    >>> from ledger import MemberJoined, MemberLeft
    >>> book = ledger_of(("chess", MemberJoined("ada", "2021")), ("chess", MemberLeft("ada", "2023-01-01")))
    >>> len(book.initiative("chess").at("2022-12-31"))
    1
    """
    opened = store()
    write_records(opened, records_of(*batches), lambda: NOW)
    return DrawnLedger(opened, batches)


def ledgers(*, initiatives: int = 1, store: OpenStore = memory, **drawn: Any) -> st.SearchStrategy[Ledger]:
    """Draw an open ledger in which something is recorded, of one initiative or of up to 3.

    The first is called `clusters`. `drawn` are the options of `histories`: `members`, `metrics`, `rough`, `bounds`,
    `retractions`, `closing`, `parts`, `days`, `max_size`; so `metrics=[MetricDefined("dues", "EUR/year")]` draws
    ledgers with a metric of your own. `store` opens another empty store than one in memory.
    Draw only as many as you look at: each is a database.
    """
    if not isinstance(initiatives, int) or not 1 <= initiatives <= len(INITIATIVES):
        raise InvalidArgument(f"initiatives={initiatives!r} must be a number from 1 to {len(INITIATIVES)}")
    several = st.lists(histories(**drawn), min_size=1, max_size=initiatives)
    turns = st.lists(st.integers(0, initiatives - 1), max_size=20) if initiatives > 1 else st.just([])
    return _ledgers(several, turns, store)


@st.composite  # and no `builds`, which would print as its own call
def _ledgers(
    draw: st.DrawFn,
    several: st.SearchStrategy[list[History]],
    turns: st.SearchStrategy[list[int]],
    store: OpenStore,
) -> Ledger:
    first, *others = draw(several)
    return ledger_of(*_woven([first or _LAUNCHED, *others], draw(turns)), store=store)


def _woven(several: Sequence[Sequence[Record]], turns: Sequence[int]) -> list[tuple[str | Item, ...]]:
    """Weave histories into the batches of one ledger, in which the ids of their records are others."""
    left = [list(recorded_together(records)) for records in several]
    ids: list[dict[str, str]] = [{} for _ in several]
    woven: list[tuple[str | Item, ...]] = []
    position, waiting = 0, list(turns)
    while any(left):
        turn = (waiting.pop(0) if waiting else 0) % len(left)
        while not left[turn]:
            turn = (turn + 1) % len(left)
        items: list[Item] = []
        for record in left[turn].pop(0):
            position += 1
            ids[turn][record.id] = f"r{position}"
            items.append(_renamed(record, ids[turn]))
        woven.append((INITIATIVES[turn], *items))
    return woven


def _renamed(record: Record, ids: dict[str, str]) -> Item:
    event = record.event
    if isinstance(event, RecordRetracted):
        event = evolve(event, record=ids.get(event.record, event.record))
    return event if record.replaces is None else Replacing(ids.get(record.replaces, record.replaces), event)


def points(of: Ledger | Initiative | Iterable[Record]) -> st.SearchStrategy[Point]:
    """Draw a day and a moment of knowledge, at and around those at which answers can change.

    The days are those around both ends of every window, the moments each position, in the middle of a batch too, each
    instant, what lies just before and after it, and None.

    >>> from ledger import MemberJoined
    >>> from ledger.testing.scripts import history_of
    >>> points(history_of([MemberJoined("basque", "2021-01-01")]))
    builds(Point, sampled_from([datetime.date(2020, 12, 31), datetime.date(2021, 1, 1)]), ...)
    """
    records = list(of.records() if isinstance(of, Ledger | Initiative) else of)
    return st.builds(Point, st.sampled_from(breakpoints(records)), st.sampled_from(moments_of(records)))


def moments_of(records: Iterable[Record]) -> list[datetime | int | None]:
    """Give the moments of knowledge around which answers can change, the present first."""
    written = list(records)
    positions = {near for record in written for near in (record.position - 1, record.position, record.position + 1)}
    instants = {
        near
        for record in written
        for near in (record.recorded_at - A_MOMENT, record.recorded_at, record.recorded_at + A_MOMENT)
    }
    return [None, *sorted(positions | {0}), *sorted(instants)]


def pooled_days(days: Iterable[str] | None = None) -> list[str]:
    """Give, as texts, the days around all windows that histories draw from: those of `days`, or the usual ones."""
    windows = [When(text) for text in (EXACT_DAYS + ROUGH_DAYS if days is None else days)]
    ends = {end for when in windows for end in (when.earliest, when.latest)} - {date.min}
    near = ends | {end - A_DAY for end in ends}
    usual = sorted(near, key=lambda day: (day != date(2021, 1, 1), day))  # the simplest one first
    return [day.isoformat() for day in usual]


__all__ = ["NOW", "ledger_of", "ledgers", "memory", "moments_of", "points", "pooled_days"]
