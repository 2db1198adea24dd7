"""Where records are kept: the contract of a store, and the stores that meet it."""
