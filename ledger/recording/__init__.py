"""What may be written, and how it is written down: rules, batches, and the JSON form of events."""
