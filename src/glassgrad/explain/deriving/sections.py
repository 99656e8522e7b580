"""A worked problem as the sections of a derivation: function, steps, links, result, what is said aloud. Floor 6."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from glassgrad.explain.deriving.abridging import LONGEST, READABLE, abridged, is_longer
from glassgrad.explain.deriving.chain import Named, is_straight
from glassgrad.explain.deriving.units import Units
from glassgrad.explain.deriving.wording import Wording
from glassgrad.explain.deriving.worked import Worked, WorkedLink
from glassgrad.explain.entries import Condition, Entry, Equation, Reason, Remark, Section, Step
from glassgrad.explain.notation import Symbol, partial, symbol_of, to_latex, to_mathml, to_sympy, to_text, total
from glassgrad.explain.values import Summary, number, summary
from glassgrad.frontends.formula.nodes import operands

_LONGEST = 16  # parts of an expression that stands behind d/dx


@dataclass(slots=True)
class Board:
    """What is on the page: the symbols of derivatives, under names that no formula can have."""

    worked: Worked
    units: Units
    symbols: dict[str, Symbol] = field(default_factory=dict)
    explained: set[str] = field(default_factory=set)  # reasons that were given once

    def symbol(self, symbol: Symbol) -> ast.expr:
        """A symbol as an expression."""
        key = f"·{symbol.text}"
        self.symbols[key] = symbol
        return ast.Name(key, ast.Load())

    def derivative(self, name: str, of: str, order: int = 1) -> ast.expr:
        """`dp/dt`, or `∂p/∂t` where p is made of several things."""
        named = next((named for named in self.worked.chain if named.name == name), None)
        several = named is not None and self.is_partial(named)
        fraction = partial if several else total
        return self.symbol(fraction(symbol_of(name), symbol_of(of), order=order))

    def is_partial(self, named: Named) -> bool:
        """Is the named value made of several variables?"""
        free = {part.id for part in ast.walk(named.tree) if isinstance(part, ast.Name)}
        return len(free - {"np", "scipy", "special"}) > 1

    def total(self, name: str, order: int = 1) -> ast.expr:
        """The derivative of a named value with respect to the problem's variable."""
        fraction = partial if self.has_others else total
        return self.symbol(fraction(symbol_of(name), symbol_of(self.worked.problem.wrt), order=order))

    @property
    def has_others(self) -> bool:
        """Are there variables besides the one to differentiate by?"""
        return len(self.worked.problem.variables) > 1

    def value(self, tree: ast.expr, number: float | None = None, *, unit: str = "") -> Summary | None:
        """The number beside a line; none where the line is that number already."""
        found = self.worked.number_of(tree) if number is None else number
        return None if found is None or (not unit and _is_number(tree)) else summary(found)


def sections_of(worked: Worked, units: Units) -> tuple[tuple[Section, ...], dict[str, Symbol]]:
    """The sections, and the symbols of the derivatives in them."""
    board = Board(worked, units)
    sections = [_function(board), *_steps(board), *_links(board), *_higher(board), _result(board), *_aloud(worked)]
    return tuple(section for section in sections if section.entries), board.symbols


# ---------------------------------------------------------------------- sections
def _function(board: Board) -> Section:
    worked = board.worked
    entries: list[Entry] = []
    for name in worked.problem.variables:
        if name in worked.values:
            left = ast.Name(name, ast.Load())
            entries.append(Equation(left, (), value=summary(worked.values[name]), unit=board.units.of(name) or ""))
    for named in worked.chain:
        unit = board.units.of(named.name) or ""
        value = board.value(named.tree, unit=unit)
        entries.append(Equation(ast.Name(named.name, ast.Load()), (abridged(named.tree),), value=value, unit=unit))
    entries.extend(Remark(note) for note in worked.problem.notes)
    return Section("Function", tuple(entries))


