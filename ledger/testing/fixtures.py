"""Fixtures for pytest: a clock that stands still, and an open ledger on it.

They are not loaded by themselves: pytest imports what loads itself at each of its starts, and `import ledger` at the
start of every test run would be paid by projects that never ask for it. Name them once, in your top `conftest.py`:

    pytest_plugins = ["ledger.testing.fixtures"]

or import those that you use. Each test gets its own, so that tests share nothing. A property test that draws many
examples wants a ledger for each of them, which a fixture cannot give: open one in the test, with a `FrozenClock`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.book import Ledger
from ledger.book import open as open_ledger
from ledger.testing.clock import FrozenClock


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """A clock that stands still at the first of January 2024: `set` it, or `advance` it."""
    return FrozenClock()


@pytest.fixture
def ledger_book(frozen_clock: FrozenClock) -> Iterator[Ledger]:
    """An open ledger in memory, on the `frozen_clock`; it is closed after the test."""
    with open_ledger(":memory:", clock=frozen_clock) as book:
        yield book
