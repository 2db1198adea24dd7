"""Which strategy draws a type: what `st.from_type` gives for the types of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from ledger.book import Ledger
from ledger.initiative import Initiative
from ledger.model.events import EVENTS, Attributes, Claim
from ledger.model.measures import MEASURES
from ledger.model.quantity import Quantity
from ledger.model.records import Record
from ledger.model.state import InitiativeState, replay
from ledger.model.when import When
from ledger.testing.histories import breakpoints, histories
from ledger.testing.ledgers import ledgers
from ledger.testing.scripts import History
from ledger.testing.values import attributes, claims, events, measures, quantities, whens


@st.composite
def _states(draw: st.DrawFn) -> InitiativeState:
    records = draw(histories())
    return replay(records, at=draw(st.sampled_from(breakpoints(records))))


def _initiatives() -> st.SearchStrategy[Initiative]:
    return ledgers().map(_first)


def _first(book: Ledger) -> Initiative:
    return book.initiative(book.initiatives()[0])


def _records() -> st.SearchStrategy[Record]:
    return ledgers().flatmap(lambda book: st.sampled_from(list(book.records())))


_STRATEGIES: Final[Mapping[type[Any], Callable[[], st.SearchStrategy[Any]]]] = {
    Attributes: attributes,
    Claim: claims,
    Quantity: quantities,
    When: whens,
    Record: _records,
    History: histories,
    InitiativeState: _states,
    Initiative: _initiatives,
    Ledger: ledgers,
}


def strategy_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Give the strategy that draws a class of event, of measure, or another type of the ledger."""
    if cls in EVENTS:
        return events(cls)
    if cls in MEASURES:
        return measures(cls)
    return _STRATEGIES[cls]()
