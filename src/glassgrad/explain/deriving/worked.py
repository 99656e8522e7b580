"""A problem worked out: links, expressions of all orders, values at the point, the steps, and the check. Floor 6."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from glassgrad.explain.deriving.abridging import is_longer, is_shorter
from glassgrad.explain.deriving.chain import LocalLink, Named, expanded, local_links, named_values
from glassgrad.explain.deriving.checking import Question, check_derivative, nearby_points, sample_points
from glassgrad.explain.deriving.differentiating import Differentiated, differentiate
from glassgrad.explain.deriving.notices import has_no_value, kinks_of, limits_of, unique
from glassgrad.explain.deriving.reading import RuleReader, read_tree
from glassgrad.explain.deriving.terms import Algebra, Term
from glassgrad.explain.deriving.wording import Wording, word_steps
from glassgrad.explain.deriving.writing import Writer
from glassgrad.explain.entries import Check, Condition
from glassgrad.frontends.formula import Problem, evaluate_parts
from glassgrad.frontends.formula.graph import Program, program

_LONGEST_EXPANDED = 1500  # parts of an expression that is tried multiplied out as well
_CLOSE = 1e-8  # how near the expression's value must be to that of the graph
_HERE, _BESIDE, _ELSEWHERE = "At the point", "Beside it", "Elsewhere"  # where a check is made
_UNCHECKED = Check("none", None, None, None, None, "no point was found where the formula and its derivative are finite")


@dataclass(frozen=True, slots=True)
class WorkedLink:
    """A link of the chain with its derivative as a tree, and its steps."""

    named: Named
    of: str
    derivative: ast.expr
    steps: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class WorkedOrder:
    """The derivative of one order: its expression over the variables, and the steps from the order before."""

    order: int
    derivative: ast.expr
    steps: tuple[Wording, ...]
    value: float | None


@dataclass(frozen=True, slots=True)
class Worked:
    """Everything that is known of a problem."""

    problem: Problem
    order: int
    chain: tuple[Named, ...]
    tree: ast.expr  # the formula over the variables
    links: tuple[WorkedLink, ...]
    orders: tuple[WorkedOrder, ...]
    values: Mapping[str, float]  # variables and named values that are known
    numbers: Mapping[ast.expr, float | bool]  # of all trees at the point
    kinks: tuple[Condition, ...]
    domain: tuple[Condition, ...]
    outside: tuple[str, ...]  # the named values that have no value at the point: it is outside their domain
    check: Check
    writer: Writer

    @property
    def result(self) -> WorkedOrder:
        """The derivative that was asked for."""
        return self.orders[-1]

    def number_of(self, tree: ast.expr) -> float | None:
        """The value of a tree at the point; None where it is not known or no number."""
        value = self.numbers.get(tree)
        return None if value is None or not np.isfinite(value) else float(value)


def work(problem: Problem, order: int = 1) -> Worked:
    """Differentiates a problem as often as asked for."""
    runs = program(problem, order)
    values = _values(problem, runs)
    kinks, domain, outside = _conditions(problem, values)
    exact = _exact(problem, runs, outside)
    trial = _trial_points(problem, exact)
    on_kink = problem.name not in outside and any(
        kink.hit for kink in kinks
    )  # then the value chosen there is a case of its own
    for guarded in (True, False) if on_kink else (False, True):
        worked = _Derivatives(problem, order, guarded)
        point = next((point for point in trial if np.all(np.isfinite(runs.at(point)[1]))), None)
        if point is None or worked.agrees(point, runs.at(point)):
            break
    else:
        worked = _Derivatives(problem, order, guarded=False)
    check = _check(problem, worked, exact, runs, hit=any(kink.hit for kink in kinks))
    numbers, links, orders = _shown(problem, worked, values, exact, outside)
    return Worked(
        problem,
        order,
        worked.chain,
        worked.tree,
        links,
        orders,
        values,
        numbers,
        kinks,
        domain,
        outside,
        check,
        worked.writer,
    )


def _exact(problem: Problem, runs: Program, outside: Sequence[str]) -> list[float] | None:
    """The derivatives at the person's point: not a number where the formula has no value.

    The graph may give numbers there all the same: guards choose some where a rule has none, and NumPy's 0**0 is 1.
    """
    if not _is_complete(problem):
        return None
    named, derivatives = runs.at(problem.at)
    return (
        derivatives if np.isfinite(named[problem.name]) and problem.name not in outside else [np.nan] * len(derivatives)
    )


def _conditions(
    problem: Problem, values: Mapping[str, float]
) -> tuple[tuple[Condition, ...], tuple[Condition, ...], tuple[str, ...]]:
    """Kinks, limits of the domain, and the named values that the point given is outside of the domain of."""
    chain = named_values(problem)
    moving = {problem.wrt, *[named.name for named in chain if named.moving]}
    numbers = evaluate_parts([named.tree for named in chain], values)
    kinks = unique(kink for named in chain for kink in kinks_of(named.tree, moving, numbers))
    domain: list[Condition] = []
    outside: list[str] = []
    for named in chain:
        limits = list(limits_of(named.tree, moving, numbers))
        domain.extend(limit for _, limit in limits)
        failing = {part for part, limit in limits if limit.hit}
        if has_no_value(named.tree, failing, outside, numbers):
            outside.append(named.name)
    return kinks, unique(domain), tuple(outside)


def _values(problem: Problem, runs: Program) -> dict[str, float]:
    """The variables and the named values that the given numbers determine."""
    if _is_complete(problem):
        return dict(problem.at) | runs.at(problem.at)[0]
    known = dict(problem.at)
    for named in named_values(problem):
        found = evaluate_parts([named.tree], known)
        if named.tree in found:
            known[named.name] = found[named.tree]
    return known


def _is_complete(problem: Problem) -> bool:
    return all(name in problem.at for name in problem.variables)


def _trial_points(problem: Problem, exact: Sequence[float] | None) -> list[dict[str, float]]:
    """Points where expression and graph are compared: the person's, or one that is drawn."""
    if exact is not None and np.all(np.isfinite(exact)):
        return [dict(problem.at)]
    text = " ".join([problem.formula.source, *[formula.source for formula in problem.lets]])
    return sample_points(problem.variables, {} if exact is not None else problem.at, text)


