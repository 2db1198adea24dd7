"""Exchange with other programs: memberships and claims from CSV files, and whole ledgers, copied or as JSON Lines."""

from ledger.exchange.anew import record_anew
from ledger.exchange.claim_sheets import claims
from ledger.exchange.copies import copy, write_records
from ledger.exchange.lines import from_lines, to_lines
from ledger.exchange.spell_sheets import spells

__all__ = ["claims", "copy", "from_lines", "record_anew", "spells", "to_lines", "write_records"]
