"""What is seen: one file for each symptom, each a function of a trace that says what it found and where."""
