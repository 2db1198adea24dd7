"""What a user of the library imports in tests: strategies that draw its values, worlds and histories."""
