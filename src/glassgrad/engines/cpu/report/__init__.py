"""Seeing inside of a native program: its loops, memory and times as data and as text. Floor 4."""