def _steps(board: Board) -> Iterator[Section]:
    """The worded steps of each link, or of the formula itself."""
    worked = board.worked
    if worked.problem.lets:
        entries = [
            entry
            for link in worked.links
            for entry in _step_entries(board, link.steps, link.of, is_partial=board.is_partial(link.named))
        ]
        yield Section("Steps", tuple(entries))
    else:
        steps = _step_entries(board, worked.orders[0].steps, worked.problem.wrt, is_partial=board.has_others)
        yield Section("Steps", tuple(steps))


def _step_entries(board: Board, steps: Sequence[Wording], wrt: str, *, is_partial: bool) -> Iterator[Entry]:
    worked = board.worked
    for step in steps:
        tree = worked.writer.tree(step.derivative)
        why = "" if step.why in board.explained else step.why
        board.explained.add(why)
        reasons = tuple(Reason(text) for text in (step.text, why) if text)
        left = _differential(board, step.part, "∂" if is_partial else "d", wrt)
        yield Equation(left, (abridged(tree),), value=board.value(tree), rule=step.rule, reasons=reasons)


def _differential(board: Board, part: ast.expr, sign: str, wrt: str) -> ast.expr:
    """`d/dt(t²)`; a long expression is `d/dt(…)`."""
    short, below = abridged(part, _LONGEST), symbol_of(wrt)
    text, latex, mathml = to_text(short), to_latex(short, inline=True), to_mathml(short, inline=True)
    command = r"\partial" if sign == "∂" else r"\mathrm{d}"
    return board.symbol(
        Symbol(
            f"{sign}/{sign}{below.text}({text})",
            rf"\frac{{{command}}}{{{command} {below.latex}}}\left({latex}\right)",
            f'<mrow><mfrac><mi mathvariant="normal">{sign}</mi><mrow><mi mathvariant="normal">{sign}</mi>'
            f"{below.mathml}</mrow></mfrac><mo>(</mo>{mathml}<mo>)</mo></mrow>",
            atomic=False,
        )
    )


def _links(board: Board) -> Iterator[Section]:
    """Each link of the chain, and how they are joined."""
    worked = board.worked
    if not worked.problem.lets or not worked.links:
        return
    entries: list[Entry] = []
    for link in worked.links:
        left = board.derivative(link.named.name, link.of)
        unit = board.units.quotient(link.named.name, link.of) or ""
        value = board.value(link.derivative, unit=unit)
        entries.append(Equation(left, (abridged(link.derivative),), value=value, unit=unit))
    entries.extend(_joints(board))
    yield Section("Links", tuple(entries))


def joint_words(worked: Worked, named: Named) -> str:
    """Why the links are multiplied, and why paths are added."""
    wrt = worked.problem.wrt
    inner = [name for name in named.moving if name != wrt]
    through = " and ".join([", ".join(inner[:-1]), inner[-1]] if len(inner) > 1 else inner)
    text = f"{named.name} depends on {wrt} through {through}"
    text += ", and directly" if wrt in named.moving else ""
    return (
        f"{text}, so what each path gives is added up" if len(named.moving) > 1 else f"{text}: the links are multiplied"
    )


def _joints(board: Board) -> Iterator[Entry]:
    """`dp/dt = dp/dh · dh/dt`; where paths branch, one line for each value that depends on several."""
    worked = board.worked
    moving = [named for named in worked.chain if named.moving]
    if is_straight(worked.chain):
        links = list(reversed(worked.links))
        names = [board.derivative(link.named.name, link.of) for link in links]
        if len(links) > 1:
            factors = [link.derivative for link in links if not _is_one(link.derivative)] or [links[0].derivative]
            forms = (_product(names), abridged(_product(factors)))
            yield _joint(board, worked.chain[-1], forms)
        return
    for named in moving:
        if any(name != worked.problem.wrt for name in named.moving):
            yield _joint(board, named, (_paths(board, named),))


