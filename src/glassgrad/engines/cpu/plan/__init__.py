"""Which value is computed in which loop, and where it is kept. Floor 4."""
