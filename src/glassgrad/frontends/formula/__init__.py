"""The formula language: text -> checked, canonical formulas (`Formula`) and problems (`Problem`). Floor 5."""

from glassgrad.frontends.formula.assignments import Problem, read_problem
from glassgrad.frontends.formula.evaluation import evaluate, evaluate_complex, evaluate_parts
from glassgrad.frontends.formula.formula import Formula, read_formula
from glassgrad.frontends.formula.functions import CONSTANTS, FUNCTIONS

__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "Formula",
    "Problem",
    "evaluate",
    "evaluate_complex",
    "evaluate_parts",
    "read_formula",
    "read_problem",
]
