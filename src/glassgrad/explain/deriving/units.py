"""Units of a problem, by pint: those given, those that follow from them, and contradictions. Floor 6.

Numbers in a formula may carry units of their own (0.0001 is 0.0001/m): what a number can absorb is no contradiction.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NoReturn

from glassgrad.base.errors import UnitsError
from glassgrad.explain.notation import to_text
from glassgrad.frontends.formula import Formula, Problem, evaluate
from glassgrad.frontends.formula.complaints import caret_lines
from glassgrad.frontends.formula.nodes import dotted_name, in_order, is_condition, operands, variables

_KEEPING = frozenset({"np.abs", "np.floor", "np.ceil", "np.trunc", "np.rint"})
_ALIKE = frozenset({"np.maximum", "np.minimum", "np.hypot"})
_ROOTS = MappingProxyType({"np.sqrt": 1 / 2, "np.cbrt": 1 / 3})
_PURE = frozenset({"np.sign", "np.heaviside"})


@dataclass(frozen=True, slots=True)
class Units:
    """The unit of each name, where it is known (pint's `Unit`; pint has no types of its own here)."""

    known: Mapping[str, Any]

    def of(self, name: str) -> str | None:
        """The unit of a name in short: `m/s`."""
        return _short(self.known.get(name))

    def quotient(self, name: str, of: str, order: int = 1) -> str | None:
        """The unit of a derivative."""
        above, below = self.known.get(name), self.known.get(of)
        return None if above is None or below is None else _short(above / below**order)


def units_of(problem: Problem) -> Units:
    """The units given with a problem and those that follow from them.

    Raises:
        UnitsError: pint is missing, a unit is unknown, or units contradict each other.
    """
    if not problem.units:
        return Units({})
    known = {name: _unit(name, text) for name, text in problem.units.items()}
    for formula in (*problem.lets, problem.formula):
        name = problem.name if formula is problem.formula else formula.name or ""
        found = _Inference(formula, known).unit()
        given = known.get(name)
        if given is not None and found is not None and not _same(given, found):
            _refuse(formula, formula.tree, f"`{name}` is given in {_name(given)}, and its formula is in {_name(found)}")
        if given is None and found is not None:
            known[name] = found
    return Units(known)


# ---------------------------------------------------------------------- pint
@cache
def _registry() -> Any:
    try:
        import pint  # optional: the extra `units`
    except ImportError:
        raise UnitsError("units need the package pint", hint="pip install 'glassgrad[units]'") from None
    return pint.UnitRegistry()


def _unit(name: str, text: str) -> Any:
    registry = _registry()
    try:
        return registry.parse_units(text)
    except Exception as error:  # noqa: BLE001 - pint raises its own and Python's errors for texts that are no units
        raise UnitsError(f"`{text}`, the unit of `{name}`, is not known", hint=f"pint says: {error}") from None


def _short(unit: Any) -> str | None:
    return None if unit is None else f"{unit:~P}" or "1"


def _name(unit: Any) -> str:
    return "pure numbers" if _is_pure(unit) else f"{unit:~P}" or "pure numbers"


def _same(one: Any, other: Any) -> bool:
    """Do numbers in both units mean the same?"""
    if one == other:
        return True
    if not one.is_compatible_with(other):
        return False
    try:
        return bool(abs((1.0 * one).to(other).magnitude - 1.0) < 1e-12)
    except Exception:  # noqa: BLE001 - scales with different zeros (°C and K) do not convert as factors
        return False


def _is_pure(unit: Any) -> bool:
    return bool(unit.dimensionless) and _same(unit, _registry().dimensionless)


# ---------------------------------------------------------------------- what follows
class _Inference:
    """The units of a formula's parts; None where a number may carry a unit of its own."""

    def __init__(self, formula: Formula, known: Mapping[str, Any]) -> None:
        self.formula = formula
        self.known = known
        self.units: dict[ast.expr, Any] = {}

    def unit(self) -> Any:
        """The unit of the whole formula."""
        for part in in_order(self.formula.tree):
            self.units[part] = self._of(part)
        return self.units[self.formula.tree]

    def _of(self, part: ast.expr) -> Any:
        inner = [self.units[operand] for operand in operands(part)]
        match part:
            case ast.Name(id=name):
                return self.known.get(name)
            case ast.Attribute():
                return _registry().dimensionless
            case ast.UnaryOp():
                return inner[0]
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mod() as operator):
                verb = {ast.Add: "adds", ast.Sub: "subtracts"}.get(type(operator), "divides with remainder")
                return self._alike(part, operands(part), verb)
            case ast.BinOp(op=ast.Mult()):
                return None if None in inner else inner[0] * inner[1]
            case ast.BinOp(op=ast.Div()):
                return None if None in inner else inner[0] / inner[1]
            case ast.BinOp(op=ast.FloorDiv()):
                return None
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                return self._power(base, exponent)
            case ast.Compare():
                self._alike(part, operands(part), "compares")
                return None
            case ast.Call(func=function):
                return self._call(part, dotted_name(function) or "")
        return None

    def _alike(self, part: ast.expr, terms: list[ast.expr], verb: str) -> Any:
        """The common unit of things that are added or compared."""
        told = [(term, self.units[term]) for term in terms if self.units[term] is not None]
        for term, unit in told[1:]:
            first, expected = told[0]
            if not _same(expected, unit):
                both = f"`{to_text(first)}` is in {_name(expected)}, `{to_text(term)}` in {_name(unit)}"
                hint = None
                if expected.is_compatible_with(unit):
                    hint = "numbers are not converted: give both in one unit"
                _refuse(self.formula, part, f"this {verb} different units: {both}", hint)
        return told[0][1] if told else None

    def _power(self, base: ast.expr, exponent: ast.expr) -> Any:
        self._pure(exponent, "an exponent")
        unit = self.units[base]
        if unit is None or variables(exponent):
            return unit if unit is not None and _is_pure(unit) else None
        number = evaluate(exponent, {})
        return unit ** (int(number) if number == int(number) else number)

    def _call(self, part: ast.Call, function: str) -> Any:
        arguments = part.args
        if function in _KEEPING:
            return self.units[arguments[0]]
        if function in _ROOTS:
            unit = self.units[arguments[0]]
            return None if unit is None else unit ** _ROOTS[function]
        if function in _ALIKE:
            return self._alike(part, arguments, "compares" if function != "np.hypot" else "adds")
        if function == "np.where":
            return self._alike(part, arguments[1:], "chooses between")
        if function == "np.arctan2":
            self._alike(part, arguments, "divides")
        elif function not in _PURE:
            for argument in arguments:
                if not is_condition(argument):
                    self._pure(argument, f"the argument of {function.rpartition('.')[2]}")
        return None if is_condition(part) else _registry().dimensionless

    def _pure(self, part: ast.expr, what: str) -> None:
        unit = self.units[part]
        if unit is not None and not _is_pure(unit):
            hint = "`radians(…)` turns degrees into a pure number" if str(unit) == "degree" else None
            _refuse(
                self.formula, part, f"{what} must be a pure number, and `{to_text(part)}` is in {_name(unit)}", hint
            )


def _refuse(formula: Formula, part: ast.expr, message: str, hint: str | None = None) -> NoReturn:
    """An error that shows the place in the formula."""
    span = (part.col_offset, part.end_col_offset or part.col_offset + 1)
    line, caret = caret_lines(formula.source, span)
    raise UnitsError(f"{message}\n    {line}\n    {caret}", hint=hint)
