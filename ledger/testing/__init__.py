"""What you import in the tests of code that is built on the ledger: strategies, laws, machines, store conformance.

It needs the extra `testing`: `pip install 'membership-ledger[testing]'`. Each name is imported when it is first asked
for, since Hypothesis loads this package whenever it is itself imported, to learn how the types of the ledger are drawn.
"""

import typing
from importlib import import_module
from importlib.util import find_spec

from ledger.model.errors import MissingExtra

if find_spec("hypothesis") is None:
    raise MissingExtra("ledger.testing", "hypothesis", "testing")

if typing.TYPE_CHECKING:
    from ledger.testing import laws, strategies
    from ledger.testing.clock import FrozenClock
    from ledger.testing.conformance import StoreConformance
    from ledger.testing.ledgers import ledger_of
    from ledger.testing.machine import LedgerMachine
    from ledger.testing.scenarios import given
    from ledger.testing.scripts import Replacing, history_of
else:  # a type checker would take it for a promise that every name is here
    _HOMES = {
        "FrozenClock": "clock",
        "LedgerMachine": "machine",
        "Replacing": "scripts",
        "StoreConformance": "conformance",
        "given": "scenarios",
        "history_of": "scripts",
        "ledger_of": "ledgers",
    }

    def __getattr__(name):
        """Import what is named when it is first asked for."""
        if name in __all__:
            home = import_module(f"{__name__}.{_HOMES.get(name, name)}")
            return getattr(home, name) if name in _HOMES else home
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "FrozenClock",
    "LedgerMachine",
    "Replacing",
    "StoreConformance",
    "given",
    "history_of",
    "laws",
    "ledger_of",
    "strategies",
]
