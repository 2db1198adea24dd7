"""Who was a member, and what did we claim, on that day? An event-sourced membership ledger."""

import typing

from ledger.book import Ledger
from ledger.book import open as open  # not in __all__: `import *` must not hide Python's own
from ledger.initiative import Initiative
from ledger.model.errors import LedgerError, NotAdditive, Refused
from ledger.model.events import (
    Claim,
    Event,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.figures import Figure
from ledger.model.measures import Distinct, Grouping, Joined, Members, Share, Total, Value
from ledger.model.quantity import Quantity, about, at_least, at_most, between, exactly, rounded
from ledger.model.records import Record
from ledger.model.state import InitiativeState, replay
from ledger.model.when import When

if typing.TYPE_CHECKING:
    from ledger.queries.findings import Finding
else:  # a type checker would take it for a promise that every name is here

    def __getattr__(name: str) -> type:
        """Import what few programs name when it is first asked for."""
        if name == "Finding":
            from ledger.queries.findings import Finding  # noqa: PLC0415 - with it comes all that explains figures

            return Finding
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Claim",
    "Distinct",
    "Event",
    "Figure",
    "Finding",
    "Grouping",
    "Initiative",
    "InitiativeChanged",
    "InitiativeClosed",
    "InitiativeLaunched",
    "InitiativeState",
    "Joined",
    "Ledger",
    "LedgerError",
    "MemberChanged",
    "MemberJoined",
    "MemberLeft",
    "MemberReinstated",
    "MemberSuspended",
    "Members",
    "MetricDefined",
    "MetricUpdated",
    "NotAdditive",
    "Quantity",
    "Record",
    "RecordRetracted",
    "Refused",
    "ReportPublished",
    "Share",
    "Total",
    "Value",
    "When",
    "about",
    "at_least",
    "at_most",
    "between",
    "exactly",
    "replay",
    "rounded",
]
