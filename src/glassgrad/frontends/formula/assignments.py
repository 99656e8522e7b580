"""A problem as a person states it: a formula, named inner formulas, values, units, the variable. Floor 5.

`--let "h = …"`, `--at "t=10"` and `--units "t=s, h=m"` are read here, and checked against each other: order of
dependence, cycles, names that do not occur.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula.complaints import complaint, listing, nearest
from glassgrad.frontends.formula.evaluation import evaluate
from glassgrad.frontends.formula.formula import Formula, read_formula
from glassgrad.frontends.formula.grammar import left_side, read_name

_UNIT = re.compile(r"[\w\s*/^().·⋅°%⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹'\"+-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What to differentiate: `formula` with its `lets` in order of dependence, with respect to `wrt`.

    `variables` are the names that no let computes, in order of appearance. `at` has values for some or all of
    them. `wrt` is a variable, or the name of a let (the derivative with respect to a named inner value).
    """

    name: str
    formula: Formula
    lets: tuple[Formula, ...]
    variables: tuple[str, ...]
    wrt: str
    at: Mapping[str, float]
    units: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    """The parts of a problem, read one by one."""

    formula: Formula
    lets: Mapping[str, Formula]
    variables: tuple[str, ...]
    used: tuple[str, ...]
    notes: dict[str, None] = field(default_factory=dict)


def read_problem(
    expression: str,
    let: Sequence[str] | str = (),
    *,
    wrt: str | None = None,
    at: Sequence[str] | str | Mapping[str, float | str] = (),
    units: str | Mapping[str, str] | None = None,
) -> Problem:
    """Read a formula and all that is given with it.

    Raises:
        FormulaError: something cannot be read, does not fit together, or is not used.

    Example:
        >>> lets = ["h = 4000 - 0.5*9.8*t**2"]
        >>> problem = read_problem("p = 101325*exp(-0.0001*h)", lets, at="t=10", units="t=s, p=Pa")
        >>> problem.wrt, problem.variables, dict(problem.at), dict(problem.units)
        ('t', ('t',), {'t': 10.0}, {'t': 's', 'p': 'Pa'})
    """
    let_texts = (let,) if isinstance(let, str) else tuple(let)
    values = dict(_assignments(at, "at", "t=10"))
    unit_texts = {name: text.strip() for name, text in _assignments(units or (), "units", "t=s, h=m")}
    numbers = {*values, *unit_texts} | ({wrt} if wrt is not None else set())
    given = _read(expression, let_texts, numbers)
    name = _result_name(given, unit_texts)
    chosen = _variable(given, wrt)
    variables = tuple(dict.fromkeys((*given.variables, *(() if chosen in given.lets else (chosen,)))))
    _check_at(given, name, variables, values)
    _check_units((*variables, *given.lets, name), unit_texts)
    return Problem(
        name=name,
        formula=given.formula,
        lets=tuple(given.lets[used] for used in given.used),
        variables=variables,
        wrt=chosen,
        at=MappingProxyType({variable: _value(variable, value) for variable, value in values.items()}),
        units=MappingProxyType(unit_texts),
        notes=tuple(given.notes),
    )


# ---------------------------------------------------------------------- the formula and its lets
def _read(expression: str, let_texts: tuple[str, ...], numbers: set[str]) -> _Given:
    functions: dict[str, tuple[str, ...]] = {}
    for text in let_texts:
        name, parameters = left_side(text)
        if name is None:
            raise complaint("a let needs a name", text, (0, len(text)), "write `name = formula`")
        if name in functions:
            raise complaint(f"`{name}` is defined twice", text, (0, len(name)), "give the second one another name")
        functions[name] = parameters
    lets = {name: read_formula(text, numbers, functions) for name, text in zip(functions, let_texts, strict=True)}
    formula = read_formula(expression, numbers, functions)
    if formula.name in lets:
        hint = "leave out the let, or give the formula another name"
        raise complaint(f"`{formula.name}` is the formula and a let as well", lets[formula.name].source, (0, 1), hint)
    order = _order(formula, lets)
    variables = _variables(formula, lets, order)
    formulas = (*(lets[name] for name in order), formula)
    for each in formulas:
        _check_applications(each, lets)
    notes = dict.fromkeys(note for each in formulas for note in each.notes)
    return _Given(formula, lets, variables, order, notes)


def _order(formula: Formula, lets: Mapping[str, Formula]) -> tuple[str, ...]:
    """The lets that the formula needs, each after those it uses itself; all must be needed."""
    own = formula.name or ""  # a let that used the formula's name would close a circle
    uses = {name: [free for free in text.free if free in lets or free == own] for name, text in lets.items()}
    sorter = TopologicalSorter({own: [free for free in formula.free if free in lets or free == own], **uses})
    try:
        order = tuple(name for name in sorter.static_order() if name != own)
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        first = lets.get(circle[0], formula)
        if len(set(circle)) == 1:
            message = f"`{circle[0]}` is defined by itself"
        else:
            message = f"these formulas are defined in a circle: {' → '.join(circle)}"
        raise complaint(message, first.source, (0, len(circle[0])), "one of them needs another definition") from None
    reached, waiting = set(), [free for free in formula.free if free in lets]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(uses[name])
    for name, text in lets.items():
        if name not in reached:
            guess = nearest(name, [free for free in formula.free if free not in lets])
            hint = f"did you mean `{guess}`?" if guess else f"leave it out, or use `{name}` in the formula"
            raise complaint(f"`{name}` is defined and not used", text.source, (0, len(name)), hint)
    return order


