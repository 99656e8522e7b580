"""Printers that turn a Python expression in NumPy's dialect into readable mathematics. Floor 6, in explain.

    expr ── expressions, calls (one walk, one rule of brackets) ──> pieces ──> latex, mathml, text, sympy_text

`signs` and `table` state every spelling once; `symbols` displays names.
"""

from glassgrad.explain.notation.latex import to_latex
from glassgrad.explain.notation.mathml import math_element, to_mathml, wrap_math
from glassgrad.explain.notation.symbols import Symbol, function_symbol, partial, symbol_of, total
from glassgrad.explain.notation.sympy_text import to_sympy
from glassgrad.explain.notation.text import to_text
from glassgrad.explain.notation.wrap import wrap

__all__ = [
    "Symbol",
    "function_symbol",
    "math_element",
    "partial",
    "symbol_of",
    "to_latex",
    "to_mathml",
    "to_sympy",
    "to_text",
    "total",
    "wrap",
    "wrap_math",
]