def _joint(board: Board, named: Named, forms: tuple[ast.expr, ...]) -> Equation:
    worked = board.worked
    unit = board.units.quotient(named.name, worked.problem.wrt) or ""
    value = board.value(forms[0], total_values(worked).get(named.name))
    reason = Reason(joint_words(worked, named))
    return Equation(board.total(named.name), forms, value=value, rule="chain rule", reasons=(reason,), unit=unit)


def total_values(worked: Worked) -> dict[str, float]:
    """The derivative of each moving value with respect to the variable, where the links have values."""
    found: dict[str, float] = {worked.problem.wrt: 1.0}
    for named in worked.chain:
        parts = [
            (worked.number_of(link.derivative), found.get(link.of)) for link in worked.links if link.named is named
        ]
        if parts and all(local is not None and inner is not None for local, inner in parts):
            found[named.name] = sum(local * inner for local, inner in parts if local is not None and inner is not None)
    return found


def _paths(board: Board, named: Named) -> ast.expr:
    worked = board.worked
    terms = []
    for link in worked.links:
        if link.named is named:
            local = board.derivative(named.name, link.of)
            direct = link.of == worked.problem.wrt
            terms.append(local if direct else _product([local, board.total(link.of)]))
    return _total(terms)


def _is_number(tree: ast.expr) -> bool:
    return isinstance(tree.operand if isinstance(tree, ast.UnaryOp) else tree, ast.Constant)


