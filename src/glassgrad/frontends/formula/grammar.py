"""Text of a formula -> the name on its left side and a Python syntax tree, by `ast.parse`. Floor 5."""

import ast
from collections.abc import Collection
from dataclasses import dataclass

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula.complaints import complaint
from glassgrad.frontends.formula.pieces import Rewritten
from glassgrad.frontends.formula.rewriting import Rewriter
from glassgrad.frontends.formula.tokens import Kind, Token, tokenize
from glassgrad.frontends.formula.vocabulary import PREFIXES, find_word

LONGEST = 200_000  # characters; a formula of that length is a program's output, and belongs into a function


@dataclass(frozen=True, slots=True)
class Parsed:
    """A formula as Python reads it: `f(x, y) = tree`, name and parameters where they are given."""

    name: str | None
    parameters: tuple[str, ...]
    tree: ast.expr
    rewritten: Rewritten
    notes: tuple[str, ...]

    def span(self, node: ast.expr) -> tuple[int, int]:
        """The place of a node in the text that the person wrote."""
        end = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return self.rewritten.span(node.col_offset, end)


def parse(source: str, variables: Collection[str] = ()) -> Parsed:
    """Read a formula; `variables` are names known to be numbers, even where a function has the same name."""
    if len(source) > LONGEST:
        message = f"the formula has {len(source):,} characters, more than {LONGEST:,}"
        raise complaint(
            message, source, (LONGEST, LONGEST + 1), "name inner parts with `let`, or write a Python function"
        )
    tokens, notes = tokenize(source)
    left, right = _split(tokens, source)
    name, parameters = _left_side(left, source)
    rewritten = Rewriter(right, source, frozenset((*variables, *parameters))).run()
    tree = _parse_python(rewritten, source)
    return Parsed(name, parameters, tree, rewritten, (*notes, *rewritten.notes))


def left_side(source: str) -> tuple[str | None, tuple[str, ...]]:
    """The name and the parameters left of `=`, without reading the formula itself."""
    tokens, _ = tokenize(source)
    return _left_side(_split(tokens, source)[0], source)


def read_name(text: str) -> str:
    """A variable's name given by itself, in the spelling that formulas get (`x₁` is `x1`)."""
    tokens, _ = tokenize(text)
    if [token.kind for token in tokens] != [Kind.NAME, Kind.END]:
        raise complaint("the name of a variable is needed", text, (0, len(text)), "names have letters, digits and `_`")
    return _check_name(tokens[0], text)


def _split(tokens: list[Token], source: str) -> tuple[list[Token], list[Token]]:
    """What stands left and right of the one `=` outside of brackets."""
    depth, places = 0, []
    for index, token in enumerate(tokens):
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if token.kind is Kind.EQUALS:
            if depth > 0:
                hint = "for a comparison write `==`; arguments are given by position"
                raise complaint("`=` inside brackets", source, (token.start, token.end), hint)
            places.append(index)
    if len(places) > 1:
        second = tokens[places[1]]
        raise complaint(
            "a second `=`",
            source,
            (second.start, second.end),
            "give one formula at a time; for a comparison write `==`",
        )
    return ([], tokens) if not places else (tokens[: places[0] + 1], tokens[places[0] + 1 :])


def _left_side(tokens: list[Token], source: str) -> tuple[str | None, tuple[str, ...]]:
    """The name in `name =` and the parameters in `name(x, y) =`."""
    match [token.kind for token in tokens]:
        case []:
            return None, ()
        case [Kind.NAME, Kind.EQUALS]:
            return _check_name(tokens[0], source), ()
        case [Kind.NAME, Kind.OPEN, *_, Kind.CLOSE, Kind.EQUALS] if _is_name_list(tokens[2:-2]):
            parameters = tuple(_check_name(token, source) for token in tokens[2:-2:2])
            if len(set(parameters)) < len(parameters):
                raise complaint("a parameter is named twice", source, (tokens[0].start, tokens[-2].end))
            return _check_name(tokens[0], source), parameters
    if len(tokens) == 1:
        raise complaint("nothing stands before `=`", source, (tokens[0].start, tokens[0].end), "write `name = formula`")
    span = (tokens[0].start, tokens[-2].end)
    hint = "write `y = formula`, `f(x) = formula`, or the formula alone; for a comparison write `==`"
    raise complaint("left of `=` stands the name of the formula, and nothing else", source, span, hint)


def _is_name_list(tokens: list[Token]) -> bool:
    wanted = (Kind.NAME, Kind.COMMA)
    return len(tokens) % 2 == 1 and all(token.kind is wanted[index % 2] for index, token in enumerate(tokens))


def _check_name(token: Token, source: str) -> str:
    why = refused_name(token.text)
    if why:
        raise complaint(f"`{token.text}` cannot be the name of a variable", source, (token.start, token.end), why)
    return token.text


def refused_name(name: str) -> str | None:
    """Why this name cannot be a variable's, or None where it can."""
    if "." in name:
        return "a name has no dots"
    if name in PREFIXES or name == "scipy":
        return "it stands for a module in formulas such as `np.sin(x)`"
    if name in ("True", "False"):
        return "it is a condition"
    word = find_word(name)
    if word is not None and word.forms[0][1] in (f"np.{name}(x)", f"special.{name}(x)") and len(name) > 2:
        return f"it is the function `{name}(x)`"
    return None


def _parse_python(rewritten: Rewritten, source: str) -> ast.expr:
    try:
        return ast.parse(rewritten.text, mode="eval").body
    except (MemoryError, RecursionError):  # how Python's parser says that its stack is full
        message, hint = (
            "this formula nests too deep, or is one chain of thousands of operators",
            "name inner parts with `let`",
        )
        raise complaint(message, source, (0, len(source)), hint) from None
    except SyntaxError as error:
        raise _unread(error, rewritten, source) from None


def _unread(error: SyntaxError, rewritten: Rewritten, source: str) -> FormulaError:
    """What the token rules let pass and Python refuses: `not` in the middle, an odd mix of `if` and `else`."""
    column = len(rewritten.text[: max(0, (error.offset or 1) - 1)].encode())
    return complaint(
        "this cannot be read", source, rewritten.span(column, column + 1), "use brackets to say what belongs together"
    )
