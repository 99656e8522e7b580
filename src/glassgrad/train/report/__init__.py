"""The report of a run on a table: one HTML file that needs nothing, and the same plots as PNG. Floor 7."""

from glassgrad.train.report.findings import Column, Findings, Importance, Norms
from glassgrad.train.report.page import page
from glassgrad.train.report.pictures import write_pictures

__all__ = ["Column", "Findings", "Importance", "Norms", "page", "write_pictures"]
