"""The report of a run on a table: one HTML file that needs nothing, and the same plots as PNG. Floor 7."""
