"""What is said of each part of a formula when it is differentiated: the rule by name, and a sentence. Floor 6."""

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from glassgrad.explain.deriving.abridging import abridged
from glassgrad.explain.deriving.differentiating import Differentiated, added, chained
from glassgrad.explain.deriving.local import local_derivative, operand_trees, row_of_node
from glassgrad.explain.deriving.reading import RuleReader, applied, inner_sums, is_sum, summands
from glassgrad.explain.deriving.terms import Term, names_in
from glassgrad.explain.deriving.writing import Writer
from glassgrad.explain.notation import to_text
from glassgrad.frontends.formula.nodes import dotted_name, in_order, is_condition
from glassgrad.graph.op import Op, Zero

_LETTERS = ("u", "v", "w", "s", "r", "q", "g", "u1", "u2", "u3")
_LONGEST = 24  # parts of an expression within a sentence
_FEW = 3  # factors of a product that are named one by one


@dataclass(frozen=True, slots=True)
class Wording:
    """One step: the part of the formula, its derivative, the rule's name and the sentence."""

    part: ast.expr
    derivative: Term
    rule: str
    text: str
    why: str = ""


def word_steps(
    reader: RuleReader, writer: Writer, done: Differentiated, wrt: str, names: Collection[str], said: set[Term]
) -> list[Wording]:
    """The steps of a differentiated tree, inner parts first; parts that are `said` already are left out."""
    return _Words(reader, writer, done, wrt, names).steps(said)