class _Derivatives:
    """The terms of all links and orders, with or without the guards of rules."""

    def __init__(self, problem: Problem, order: int, guarded: bool) -> None:
        self.problem = problem
        self.algebra = Algebra()
        self.reader = RuleReader(self.algebra, guarded=guarded)
        self.writer = Writer(self.algebra)
        self.chain = named_values(problem)
        self.tree = expanded(problem)
        read_tree(self.algebra, self.tree)  # first of all, so that constants keep the order that they have in it
        self.links = local_links(self.reader, self.chain)
        self.done: list[Differentiated] = []
        self.trees: list[ast.expr] = []
        tree = self.tree
        for number in range(order):
            done, tree = self._once(tree) if number == 0 else self._again(tree)
            self.done.append(done)
            self.trees.append(tree)

    def _once(self, tree: ast.expr, *, by_person: bool = True) -> tuple[Differentiated, ast.expr]:
        done = differentiate(self.reader, tree, {self.problem.wrt: self.algebra.one}, by_person=by_person)
        return done, self.writer.tree(done.derivative or self.algebra.zero)

    def _again(self, tree: ast.expr) -> tuple[Differentiated, ast.expr]:
        """The derivative of a derivative: factored as it comes, or multiplied out, whichever is shorter."""
        found = self._once(tree, by_person=False)
        if not is_longer(found[1], _LONGEST_EXPANDED):
            self.algebra.expanding = True
            other = self._once(tree, by_person=False)
            self.algebra.expanding = False
            if is_shorter(other[1], found[1]):
                return other
        return found

    def agrees(self, point: Mapping[str, float], exact: tuple[Mapping[str, float], Sequence[float]]) -> bool:
        """Have the expressions the values that the graph has?"""
        values = {**point, **exact[0]}
        found = evaluate_parts(self.trees, values)
        return all(_near(found.get(tree), value) for tree, value in zip(self.trees, exact[1], strict=True))


