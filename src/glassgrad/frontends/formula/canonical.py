"""A parsed formula -> the canonical tree: variables, numbers, operators and the closed list of functions. Floor 5.

One pass without recursion, operands first. Each node of Python's tree becomes canonical or is refused with the reason.
"""

import ast
from collections.abc import Collection, Mapping

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula import nodes
from glassgrad.frontends.formula.complaints import complaint, nearest
from glassgrad.frontends.formula.grammar import Parsed, refused_name
from glassgrad.frontends.formula.nodes import Span
from glassgrad.frontends.formula.vocabulary import (
    BARE_NAMES,
    CONSTANT_WORDS,
    PIECEWISE,
    PREFIXES,
    REFUSED,
    Word,
    case_variant,
    find_word,
    is_function,
    split_prefix,
)

Application = tuple[str, tuple[str, ...], Span]


class Canonizer:
    """Makes one formula canonical; `notes` says what was read as what."""

    def __init__(
        self, parsed: Parsed, source: str, variables: Collection[str], functions: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.parsed = parsed
        self.source = source
        self.variables = frozenset((*variables, *parsed.parameters))
        self.functions = functions
        self.notes: dict[str, None] = {}
        self.applied: list[Application] = []
        self.made: dict[int, ast.expr] = {}  # by the identity of Python's node

    def run(self) -> ast.expr:
        """The canonical tree of the whole formula, which must be a number."""
        stack: list[tuple[ast.expr, bool]] = [(self.parsed.tree, False)]
        while stack:
            node, are_parts_done = stack.pop()
            if are_parts_done:
                self.made[id(node)] = self._combine(node)
            else:
                stack.append((node, True))
                stack.extend((part, False) for part in reversed(self._parts(node)))
        tree = self.made[id(self.parsed.tree)]
        if nodes.is_condition(tree):
            hint = "for a name write one `=`" if "==" in self.source else "a choice is written `a if condition else b`"
            raise self._complain("a formula is a number, and this is a condition", self.parsed.tree, hint)
        return tree

    # ------------------------------------------------------------------ one node of Python's tree
    def _parts(self, node: ast.expr) -> list[ast.expr]:
        match node:
            case ast.BinOp(left=left, right=right):
                return [left, right]
            case ast.UnaryOp(operand=operand):
                return [operand]
            case ast.Compare(left=left, comparators=others):
                return [left, *others]
            case ast.BoolOp(values=values):
                return values
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return [body, test, otherwise]  # as they stand in the text
            case ast.Call(func=function):
                called = self._called(function)
                if called in self.functions:
                    return []
                return self._pairs(node) if split_prefix(called)[1] in PIECEWISE else node.args
            case ast.Name() | ast.Attribute() | ast.Constant():
                return []
            case ast.Tuple():
                raise self._complain("a comma outside of a function's brackets", node, "a decimal point is `.`")
        raise self._complain("this is not part of the formula language", node)

    def _combine(self, node: ast.expr) -> ast.expr:
        span = self.parsed.span(node)
        match node:
            case ast.BinOp(op=operator):
                return self._operation(node, operator, span)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return nodes.place(ast.UnaryOp(ast.USub(), self._number(operand)), span)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._number(operand)
            case ast.UnaryOp(operand=operand):
                return nodes.call("np.logical_not", [self._condition(operand)], span)
            case ast.Compare():
                return self._comparison(node, span)
            case ast.BoolOp(op=operator, values=values):
                function = "np.logical_and" if isinstance(operator, ast.And) else "np.logical_or"
                return _fold(function, [self._condition(value) for value in values], span)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._choice(self._condition(test), self._number(body), self._number(otherwise), span)
            case ast.Call():
                return self._call(node, span)
            case ast.Constant(value=value):
                assert isinstance(value, int | float)
                return nodes.number(value, span)
        return self._name(node, self._called(node), span)

    def _operation(self, node: ast.BinOp, operator: ast.operator, span: Span) -> ast.expr:
        left, right = self._number(node.left), self._number(node.right)
        if isinstance(operator, ast.Pow) and nodes.dotted_name(left) == "np.e":
            return nodes.call("np.exp", [right], span)
        return nodes.place(ast.BinOp(left, operator, right), span)

    def _comparison(self, node: ast.Compare, span: Span) -> ast.expr:
        """`a < b < c` holds where `a < b` and `b < c` do."""
        sides = [self._number(side) for side in (node.left, *node.comparators)]
        links = [
            nodes.place(ast.Compare(left, [sign], [right]), span)
            for left, sign, right in zip(sides, node.ops, sides[1:], strict=False)
        ]
        return _fold("np.logical_and", links, span)

    def _choice(self, condition: ast.expr, then: ast.expr, otherwise: ast.expr, span: Span) -> ast.expr:
        match condition:
            case ast.Constant(value=value):
                return then if value else otherwise
        return nodes.call("np.where", [condition, then, otherwise], span)

    # ------------------------------------------------------------------ names
    def _name(self, node: ast.expr, written: str, span: Span) -> ast.expr:
        if written in self.variables or written in self.functions:
            return nodes.name(written, span)
        prefix, bare = split_prefix(written)
        if prefix in PREFIXES or not prefix:
            constant = CONSTANT_WORDS.get(f"{prefix}.{bare}") or CONSTANT_WORDS.get(bare)
            if constant is not None:
                if written in ("e", "E"):
                    self._note(f"read `{written}` as Euler's number 2.71828…; it is a variable where it gets a value")
                return nodes.fill(constant, {}, span)
        if is_function(written):
            raise self._complain(f"`{written}` is a function and needs its argument", node, f"write `{written}(x)`")
        if prefix in PREFIXES:
            raise self._unknown(written, node)
        if prefix:
            parts = written.split(".")
            hint = f"for a product write `{'*'.join(parts)}`" if max(map(len, parts)) == 1 else None
            raise self._complain(f"attribute access, `{written}`, is not part of the formula language", node, hint)
        if written in PREFIXES or written == "scipy":
            raise self._complain(f"`{written}` cannot be a variable", node, refused_name(written))
        if find_word(written) is not None:
            self._note(f"read `{written}` as a variable; the function is `{written}(…)`")
        return nodes.name(written, span)

    def _called(self, function: ast.expr) -> str:
        called = nodes.dotted_name(function)
        if called is None:
            raise self._complain(
                "only a function's name can stand before brackets", function, "for a product write `*`"
            )
        return called

    # ------------------------------------------------------------------ calls
    def _call(self, node: ast.Call, span: Span) -> ast.expr:
        written = self._called(node.func)
        if written in self.functions:
            return self._named_formula(node, written, span)
        if written in self.variables:
            raise self._complain(
                f"`{written}` is a variable, not a function", node.func, f"for a product write `{written}*(…)`"
            )
        if written not in REFUSED:
            prefix, bare = split_prefix(written)
            if (prefix in PREFIXES or not prefix) and bare in PIECEWISE:
                return self._piecewise(node, span)
            word = find_word(written) or self._case_variant(written)
            if word is not None and f"{prefix}.{bare}" not in REFUSED:
                return self._apply(word, written, node, span)
        raise self._unknown(written, node.func)

    def _apply(self, word: Word, written: str, node: ast.Call, span: Span) -> ast.expr:
        """A word's form for this number of arguments, filled with them."""
        count = len(node.args)
        if word.folds and count >= 2:
            (names, template) = word.forms[0]
            arguments = [self._argument(names[0], argument, word) for argument in node.args]
            result = arguments[0]
            for argument in arguments[1:]:
                result = nodes.fill(template, dict(zip(names, (result, argument), strict=True)), span)
            return result
        for names, template in () if word.folds else word.forms:
            if len(names) == count:
                pairs = zip(names, node.args, strict=True)
                filled = {name: self._argument(name, argument, word) for name, argument in pairs}
                is_root = word.spellings[0] == "real_root"
                return nodes.fill(_real_root(filled["n"]) if is_root else template, filled, span)
        given = "none is" if count == 0 else "1 is" if count == 1 else f"{count} are"
        raise self._complain(f"`{written}` takes {word.counts}, and {given} given", node, f"write {word.signature}")

    def _argument(self, name: str, argument: ast.expr, word: Word) -> ast.expr:
        if name.startswith("condition"):
            return self._condition(argument)
        value = self._number(argument)
        if name in word.whole and _whole(value) is None:
            message = f"the `{name}` of {word.signature} must be a whole number, written out"
            raise self._complain(message, argument)
        return value

    def _named_formula(self, node: ast.Call, written: str, span: Span) -> ast.expr:
        """`h(t)` is the formula named h, where the arguments are its own parameters."""
        wanted = self.functions[written]
        given = tuple(argument.id if isinstance(argument, ast.Name) else "" for argument in node.args)
        if given == wanted or (not wanted and given and all(given)):
            self.applied.append((written, given, span))
            return nodes.name(written, span)
        parameters = ", ".join(wanted)
        hint = f"write `{written}({parameters})`" if wanted else f"write `{written}`"
        raise self._complain(f"`{written}` is a formula of its own and takes no other arguments", node, hint)

    def _pairs(self, node: ast.Call) -> list[ast.expr]:
        for pair in node.args:
            if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:
                hint = "write `Piecewise((x, x > 0), (-x, True))`"
                raise self._complain("`Piecewise` takes pairs of a value and its condition", pair, hint)
        return [part for pair in node.args if isinstance(pair, ast.Tuple) for part in pair.elts]

    def _piecewise(self, node: ast.Call, span: Span) -> ast.expr:
        """The first pair whose condition holds; not a number where none does."""
        parts = self._pairs(node)
        if not parts:
            raise self._complain(
                "`Piecewise` needs a pair of a value and its condition",
                node,
                "write `Piecewise((x, x > 0), (-x, True))`",
            )
        result = nodes.dotted("np.nan", span)
        for value, condition in zip(reversed(parts[::2]), reversed(parts[1::2]), strict=True):
            result = self._choice(self._condition(condition), self._number(value), result, span)
        return result

    # ------------------------------------------------------------------ numbers and conditions
    def _number(self, node: ast.expr) -> ast.expr:
        """The node's value as a number; a condition counts 1 where it holds."""
        made = self.made[id(node)]
        if not nodes.is_condition(made):
            return made
        if isinstance(made, ast.Constant):
            raise self._complain(
                f"`{made.value!r}` is a condition, and a number is needed", node, f"write `{int(bool(made.value))}`"
            )
        span = self.parsed.span(node)
        self._note(f"read the condition `{self.source[slice(*span)]}` as 1 where it holds and 0 elsewhere")
        return nodes.call("np.where", [made, nodes.number(1, span), nodes.number(0, span)], span)

    def _condition(self, node: ast.expr) -> ast.expr:
        made = self.made[id(node)]
        if not nodes.is_condition(made):
            start, end = self.parsed.span(node)
            written = self.source[start:end]
            hint = "write `True`" if written.casefold() in ("otherwise", "true", "else") else f"write `{written} != 0`"
            raise self._complain("a condition is needed, and this is a number", node, hint)
        return made

    # ------------------------------------------------------------------ names that are not known
    def _case_variant(self, written: str) -> Word | None:
        prefix, bare = split_prefix(written)
        found = case_variant(bare) if not prefix else None
        if found is None or written in REFUSED:
            return None
        self._note(f"read `{written}` as `{found}`")
        return find_word(found)

    def _unknown(self, written: str, node: ast.expr) -> FormulaError:
        """An unknown function: why it is refused, or what was probably meant."""
        prefix, bare = split_prefix(written)
        reason = REFUSED.get(f"{prefix}.{bare}") or REFUSED.get(bare)
        hint: str | None
        if reason is not None:
            return self._complain(f"`{written}` is not part of the formula language", node, reason)
        if prefix and prefix not in PREFIXES:
            return self._complain(f"attribute access, `{written}`, is not part of the formula language", node)
        if len(bare) == 1 or bare in CONSTANT_WORDS:
            hint = f"for a product write `{written}*(…)`"
            hint += f"; a let defines a function: `{written}(x) = …`" if bare in "fghpquvFGH" else ""
            return self._complain(f"`{written}` is not a known function", node, hint)
        if len(bare) == 2 and bare.startswith("d"):
            return self._complain(f"`{written}` is not a known function", node, REFUSED["diff"])
        guess = nearest(bare, (*BARE_NAMES, *self.functions))
        product = _product(bare)
        hint = f"did you mean `{product}`?" if product else f"did you mean `{guess}`?" if guess else None
        return self._complain(f"`{written}` is not a known function", node, hint)

    def _note(self, text: str) -> None:
        self.notes[text] = None

    def _complain(self, message: str, node: ast.expr, hint: str | None = None) -> FormulaError:
        return complaint(message, self.source, self.parsed.span(node), hint)


def _fold(function: str, values: list[ast.expr], span: Span) -> ast.expr:
    result = values[0]
    for value in values[1:]:
        result = nodes.call(function, [result, value], span)
    return result


def _whole(node: ast.expr) -> int | None:
    """The whole number that is written there, or None."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None


def _real_root(order: ast.expr) -> str:
    """The text of the real n-th root: of negative numbers too where n is odd."""
    n = _whole(order)
    if n == 3:
        return "np.cbrt(x)"
    return "np.sign(x) * np.abs(x) ** (1 / n)" if n is not None and n % 2 else "x ** (1 / n)"


def _product(name: str) -> str | None:
    """`xsin` is probably `x*sin`."""
    for cut in (1, 2):
        if name[:cut].isidentifier() and len(name) - cut > 1 and name[cut:] in BARE_NAMES and is_function(name[cut:]):
            return f"{name[:cut]}*{name[cut:]}(…)"
    return None
