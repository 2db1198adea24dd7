"""What you import in the tests of code that is built on the ledger: strategies, laws, machines, store conformance."""

from ledger.testing import laws, strategies
from ledger.testing.ledgers import ledger_of
from ledger.testing.scripts import Replacing, history_of

__all__ = ["Replacing", "history_of", "laws", "ledger_of", "strategies"]
