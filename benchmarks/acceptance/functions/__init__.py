"""The matrix-calculus set: functions as a person writes them in plain NumPy, and the arguments to call them with."""
