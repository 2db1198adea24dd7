"""Every store passes the conformance suite, a broken one does not, and each test of the suite finds some fault."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Lock

import pytest

from ledger.stores.sqlite import SqliteStore
from ledger.testing.conformance import StoreConformance


def example(name):
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    spec = spec_from_file_location(name, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ListStore = example("list_store").ListStore


class TestSqliteFile(StoreConformance):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: SqliteStore(str(tmp_path / "ledger.db"))


class MemoryHandle(SqliteStore):
    """One more handle to a database in memory: it shares the connection, and its turn, with all others."""

    def __init__(self, whole):
        self.path, self._lock, self._place = whole.path, whole._lock, whole._place
        self._connection, self._remembered = whole._connection, {}

    def close(self):
        self._connection = None  # the others still have it


class TestSqliteInMemory(StoreConformance):
    @pytest.fixture
    def open_store(self):
        whole = SqliteStore(":memory:")
        yield lambda: MemoryHandle(whole)
        whole.close()


class TestListStore(StoreConformance):
    @pytest.fixture
    def open_store(self):
        kept, turn = [], Lock()
        return lambda: ListStore(kept, turn)
