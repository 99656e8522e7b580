"""Reductions that depend on one another over the same data, in one sweep over memory. Floor 4."""