def _variables(formula: Formula, lets: Mapping[str, Formula], order: Iterable[str]) -> tuple[str, ...]:
    names = [*formula.parameters, *formula.free, *(free for name in order for free in lets[name].free)]
    return tuple(dict.fromkeys(name for name in names if name not in lets))


def _check_applications(text: Formula, lets: Mapping[str, Formula]) -> None:
    """`h(x)` stands for `h` only if h depends on x."""
    for name, arguments, span in text.applied:
        depends, waiting = {*lets[name].parameters}, [name]
        while waiting:
            free = set(lets[waiting.pop()].free) - depends
            depends |= free
            waiting.extend(free & lets.keys())
        for argument in arguments:
            if argument not in depends:
                hint = f"write `{name}`; other arguments cannot be put in"
                raise complaint(f"`{name}` does not depend on `{argument}`", text.source, span, hint)


# ---------------------------------------------------------------------- the variable and the names
def _variable(given: _Given, wrt: str | None) -> str:
    """The variable to differentiate by: the given one, or the only one there is."""
    if wrt is None:
        candidates = given.formula.parameters if len(given.formula.parameters) == 1 else given.variables
        if len(candidates) > 1:
            hint = f'choose one: wrt="{candidates[0]}"'
            raise FormulaError(f"the formula has the variables {listing(candidates)}", hint=hint)
        return candidates[0] if candidates else "x"
    name = read_name(wrt)
    if name not in given.variables and name not in given.used:
        known = (*given.variables, *given.lets)
        guess = nearest(name, known)
        if guess is not None:
            raise complaint(f"`{name}` does not occur in the formula", wrt, (0, len(wrt)), f"did you mean `{guess}`?")
        given.notes[f"`{name}` does not occur in the formula, so the derivative is 0"] = None
    return name


def _result_name(given: _Given, units: Mapping[str, str]) -> str:
    """The formula's name; without one, the one name that has a unit and does not occur."""
    if given.formula.name is not None:
        return given.formula.name
    taken = {*given.variables, *given.lets}
    others = [name for name in units if name not in taken]
    if len(others) == 1 and not _misspelled(others[0], taken):
        return others[0]
    return next(name for name in ("f", "y", "F", "result", "formula_value") if name not in taken)


def _misspelled(name: str, known: Iterable[str]) -> str | None:
    """The known name meant by one that is spelled nearly so; single letters differ on purpose, but for their case."""
    return next((word for word in known if word.casefold() == name.casefold()), None) or (
        nearest(name, (word for word in known if len(word) > 1)) if len(name) > 1 else None
    )


def _check_at(given: _Given, name: str, variables: tuple[str, ...], values: Mapping[str, object]) -> None:
    for variable in values:
        if variable in variables:
            continue
        if variable in given.lets:
            hint = f"leave out the value, or the let `{given.lets[variable].source}`"
            raise FormulaError(f"`{variable}` has a value, and a let that computes it", hint=hint)
        if variable == name and given.formula.name is not None:
            raise FormulaError(f"`{variable}` is what the formula computes; it takes no value")
        raise _absent(variable, variables, "a value")


def _check_units(known: tuple[str, ...], units: Mapping[str, str]) -> None:
    for variable, unit in units.items():
        if variable not in known:
            raise _absent(variable, known, "a unit")
        if not _UNIT.fullmatch(unit):
            text = f"{variable}={unit}"
            raise complaint(
                f"the unit of `{variable}` cannot be read", text, (len(variable) + 1, len(text)), "write `m/s**2`"
            )


def _absent(name: str, known: tuple[str, ...], what: str) -> FormulaError:
    guess = _misspelled(name, known)
    names = f"its names are {listing(known)}" if known else "it has no variables"
    return FormulaError(
        f"`{name}` has {what} and does not occur in the formula", hint=f"did you mean `{guess}`?" if guess else names
    )


# ---------------------------------------------------------------------- `name = text` lists
def _assignments(
    given: Sequence[str] | str | Mapping[str, float | str] | Mapping[str, str], what: str, example: str
) -> Iterator[tuple[str, str]]:
    """The pairs of `t=10, h=3`, of several such texts, or of a mapping; no name twice."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield read_name(name), value if isinstance(value, str) else repr(float(value))
        return
    seen: set[str] = set()
    for text in (given,) if isinstance(given, str) else given:
        for start, part in _parts(text):
            left, equals, right = part.partition("=")
            span = (start, start + len(part))
            if not equals or not right.strip() or not left.strip():
                hint = f'write {what} "{example}"'
                hint += "; a decimal point is `.`" if part.strip().isdigit() else ""
                raise complaint(
                    f"`{part.strip()}` gives no name its {'unit' if what == 'units' else 'value'}", text, span, hint
                )
            name = read_name(left.strip())
            if name in seen:
                raise complaint(f"`{name}` is given twice", text, span)
            seen.add(name)
            yield name, right


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The parts between the commas outside of brackets, with their places."""
    depth = start = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            yield start, text[start:place]
            start = place + 1
    yield start, text[start:]


def _value(name: str, text: str) -> float:
    """A number, or a constant expression such as `pi/4`."""
    formula = read_formula(text)
    if formula.free:
        hint = "units go into `units`" if text.strip()[:1].isdigit() else "write a number, or `pi/4`, `sqrt(2)`"
        message = f"the value of `{name}` must be a number, and `{formula.free[0]}` has none"
        raise complaint(message, text, (0, len(text)), hint)
    return evaluate(formula.tree, {})
