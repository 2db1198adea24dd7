"""Ways to look at a ledger: documents. Each is opened by a method below, and imported when that is called."""
