"""Exchange with other programs: memberships and claims from CSV files, and whole ledgers, copied or as JSON Lines."""

from ledger.exchange.claim_sheets import claims
from ledger.exchange.spell_sheets import spells

__all__ = ["claims", "spells"]
