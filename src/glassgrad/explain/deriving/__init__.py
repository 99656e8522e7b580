"""Formulas differentiated as a textbook does it: the local derivatives of rows over named expressions. Floor 6.

tree ── reading ──> terms ── differentiating, by the rows of the op table ──> terms ── writing ──> tree
"""
