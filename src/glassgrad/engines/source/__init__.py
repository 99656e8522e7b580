"""Graphs as text that a person would write: NumPy and JavaScript, without this library. Floor 4."""
