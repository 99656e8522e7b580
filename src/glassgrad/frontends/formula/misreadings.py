"""What to say where the tokens of a formula do not fit together: one function for each kind of slip. Floor 5."""

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula.complaints import complaint
from glassgrad.frontends.formula.tokens import Kind, Token
from glassgrad.frontends.formula.vocabulary import CONSTANT_WORDS, is_function

_GREEK = frozenset((
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lam", "mu", "nu"),
    *("xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
))  # fmt: skip
_CHOICE = "write `a if condition else b`"


def shown(source: str, token: Token) -> str:
    """The token as it was written."""
    return source[token.start : token.end]


def missing_operand(source: str, tokens: list[Token], place: int) -> FormulaError:
    """A number or name is wanted at `place`, and something else stands there."""
    token, previous = tokens[place], tokens[place - 1] if place else None
    span = (token.start, max(token.end, token.start + 1))
    if token.kind is Kind.FACTORIAL:
        return complaint("`!` stands after nothing that it could belong to", source, span, "for `not` write `not`")
    if previous is None and token.kind is Kind.END:
        return complaint("the formula is empty", source, span, "write one such as `x**2 * sin(x)`")
    if previous is None:
        return complaint(f"a formula cannot begin with `{shown(source, token)}`", source, span)
    if token.kind is Kind.CLOSE and previous.kind is Kind.OPEN:
        return complaint("nothing stands inside these brackets", source, (previous.start, token.end))
    before = shown(source, previous)
    if token.kind is Kind.END:
        return complaint(f"something is missing after `{before}`", source, (previous.start, previous.end))
    hint = "write `**` for a power" if token.text == previous.text == "*" else None
    return complaint(f"something is missing between `{before}` and `{shown(source, token)}`", source, span, hint)


def missing_brackets(source: str, tokens: list[Token], place: int) -> FormulaError:
    """`sin 2x`: the function stands at `place`, its argument behind it."""
    function, end = tokens[place], place + 1
    while tokens[end].kind in (Kind.NUMBER, Kind.NAME, Kind.SUPERSCRIPT):
        end += 1
    first, last = tokens[place + 1], tokens[max(end - 1, place + 1)]
    argument = source[first.start : last.end] if end > place + 1 else "x"
    argument += "(…)" if last.kind is Kind.NAME and tokens[end].kind is Kind.OPEN else ""
    message, hint = f"`{function.text}` needs brackets around its argument", f"write `{function.text}({argument})`"
    return complaint(message, source, (function.start, last.end), hint)


def number_after(source: str, previous: Token, token: Token) -> FormulaError:
    """`2 3`, `x 2`, `(x + 1)2`."""
    left = "(…)" if previous.kind is Kind.CLOSE else shown(source, previous)
    span, product = (previous.start, token.end), f"write `{left}*{token.text}`"
    if previous.kind is Kind.NUMBER:
        return complaint("two numbers stand side by side", source, span, product)
    return complaint(f"a number stands right after `{left}`", source, span, f"{product} or `{left}**{token.text}`")


def two_words(source: str, left: Token, right: Token) -> FormulaError | None:
    """`a b` is a product of two variables and no slip; `derivative of` is prose."""
    for token in (left, right):
        letters = token.text.rstrip("0123456789").split("_")[0]
        if len(letters) != 1 and letters not in _GREEK and token.text not in CONSTANT_WORDS:
            product = f"for a product write `{left.text}*{right.text}`"
            hint = f"write `{right.text}(…)`" if is_function(right.text) else product
            return complaint("two names stand side by side", source, (left.start, right.end), hint)
    return None


def negative_power(source: str, function: Token, power: Token) -> FormulaError:
    """`sin⁻¹(x)` is arcsin to some and 1/sin to others."""
    message = f"a negative power on `{function.text}` has two readings"
    inverse = f"`a{function.text}(x)` or " if is_function(f"a{function.text}") else ""
    hint = f"write {inverse}`1/{function.text}(x)`"
    return complaint(message, source, (function.start, power.end), hint)


def comma_outside(source: str, before: Token, comma: Token, after: Token) -> FormulaError:
    """`3,14` and `1,000`; `x, y`."""
    left, right = shown(source, before), shown(source, after)
    hint = "give one formula at a time"
    if before.kind is after.kind is Kind.NUMBER:
        grouped = f"; digits are not grouped: `{left}{right}`" if len(right) == 3 else ""
        hint = f"a decimal point is `.`: `{left}.{right}`{grouped}"
    return complaint("a comma outside brackets", source, (comma.start, comma.end), hint)


def unclosed(source: str, opener: Token, token: Token) -> FormulaError:
    """The bracket or bar `opener` is still open at `token`."""
    where = "at the end" if token.kind is Kind.END else f"before `{shown(source, token)}`"
    hint = f"write `)` {where}"
    if opener.kind is Kind.BAR:
        hint = f"write `|` {where}, or `abs(…)`; for a choice of conditions write `or`"
    message = f"this `{shown(source, opener)}` is never closed"
    return complaint(message, source, (opener.start, opener.end), hint)


def if_without_else(source: str, token: Token) -> FormulaError:
    """The part of the formula that ends at `token` has an `if` too many."""
    return complaint("`if` without `else`", source, (token.start, max(token.end, token.start + 1)), _CHOICE)


def else_without_if(source: str, token: Token) -> FormulaError:
    """`x else y`."""
    return complaint("`else` without `if`", source, (token.start, token.end), _CHOICE)
