"""What is true: events, facts and replay, pure and without a clock, a store or any other input."""
