"""Does a store keep its promises? A suite of tests for every `EventStore`, of this library or of your own making.

    from ledger.testing.conformance import StoreConformance

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path / "ledger")

Each test is of one promise of `ledger.stores.protocol`, which its name and its docstring say. The suite needs pytest
and Hypothesis; it looks at a tenth of the examples that the profile of Hypothesis in force asks for.
"""

import pytest

pytest.register_assert_rewrite("ledger.testing.store_answers", "ledger.testing.store_writing")

from ledger.testing.store_answers import AnsweringConformance  # noqa: E402 - a failure then shows what was compared
from ledger.testing.store_writing import WritingConformance  # noqa: E402


class StoreConformance(WritingConformance, AnsweringConformance):
    """The tests that every store passes. Subclass it with one fixture, `open_store`.

    That gives a function which opens the store. Each call of it within one test opens the same ledger, which is a new
    one for every test: so the suite has a second handle beside the first, and opens anew what it has closed. A store
    in memory gives a handle to the same memory. The suite closes what it opens.

    Tests record from several threads: a writer should wait for others, for some seconds at least.
    """