def _near(found: float | None, value: float) -> bool:
    return found is not None and abs(found - value) <= _CLOSE * max(abs(value), 1e-6)


# ---------------------------------------------------------------------- everything together
def _shown(
    problem: Problem,
    made: _Derivatives,
    values: Mapping[str, float],
    exact: Sequence[float] | None,
    outside: Sequence[str],
) -> tuple[Mapping[ast.expr, float | bool], tuple[WorkedLink, ...], tuple[WorkedOrder, ...]]:
    """The links and orders with their steps, and the numbers of all that is shown."""
    names = {*problem.variables, *[named.name for named in made.chain]}
    said: set[Term] = set()
    links = tuple(_worked_link(made, link, names) for link in made.links)
    orders = tuple(
        WorkedOrder(
            index + 1, tree, _steps(made, index, names, said), _finite(exact[index] if exact is not None else None)
        )
        for index, tree in enumerate(made.trees)
    )
    steps = [step for link in links for step in link.steps] + [step for each in orders for step in each.steps]
    derivatives = [*made.trees, *[made.writer.tree(step.derivative) for step in steps], *[k.derivative for k in links]]
    named = [each.tree for each in made.chain if each.name not in outside]
    if problem.name not in outside:
        named.append(made.tree)
    is_outside = problem.name in outside or (
        exact is not None and np.isnan(exact[0])
    )  # then no derivative has a value, whatever its formula says
    return evaluate_parts([*named, *([] if is_outside else derivatives)], values), links, orders


def _steps(made: _Derivatives, index: int, names: set[str], said: set[Term]) -> tuple[Wording, ...]:
    """The steps of an order, without those of the orders before; where there are lets, the links have the first's."""
    if index == 0 and made.problem.lets:
        return ()
    return tuple(word_steps(made.reader, made.writer, made.done[index], made.problem.wrt, names, said))


def _worked_link(made: _Derivatives, link: LocalLink, names: set[str]) -> WorkedLink:
    tree = made.writer.tree(link.derivative)
    steps = word_steps(made.reader, made.writer, link.done, link.of, names, set()) if made.problem.lets else ()
    return WorkedLink(link.named, link.of, tree, tuple(steps))


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else value


# ---------------------------------------------------------------------- the check
def _check(problem: Problem, made: _Derivatives, exact: Sequence[float] | None, runs: Program, *, hit: bool) -> Check:
    """The numeric check at the person's point; beside it where it is on a kink; elsewhere where none is given."""
    found, where = _first_check(problem, made, exact, runs, hit=hit)
    if exact is None or np.isfinite(exact[-1]):
        return found
    text = f"there is no finite derivative at the point given to compare with. {where}: {found.text}"
    return Check("none", None, None, None, None, text)


def _first_check(
    problem: Problem, made: _Derivatives, exact: Sequence[float] | None, runs: Program, *, hit: bool
) -> tuple[Check, str]:
    """The first check that can be made, and where its point lies."""
    order = len(made.trees)
    tree = made.tree if order == 1 else made.trees[-2]
    for point, where in _points_to_check(problem, exact, hit=hit):
        named, derivatives = runs.at(point)
        if np.isfinite(derivatives[-1]) and np.isfinite(named[problem.name]):
            at = point if problem.wrt in point else {**point, problem.wrt: named[problem.wrt]}
            size = abs(named[problem.name])
            check = check_derivative(Question(tree, problem.wrt, at, derivatives[-1], order, size, where != _HERE))
            if check.agrees is not None:
                return check, where
    return _UNCHECKED, _ELSEWHERE


def _points_to_check(
    problem: Problem, exact: Sequence[float] | None, *, hit: bool
) -> list[tuple[dict[str, float], str]]:
    text = " ".join([problem.formula.source, *[formula.source for formula in problem.lets]])
    own = [] if exact is None else [dict(problem.at)]
    beside = nearby_points(problem.wrt, problem.at) if own and problem.wrt in problem.at else []
    drawn = sample_points(problem.variables, problem.at if exact is None else {}, text)
    at_point = [] if hit else [(point, _HERE) for point in own]
    return [*at_point, *[(point, _BESIDE) for point in beside], *[(point, _ELSEWHERE) for point in drawn]]
