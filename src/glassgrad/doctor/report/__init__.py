"""The report: what a person reads in a minute, as text, as one HTML file, as JSON."""
