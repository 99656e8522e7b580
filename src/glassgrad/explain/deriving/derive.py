"""`derive`: the derivative of a formula with every step that leads to it. Floor 6."""

import ast
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.explain.derivation import Derivation
from glassgrad.explain.deriving.sections import by_names, sections_of, spelled, steps_for_programs
from glassgrad.explain.deriving.units import Units, units_of
from glassgrad.explain.deriving.worked import Worked, work
from glassgrad.explain.entries import Link
from glassgrad.explain.notation import to_text
from glassgrad.explain.values import number
from glassgrad.frontends.formula import read_problem

HIGHEST = 12  # orders of derivatives; expressions of higher ones are of no use to anybody


def derive(
    expr: str,
    *,
    let: Sequence[str] | str = (),
    wrt: str | None = None,
    at: Sequence[str] | str | Mapping[str, float | str] | None = None,
    order: int = 1,
    units: str | Mapping[str, str] | None = None,
) -> Derivation:
    """The derivative of a formula, step by step, as the formula was written.

    `let` names inner formulas (`"h = 4000 - 0.5*9.8*t**2"`), which become links of the chain. `wrt` is the variable, or
    the name of a let; the only variable unless given. `at` gives values (`"t=10"` or `{"t": 10}`), `order` asks for
    higher derivatives, `units` (`"t=s, h=m"`) labels everything with units, by pint.

    Raises FormulaError where something cannot be read, UnitsError where units contradict each other.

    >>> fall = derive("p = 101325*exp(-0.0001*h)", let="h = 4000 - 0.5*9.8*t**2", at="t=10")
    >>> fall.expression
    '101325*0.0001*9.8*t*exp(-0.0001*(4000 - 0.5*9.8*t**2))'
    >>> round(fall.derivative, 3)
    699.045
    """
    return derivation_of(*worked_problem(expr, let=let, wrt=wrt, at=at, order=order, units=units))


def worked_problem(
    expr: str,
    *,
    let: Sequence[str] | str = (),
    wrt: str | None = None,
    at: Sequence[str] | str | Mapping[str, float | str] | None = None,
    order: int = 1,
    units: str | Mapping[str, str] | None = None,
) -> tuple[Worked, Units]:
    """As `derive`, before it is put on a page."""
    if not isinstance(expr, str):
        raise UsageError(
            f"derive takes a formula as text, found {type(expr).__name__}",
            hint="gg.derive(str(expression)); for a function: gg.explain(f, 3.0)",
        )
    _check_order(order)
    _check_kind("wrt", wrt, number=False, hint='wrt="x"')
    _check_kind("let", let, number=False, hint='let="h = 3*t", or several in a list')
    _check_kind("at", at, number=True, hint='at="t=10" or at={"t": 10}')
    _check_kind("units", units, number=False, hint='units="t=s" or units={"t": "s"}')
    problem = read_problem(expr, let, wrt=wrt, at=at if at is not None else (), units=units)
    known = units_of(problem)
    return work(problem, order), known


def _check_order(order: object) -> None:
    if not isinstance(order, int | np.integer) or isinstance(order, bool) or not 1 <= order <= HIGHEST:
        raise UsageError(f"order={order!r} cannot be derived", hint=f"orders go from 1 to {HIGHEST}")


def _check_kind(name: str, given: object, *, number: bool, hint: str) -> None:
    """An error where what is given is neither text, nor texts, nor (a number, where `number`) by names."""
    match given:
        case None | str():
            return
        case Mapping():
            found = [*given, *[value for value in given.values() if not (number and _is_number(value))]]
        case Sequence():
            found = list(given)
        case _:
            found = [given]
    for part in found:
        if not isinstance(part, str):
            raise UsageError(f"{name} takes text, found {part!r}", hint=hint)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) or (isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf")


def derivation_of(worked: Worked, units: Units) -> Derivation:
    """A worked problem as a derivation with its pages."""
    problem, result = worked.problem, worked.result
    sections, symbols = sections_of(worked, units)
    return Derivation(
        function=f"{problem.name} = {problem.formula.source.rpartition('=')[2].strip()}",
        wrt=(problem.wrt,),
        sections=sections,
        check=worked.check,
        title=_title(worked, units),
        order=worked.order,
        value=worked.number_of(worked.chain[-1].tree),
        expression=spelled(worked, result.derivative) or spelled(worked, by_names(worked)),
        derivative=result.value,
        unit=units.quotient(problem.name, problem.wrt, worked.order),
        links=_links(worked, units),
        steps=steps_for_programs(worked),
        kinks=worked.kinks,
        domain=worked.domain,
        symbols=symbols,
    )


def _title(worked: Worked, units: Units) -> str:
    """`dp/dt at t = 10 s`."""
    problem = worked.problem
    power = "" if worked.order == 1 else "²³⁴⁵⁶⁷⁸⁹"[worked.order - 2] if worked.order < 10 else f"^{worked.order}"
    sign = "d" if len(problem.variables) < 2 else "∂"
    name, wrt = (to_text_name(each) for each in (problem.name, problem.wrt))
    title = f"{sign}{power}{name}/{sign}{wrt}{power}"
    values = [
        f"{variable} = {number(value)} {units.of(variable) or ''}".strip() for variable, value in problem.at.items()
    ]
    return f"{title} at {', '.join(values)}" if values else title


def to_text_name(name: str) -> str:
    """A name as a page shows it."""
    return to_text(ast.Name(name, ast.Load()))


def _links(worked: Worked, units: Units) -> tuple[Link, ...]:
    """The links of the chain, in order of dependence."""
    return tuple(
        Link(
            name=link.named.name,
            of=link.of,
            expression=spelled(worked, link.named.tree),
            local_derivative=spelled(worked, link.derivative),
            value=worked.number_of(link.named.tree),
            local_value=worked.number_of(link.derivative),
            unit=units.quotient(link.named.name, link.of),
        )
        for link in worked.links
    )
