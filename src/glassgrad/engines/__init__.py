"""Floor 4: graph -> callable: the reference engine (NumPy) and source text."""
