"""Formulas differentiated as a textbook does it: the rows' local derivatives over named expressions. Floor 6, in explain.

    canonical tree ── reading ──> terms ── differentiating (rows of the op table) ──> terms ── writing ──> tree
"""
