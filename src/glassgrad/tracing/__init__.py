"""Floor 3: user function -> graph. A tracer stands for a value and answers NumPy's own protocols."""
