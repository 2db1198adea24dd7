"""Faster and richer ways to ask, all of them held against the replay in `ledger.model.state`."""
