"""Exchange with other programs: sheets of memberships, amounts and claims, and whole ledgers, copied or as lines."""

from ledger.exchange.anew import record_anew
from ledger.exchange.claim_sheets import claims
from ledger.exchange.copies import copy, write_records
from ledger.exchange.event_lines import events_from_lines
from ledger.exchange.json_schemas import event_schema, record_schema
from ledger.exchange.lines import from_lines, to_lines
from ledger.exchange.objects import sheet_of_objects
from ledger.exchange.sheet_records import SheetRecorded
from ledger.exchange.spell_sheets import spells
from ledger.exchange.tables import Rejected, RejectsFile, Table
from ledger.exchange.value_sheets import Amounts, values, wide_values

__all__ = [
    "Amounts",
    "Rejected",
    "RejectsFile",
    "SheetRecorded",
    "Table",
    "claims",
    "copy",
    "event_schema",
    "events_from_lines",
    "from_lines",
    "record_anew",
    "record_schema",
    "sheet_of_objects",
    "spells",
    "to_lines",
    "values",
    "wide_values",
    "write_records",
]
