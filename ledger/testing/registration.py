"""What Hypothesis calls, through its entry point, when it is imported: types of the ledger then draw themselves.

    @given(st.from_type(MemberJoined))

    @given(...)
    def test_my_view(book: Ledger): ...

Nothing is imported for those who do not use Hypothesis, and the strategies only when the first of them is drawn from.
Those who do use it pay for the import of `ledger`, some tenths of a second; `HYPOTHESIS_NO_PLUGINS=1` spares it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def register() -> None:
    """Tell Hypothesis how to draw events, amounts, days, claims, measures, records, states, initiatives and ledgers."""
    from hypothesis.strategies import register_type_strategy  # noqa: PLC0415 - it is being imported right now

    from ledger.book import Ledger  # noqa: PLC0415 - for those who use Hypothesis only
    from ledger.initiative import Initiative  # noqa: PLC0415
    from ledger.model.events import EVENTS, Attributes, Claim  # noqa: PLC0415
    from ledger.model.measures import MEASURES  # noqa: PLC0415
    from ledger.model.quantity import Quantity  # noqa: PLC0415
    from ledger.model.records import Record  # noqa: PLC0415
    from ledger.model.state import InitiativeState  # noqa: PLC0415
    from ledger.model.when import When  # noqa: PLC0415

    for cls in (*EVENTS, *MEASURES, Attributes, Claim, Quantity, When, Record, InitiativeState, Initiative, Ledger):
        register_type_strategy(cls, _drawn)


def _drawn(cls: type[Any]) -> SearchStrategy[Any]:
    from ledger.testing.typed import strategy_of  # noqa: PLC0415 - when the first one is drawn

    return strategy_of(cls)
