"""All strategies in one place, from single values to whole histories, to be drawn with in your own tests.

They draw what the library takes, in small pools so that things meet, and simple things first: a failing test
shrinks to a member "a" on the day 2000-01-01, or to a history of a record or two.

    from hypothesis import given
    from ledger.testing.strategies import histories

    @given(histories())
    def test_my_code_takes_every_history(records): ...

Options are passed by name and checked at once; a wrong one raises Hypothesis' `InvalidArgument`.
"""

from ledger.testing.histories import filters, histories, hostile_histories, questions, totals
from ledger.testing.ledgers import ledgers, points
from ledger.testing.reports import reports_with_false_claims, reports_with_true_claims
from ledger.testing.values import (
    attributes,
    claims,
    days,
    events,
    ids,
    measures,
    names,
    numbers,
    quantities,
    texts,
    whens,
)

__all__ = [
    "attributes",
    "claims",
    "days",
    "events",
    "filters",
    "histories",
    "hostile_histories",
    "ids",
    "ledgers",
    "measures",
    "names",
    "numbers",
    "points",
    "quantities",
    "questions",
    "reports_with_false_claims",
    "reports_with_true_claims",
    "texts",
    "totals",
    "whens",
]
