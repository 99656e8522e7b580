"""Reductions over large arrays that depend on one another, block by block in one sweep over memory. Floor 4."""