class _Words:
    """The steps of one tree. `names` are the formula's own, which no letter may take."""

    def __init__(
        self, reader: RuleReader, writer: Writer, done: Differentiated, wrt: str, names: Collection[str]
    ) -> None:
        self.reader, self.writer, self.done, self.wrt = reader, writer, done, wrt
        self.algebra = reader.algebra
        self.letters = [letter for letter in _LETTERS if letter not in names]
        self.absorbed = self._absorbed_parts()

    def steps(self, said: set[Term]) -> list[Wording]:
        tree, steps = self.done.tree, list[Wording]()
        for part in in_order(tree):
            if part in self.absorbed or is_condition(part) or isinstance(part, ast.Name):
                continue
            if not any(operand in self.done.tangents for operand in self._moving_candidates(part)):
                continue
            if self.done.terms[part] not in said or part is tree:
                said.add(self.done.terms[part])
                steps.append(self._word(part))
        return steps or [self._trivial(tree)]

    def _absorbed_parts(self) -> frozenset[ast.expr]:
        """Parts of a chain of sums, and of a chain of products, that are worded together with the whole."""
        inner = set(inner_sums(self.done.tree))
        for node in in_order(self.done.tree):
            if _is_product(node) and not self._divides(node):
                left = operand_trees(node)[0]
                if _is_product(left) and not self._divides(left):
                    inner.add(left)
        return frozenset(inner)

    def _divides(self, node: ast.expr) -> bool:
        """Is this a quotient whose denominator moves?"""
        return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and node.right in self.done.tangents

    def _moving_candidates(self, part: ast.expr) -> Sequence[ast.expr]:
        if is_sum(part):
            return [term for term, _ in summands(part)]
        if _is_product(part) and not self._divides(part):
            return self._factors(part)
        return operand_trees(part)

    # ------------------------------------------------------------------ one step
    def _word(self, part: ast.expr) -> Wording:
        derivative = self.done.tangents.get(part, self.algebra.zero)
        if is_sum(part):
            rule, text, why = self._sum(part)
        elif self._divides(part):
            rule, text, why = self._quotient(part)
        elif _is_product(part):
            rule, text, why = self._product(part)
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow):
            rule, text, why = self._power(part)
        else:
            rule, text, why = self._call(part)
        return Wording(part, derivative, rule, text, why)

    def _trivial(self, tree: ast.expr) -> Wording:
        derivative = self.done.tangents.get(tree, self.algebra.zero)
        if isinstance(tree, ast.Name) and derivative is self.algebra.one:
            return Wording(
                tree, derivative, "identity rule", f"the derivative of {self.wrt} with respect to itself is 1"
            )
        text = f"{self._show(tree)} does not contain {self.wrt}, so its derivative is 0"
        return Wording(tree, self.algebra.zero, "constant rule", text)

    def _sum(self, part: ast.expr) -> tuple[str, str, str]:
        terms = summands(part)
        moving = [(term, sign) for term, sign in terms if term in self.done.tangents]
        still = [term for term, _ in terms if term not in self.done.tangents]
        constants = " and ".join(self._show(term) for term in still[:_FEW]) + (" …" if len(still) > _FEW else "")
        shown = self._show(part)
        if len(terms) == 1:
            return "constant factor rule", f"the derivative of {shown} is minus that of {self._show(terms[0][0])}", ""
        if len(moving) == 1:
            sign = "minus " if moving[0][1] < 0 else ""
            plural = "drop" if len(still) > 1 else "drops"
            text = f"in {shown} the constant {constants} {plural} out; what stays is {sign}the derivative of "
            return "sum rule", text + self._show(moving[0][0]), ""
        signs = {sign for _, sign in moving}
        rule = "sum rule" if signs == {1} else "difference rule" if len(moving) == 2 else "sum and difference rule"
        text = f"{shown} is differentiated term by term"
        text += (
            f"; {constants} {'are constants and drop' if len(still) > 1 else 'is constant and drops'} out"
            if still
            else ""
        )
        return rule, text, ""

    def _product(self, part: ast.expr) -> tuple[str, str, str]:
        factors = self._factors(part)
        moving = [factor for factor in factors if factor in self.done.tangents]
        shown = self._show(part)
        if len(moving) == 1:
            others = self.algebra.quotient(self.done.terms[part], self.done.terms[moving[0]])
            kind = "flat" if self.wrt in names_in(others) else "constant"
            constant, inner = self._show_term(others), self._show(moving[0])
            if isinstance(moving[0], ast.Name):
                return (
                    "constant factor rule",
                    f"the derivative of {shown} is the {kind} factor of {inner}, {constant}",
                    "",
                )
            text = f"in {shown} the {kind} factor {constant} stays, and {inner} is differentiated"
            return "constant factor rule", text, ""
        if len(moving) > _FEW:
            text = f"in {shown} each of the {len(moving)} factors in turn is differentiated while the others stay"
            return "product rule", text, ""
        letters = self.letters[: len(moving)]
        product = "·".join(letters)
        turns = " + ".join(
            "·".join(letter + ("′" if index == turn else "") for index, letter in enumerate(letters))
            for turn in range(len(moving))
        )
        where = self._where(letters, moving)
        text = f"the derivative of a product is ({product})′ = {turns}, with {where}"
        return "product rule", text, "with the other factor held, the product grows by that factor for each unit"

    def _quotient(self, part: ast.expr) -> tuple[str, str, str]:
        above, below = operand_trees(part)
        u, v = self.letters[:2]
        if above not in self.done.tangents:
            text = (
                f"the derivative of c/{u} is -c·{u}′/{u}², with c = {self._show(above)} and {u} = {self._show(below)}"
            )
            return "reciprocal rule", text, ""
        where = self._where([u, v], [above, below])
        return "quotient rule", f"the derivative of {u}/{v} is ({u}′·{v} - {u}·{v}′)/{v}², with {where}", ""

    def _power(self, part: ast.expr) -> tuple[str, str, str]:
        base, exponent = operand_trees(part)
        u, v = self.letters[:2]
        if exponent not in self.done.tangents:
            if isinstance(base, ast.Name):
                text = f"the exponent of {self._show(part)} comes down as a factor and is lowered by 1"
                return "power rule", text, "xⁿ is a product of n factors x; each in turn gives xⁿ⁻¹"
            n = self._show(exponent, brackets=True)
            text = f"the derivative of {u}^n is n·{u}^(n-1)·{u}′, with {u} = {self._show(base)} and n = {n}"
            return "power rule, chain rule", text, "xⁿ is a product of n factors x; each in turn gives xⁿ⁻¹"
        if base not in self.done.tangents:
            a = self._show(base)
            if isinstance(exponent, ast.Name):
                return "exponential rule", f"the derivative of {self._show(part)} is the power itself times ln({a})", ""
            text = f"the derivative of a^{u} is a^{u}·ln(a)·{u}′, with a = {a} and {u} = {self._show(exponent)}"
            return "exponential rule, chain rule", text, f"{a} to the power {u} is e to the power {u}·ln({a})"
        text = (
            f"the power {u}^{v} is exp({v}·ln({u})), so its derivative is {u}^{v}·({v}′·ln({u}) + {v}·{u}′/{u}), "
            f"with {self._where([u, v], [base, exponent])}"
        )
        return "general power rule", text, ""

    # ------------------------------------------------------------------ rows of the op table
    def _call(self, part: ast.expr) -> tuple[str, str, str]:
        """A function: what its row says, with its arguments named u and v where they are more than the variable."""
        row, operands = row_of_node(part), operand_trees(part)
        moving = [index for index, operand in enumerate(operands) if operand in self.done.tangents]
        if all(isinstance(row.form(index), Zero) for index in moving):
            why = next(form.why for index in moving if isinstance(form := row.form(index), Zero))
            return row.rule, f"the derivative of {self._show(part)} is 0: {why}", ""
        if isinstance(part, ast.Call) and dotted_name(part.func) == "np.where":
            return self._choice(part, row)
        return self._function(part, row, moving)

    def _choice(self, part: ast.Call, row: Op) -> tuple[str, str, str]:
        text = f"each case of {self._show(part)} is differentiated by itself; the conditions stay"
        return "piecewise rule", text, row.why

    def _function(self, part: ast.expr, row: Op, moving: Sequence[int]) -> tuple[str, str, str]:
        algebra, operands = self.algebra, operand_trees(part)
        letters = dict(zip(moving, self.letters, strict=False))
        direct = len(moving) == 1 and isinstance(operands[moving[0]], ast.Name)
        terms = [
            algebra.name(letters[index]) if index in letters and not direct else self.done.terms[operand]
            for index, operand in enumerate(operands)
        ]
        whole = applied(algebra, part, terms)
        locals_ = {index: local_derivative(self.reader, part, terms, whole, index) or algebra.zero for index in moving}
        shown = self._show_term(whole)
        if direct:
            return row.rule, f"the derivative of {shown} is {self._show_term(locals_[moving[0]])}", row.why
        where = self._where(list(letters.values()), [operands[index] for index in moving])
        if len(moving) == 1:
            inner = ast.Name(f"{letters[moving[0]]}′", ast.Load())
            outer = self.writer.tree(locals_[moving[0]])
            slope = self._show(inner if _is_one(outer) else ast.BinOp(outer, ast.Mult(), inner))
            return f"{row.rule}, chain rule", f"the derivative of {shown} is {slope}, with {where}", row.why
        paths = [chained(algebra, algebra.name(f"{letters[index]}′"), locals_[index]) for index in moving]
        slope = self._show_term(added(algebra, paths))
        return f"{row.rule}, chain rule", f"the derivative of {shown} is {slope}, with {where}", row.why

    # ------------------------------------------------------------------ showing
    def _factors(self, part: ast.expr) -> list[ast.expr]:
        """The factors of a chain of products, left to right, without constant divisors' signs."""
        found: list[ast.expr] = []
        while _is_product(part) and not self._divides(part):
            left, right = operand_trees(part)
            found.append(right)
            part = left
        return [part, *reversed(found)]

    def _where(self, letters: Sequence[str], parts: Sequence[ast.expr]) -> str:
        said = [f"{letter} = {self._show(part)}" for letter, part in zip(letters, parts, strict=True)]
        return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"

    def _show(self, part: ast.expr, *, brackets: bool = False) -> str:
        text = to_text(abridged(part, _LONGEST))
        return f"({text})" if brackets and not text.isalnum() else text

    def _show_term(self, term: Term) -> str:
        return self._show(self.writer.tree(term))


def _is_product(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1
