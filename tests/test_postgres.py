"""A ledger in PostgreSQL keeps all promises that one in a file keeps, on a real server."""

import pytest
from hypothesis import settings

from ledger.stores.postgres.store import PostgresStore
from ledger.testing import LedgerMachine
from ledger.testing.conformance import StoreConformance
from postgres import a_ledger, drop, new_address


class TestPostgres(StoreConformance):
    @pytest.fixture
    def open_store(self):
        with a_ledger() as address:
            yield lambda: PostgresStore(address)


class InPostgres(LedgerMachine):
    def new_ledger(self):
        self.address = new_address()

    def open_store(self):
        return PostgresStore(self.address)

    def drop_ledger(self):
        drop(self.address)


class TestMachine(InPostgres.TestCase):
    # a tenth of the runs: each of them makes a schema, and each step asks a server
    settings = settings(max_examples=settings.default.max_examples // 10, stateful_step_count=30)
