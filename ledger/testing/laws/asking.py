"""What laws share: an answer to be asked for, the figures that are asked by default, and ledgers made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from attrs import evolve

from ledger.book import Ledger
from ledger.exchange.copies import write_records
from ledger.initiative import Initiative
from ledger.model.errors import Refused, UnknownMetric
from ledger.model.events import Event, MemberJoined, MetricUpdated
from ledger.model.figures import Figure
from ledger.model.measures import Distinct, Measure, Members, Simple, Total
from ledger.model.quantity import Quantity
from ledger.model.records import KnownAt, Record
from ledger.model.state import InitiativeState
from ledger.model.tables import Keyed
from ledger.testing.ledgers import NOW, memory

Ask: TypeAlias = Callable[[Initiative, "date | str", KnownAt], Any]
"""Your own answer: of an initiative, at the end of a day, as known at a moment. It is compared with `==`."""

Answers: TypeAlias = dict[str, tuple[Quantity, Quantity]]

NEWCOMER: Final = "newcomer"


def figures(initiative: Initiative, at: date | str, known_at: KnownAt = None) -> Answers:
    """Answer the usual counts and totals, by country too: the amount of each, and its envelope.

    >>> from ledger import MemberJoined
    >>> from ledger.testing import ledger_of
    >>> book = ledger_of(("chess", MemberJoined("ada", "2021")))
    >>> figures(book.initiative("chess"), "2022-01-01")["Members()"]
    (Quantity.parse('1'), Quantity.parse('1'))
    """
    state = initiative.at(at, known_at)
    found = {_short(measure): state.measure(measure) for measure in measures_of(state)}
    counted: list[Simple] = [Members(), *_totals(state)]
    for measure in counted:
        for value, figure in state.measure(measure, by="country").items():
            found[f"{_short(measure)} of {value}"] = figure
    return {name: (figure.amount, figure.envelope) for name, figure in found.items()}


def measures_of(state: InitiativeState) -> list[Members | Distinct | Total]:
    """Give the counts and totals that are asked by default."""
    return [Members(), Members(suspended=True), Distinct("country"), *_totals(state)]


def _totals(state: InitiativeState) -> list[Total]:
    additive = [metric for metric, definition in state.metrics.items() if definition.additive]
    return [Total(metric, overlap="parts") for metric in additive]


def _short(measure: Measure) -> str:
    match measure:
        case Members(suspended=True):
            return "Members(suspended=True)"
        case Distinct(attribute=name) | Total(metric=name):
            return f"{type(measure).__name__}({name!r})"
        case _:
            return "Members()"


def initiatives_of(book: Ledger) -> list[Initiative]:
    """Give the initiatives that have records."""
    return [book.initiative(id) for id in book.initiatives()]


def ledger_with(records: Iterable[Record]) -> Ledger:
    """Open a ledger in memory with these records in it; the positions must have no gaps."""
    store = memory()
    write_records(store, records, lambda: NOW)
    return Ledger(store, lambda: NOW)


def numbered(records: Iterable[Record]) -> list[Record]:
    """Give these records places in a ledger of their own, one after the other, in the batches they were in.

    Those that were recorded together stay so where they are still neighbours; the order is the one given.
    """
    placed: list[Record] = []
    versions: dict[str, int] = {}
    before: datetime | None = None
    instant = datetime(2020, 1, 1, tzinfo=UTC)
    for position, record in enumerate(records, 1):
        versions[record.initiative] = version = versions.get(record.initiative, 0) + 1
        if record.recorded_at != before:
            instant += timedelta(days=1)
        before = record.recorded_at
        placed.append(evolve(record, position=position, version=version, recorded_at=instant, digest=""))
    return placed


def require_same(found: object, expected: object, what: str) -> None:
    """Raise `AssertionError` if two answers differ, and say in which parts where they are mappings."""
    __tracebackhide__ = True
    if isinstance(found, Figure) and isinstance(expected, Figure):
        # a figure also names a day, and whom it rests on, which takes the longest to read
        same = (found.amount, found.envelope) == (expected.amount, expected.envelope)
    else:
        same = found == expected
    if same:
        return
    if isinstance(found, dict | Keyed) and isinstance(expected, dict | Keyed):
        differing = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
        found, expected = ({name: side.get(name) for name in differing} for side in (found, expected))
    raise AssertionError(f"{what}: {found!r}, and not {expected!r}")


def try_to_record(initiative: Initiative, *events: Event, **terms: Any) -> tuple[Record, ...]:
    """Record a batch; give no record where the rules refuse it, since to judge them is not what a law is for."""
    try:
        return initiative.record(*events, **terms)
    except Refused:
        return ()


def unused_ids(book: Ledger, many: int) -> list[str]:
    """Give ids that nothing was recorded with, unless by another law."""
    newest = list(book.records())[-1].position
    return [str(UUID(int=(7 << 76) | (2 << 62) | newest + place)) for place in range(1, many + 1)]


def newcomer(state: InitiativeState, at: date) -> list[Event]:
    """Make somebody join who never did, in a country, and with a value of each metric."""
    joined = MemberJoined(NEWCOMER, at, name="A Newcomer", attributes={"country": "Spain"})
    values = [
        MetricUpdated(metric, at, f"7 {definition.unit}".strip(), member=NEWCOMER)
        for metric, definition in state.metrics.items()
    ]
    return [joined, *values]


def some_moments(records: Sequence[Record]) -> Iterator[datetime | int]:
    """Give a few moments of knowledge from before all records to the newest: positions and instants."""
    yield 0
    for place in sorted({0, len(records) // 3, len(records) // 2, len(records) - 1}):
        yield records[place].position
        yield records[place].recorded_at


def figure_of(state: InitiativeState, measure: Measure) -> Figure | str:
    """Answer a measure, or say why there is no answer."""
    try:
        return state.measure(measure)
    except UnknownMetric as error:
        return type(error).__name__