def _is_one(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == 1


def _total(terms: Sequence[ast.expr]) -> ast.expr:
    result = terms[0]
    for term in terms[1:]:
        result = ast.BinOp(result, ast.Add(), term)
    return result


def _product(factors: Sequence[ast.expr]) -> ast.expr:
    result = factors[0]
    for factor in factors[1:]:
        result = ast.BinOp(result, ast.Mult(), factor)
    return result


def _higher(board: Board) -> Iterator[Section]:
    """The steps of the second and higher derivatives."""
    worked = board.worked
    for each in worked.orders[1:]:
        given = abridged(worked.orders[each.order - 2].derivative)
        before = Equation(board.total(worked.problem.name, each.order - 1), (given,))
        steps = _step_entries(board, each.steps, worked.problem.wrt, is_partial=board.has_others)
        yield Section(f"Derivative of order {each.order}", (before, *steps))


def _result(board: Board) -> Section:
    worked = board.worked
    problem, result = worked.problem, worked.result
    unit = board.units.quotient(problem.name, problem.wrt, worked.order) or ""
    left = board.total(problem.name, worked.order)
    value = None if result.value is None else board.value(result.derivative, result.value, unit=unit)
    return Section("Result", (Equation(left, (abridged(result.derivative, 2 * READABLE),), value=value, unit=unit),))


def _aloud(worked: Worked) -> Iterator[Section]:
    entries: list[Entry] = []
    known = bool(worked.numbers) and all(name in worked.values for name in worked.problem.variables)
    entries.extend(Remark(_kink_text(kink, known=known), "kink" if kink.hit else "note") for kink in worked.kinks)
    is_outside = worked.problem.name in worked.outside
    if is_outside:
        entries.append(Remark(_why_outside(worked), "domain"))
    entries.extend(_limit(limit, known=known) for limit in worked.domain if not (is_outside and limit.hit))
    if known and worked.result.value is None and not is_outside:
        entries.append(Remark(_why_no_value(worked), "domain"))
    elif worked.result.value is not None and worked.number_of(worked.result.derivative) is None:
        named = worked.result.derivative in worked.numbers
        at_limit = "the expression is 0/0 at this point; the value given is its limit there"
        unnamed = "the expression has a function in it for which there is no usual name; its value is computed"
        entries.append(Remark(at_limit if named else unnamed))
    if entries:
        yield Section("Said aloud", tuple(entries))


def _limit(limit: Condition, *, known: bool) -> Remark:
    """What an expression needs, and whether it holds; where it does not, the formula has its value without it."""
    text = f"{limit.expression} needs {limit.condition}"
    if limit.hit:
        return Remark(f"{text}, which does not hold here, but the value does not depend on it")
    return Remark(text + (", which holds here" if known else ""))


def _why_outside(worked: Worked) -> str:
    """`no value at x = 0: x^x needs x > 0, which does not hold here`."""
    given = [(variable, worked.values[variable]) for variable in worked.problem.variables if variable in worked.values]
    point = ", ".join(f"{to_text(ast.Name(variable, ast.Load()))} = {number(value)}" for variable, value in given)
    missing = [f"{limit.expression} needs {limit.condition}" for limit in worked.domain if limit.hit]
    does = "does" if len(missing) == 1 else "do"
    return f"no value at {point}: {', and '.join(missing)}, which {does} not hold here"


def _why_no_value(worked: Worked) -> str:
    """Outside of the domain, or only outside of what a computer's numbers can hold."""
    for part, value in worked.numbers.items():
        inner = [worked.number_of(operand) for operand in operands(part)]
        grows = isinstance(part, ast.Call) or (isinstance(part, ast.BinOp) and not isinstance(part.op, ast.Div))
        if value in (float("inf"), -float("inf")) and inner and None not in inner and grows:
            return f"{to_text(abridged(part))} is too large for a computer's numbers here, so there is no value to show"
    return "the derivative has no finite value at this point"


def _kink_text(kink: Condition, *, known: bool) -> str:
    is_value = len(kink.chosen.split()) == 1
    chosen = f"the value {kink.chosen} is taken there" if is_value else f"{kink.chosen} is taken there"
    text = f"{kink.expression} has no derivative where {kink.condition}; {chosen}"
    if kink.hit:
        return f"{text}. The point given is such a place"
    return text + (". The point given is not such a place" if known else "")


# ---------------------------------------------------------------------- for programs
def steps_for_programs(worked: Worked) -> tuple[Step, ...]:
    """All steps in order, the joining of the links among them."""
    found = [_program_step(worked, step) for link in worked.links for step in link.steps]
    found += [_program_step(worked, step) for step in worked.orders[0].steps]
    if worked.problem.lets and worked.links:
        found.append(_chain_step(worked))
    elif worked.problem.lets:
        name, wrt = worked.problem.name, worked.problem.wrt
        found.append(Step("constant rule", f"{name} does not depend on {wrt}, so its derivative is 0", "0", 0.0))
    found += [_program_step(worked, step) for each in worked.orders[1:] for step in each.steps]
    return tuple(found)


def _program_step(worked: Worked, step: Wording) -> Step:
    tree = worked.writer.tree(step.derivative)
    return Step(step.rule, step.text, spelled(worked, tree), worked.number_of(tree))


def _chain_step(worked: Worked) -> Step:
    named = worked.chain[-1]
    first = worked.orders[0]
    inner = [name for name in named.moving if name != worked.problem.wrt]
    text = joint_words(worked, named) if inner else f"{named.name} depends on {worked.problem.wrt} directly"
    return Step("chain rule", text, spelled(worked, first.derivative), first.value)


def by_names(worked: Worked) -> ast.expr:
    """The first derivative over the names of the lets as well: for formulas that are endless with the lets put in."""
    slopes: dict[str, ast.expr] = {worked.problem.wrt: ast.Constant(1)}
    for named in worked.chain:
        paths = [_product([link.derivative, slopes[link.of]]) for link in worked.links if link.named is named]
        if paths:
            slopes[named.name] = _total(paths)
    return slopes[worked.problem.name] if worked.order == 1 else worked.result.derivative


def spelled(worked: Worked, tree: ast.expr) -> str:
    """An expression as SymPy reads it; one that would fill a book is left out."""
    return "" if is_longer(tree, LONGEST) else to_sympy(tree, names_of(worked))


def names_of(worked: Worked) -> frozenset[str]:
    """All names that stand for numbers."""
    return frozenset({*worked.problem.variables, *[named.name for named in worked.chain]})


__all__ = ["WorkedLink", "by_names", "sections_of", "spelled", "steps_for_programs", "total_values"]
